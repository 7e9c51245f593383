#include "datawal/error.h"

#include <utility>

namespace datawal {

std::string_view error_code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "InvalidArgument";
    case ErrorCode::kTooLarge:
      return "TooLarge";
    case ErrorCode::kNotFound:
      return "NotFound";
    case ErrorCode::kAlreadyExists:
      return "AlreadyExists";
    case ErrorCode::kNotEmpty:
      return "NotEmpty";
    case ErrorCode::kLocked:
      return "Locked";
    case ErrorCode::kReadOnly:
      return "ReadOnly";
    case ErrorCode::kClosed:
      return "Closed";
    case ErrorCode::kPoisoned:
      return "Poisoned";
    case ErrorCode::kNoSpace:
      return "NoSpace";
    case ErrorCode::kIo:
      return "Io";
    case ErrorCode::kNotRegularFile:
      return "NotRegularFile";
    case ErrorCode::kShortRead:
      return "ShortRead";
    case ErrorCode::kTruncated:
      return "Truncated";
    case ErrorCode::kCrcMismatch:
      return "CrcMismatch";
    case ErrorCode::kStructural:
      return "Structural";
    case ErrorCode::kUnsupportedVersion:
      return "UnsupportedVersion";
    case ErrorCode::kLengthMismatch:
      return "LengthMismatch";
    case ErrorCode::kNotAPut:
      return "NotAPut";
    case ErrorCode::kKeyMismatch:
      return "KeyMismatch";
    case ErrorCode::kCorruption:
      return "Corruption";
    case ErrorCode::kGap:
      return "Gap";
    case ErrorCode::kExhausted:
      return "Exhausted";
    case ErrorCode::kParse:
      return "Parse";
  }
  std::unreachable();
}

std::string Error::to_string() const {
  std::string place;
  const auto add = [&place](std::string_view label, std::string_view value) {
    if (!place.empty()) place += ", ";
    place.append(label).append(value);
  };
  if (!path.empty()) add("", path);
  if (segment) add("segment ", std::to_string(std::to_underlying(*segment)));
  if (offset) add("offset ", std::to_string(*offset));
  return place.empty() ? message : message + " (" + place + ")";
}

}  // namespace datawal
