#include "segment/decode_error.h"

#include <array>
#include <charconv>
#include <utility>

namespace datawal {
namespace {

std::string hex(std::uint32_t value) {
  std::array<char, 8> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  const std::string text(digits.data(), result.ptr);
  return std::string(digits.size() - text.size(), '0') + text;
}

ErrorCode structural_code(StructuralField field) {
  switch (field) {
    case StructuralField::kVersion:
    case StructuralField::kRecordType:
    case StructuralField::kFlags:
      return ErrorCode::kUnsupportedVersion;
    case StructuralField::kMagic:
    case StructuralField::kKeySize:
    case StructuralField::kPayloadSize:
      return ErrorCode::kStructural;
  }
  std::unreachable();
}

}  // namespace

ErrorCode decode_error_code(const DecodeOutcome& outcome) {
  if (const auto* structural = std::get_if<StructuralError>(&outcome)) {
    return structural_code(structural->field);
  }
  return std::holds_alternative<CrcMismatch>(outcome) ? ErrorCode::kCrcMismatch
                                                      : ErrorCode::kTruncated;
}

std::string decode_error_text(const DecodeOutcome& outcome) {
  if (const auto* structural = std::get_if<StructuralError>(&outcome)) {
    return structural->to_string();
  }
  if (const auto* mismatch = std::get_if<CrcMismatch>(&outcome)) {
    return "CRC mismatch over " + std::to_string(mismatch->size) + " bytes, stored " +
           hex(mismatch->stored) + ", computed " + hex(mismatch->computed);
  }
  if (const auto* truncated = std::get_if<Truncated>(&outcome)) {
    return "truncated record, " + std::to_string(truncated->available) + " bytes of " +
           std::to_string(truncated->needed) + " are there";
  }
  return "a valid record";
}

}  // namespace datawal
