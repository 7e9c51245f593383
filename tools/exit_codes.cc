#include "tools/exit_codes.h"

#include <utility>

namespace datawal::cli {
namespace {

// The order of gravity; a negative answer outweighs a torn tail, for it is what was asked.
int gravity(ExitCode code) noexcept {
  switch (code) {
    case ExitCode::kSuccess:
      return 0;
    case ExitCode::kTailDamage:
      return 1;
    case ExitCode::kNegative:
      return 2;
    case ExitCode::kUsage:
      return 3;
    case ExitCode::kLocked:
      return 4;
    case ExitCode::kUnsupportedFormat:
      return 5;
    case ExitCode::kCorruption:
      return 6;
    case ExitCode::kEnvironment:
      return 7;
  }
  std::unreachable();
}

}  // namespace

ExitCode exit_code_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kGap:
      return ExitCode::kNegative;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kTooLarge:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kNotEmpty:
    case ErrorCode::kParse:
      return ExitCode::kUsage;
    case ErrorCode::kShortRead:
    case ErrorCode::kTruncated:
    case ErrorCode::kCrcMismatch:
    case ErrorCode::kStructural:
    case ErrorCode::kLengthMismatch:
    case ErrorCode::kNotAPut:
    case ErrorCode::kKeyMismatch:
    case ErrorCode::kCorruption:
      return ExitCode::kCorruption;
    case ErrorCode::kLocked:
      return ExitCode::kLocked;
    case ErrorCode::kNotFound:
    case ErrorCode::kReadOnly:
    case ErrorCode::kClosed:
    case ErrorCode::kPoisoned:
    case ErrorCode::kNoSpace:
    case ErrorCode::kIo:
    case ErrorCode::kNotRegularFile:
    case ErrorCode::kExhausted:
      return ExitCode::kEnvironment;
    case ErrorCode::kUnsupportedVersion:
      return ExitCode::kUnsupportedFormat;
  }
  std::unreachable();
}

ExitCode graver(ExitCode one, ExitCode other) noexcept {
  return gravity(one) < gravity(other) ? other : one;
}

}  // namespace datawal::cli
