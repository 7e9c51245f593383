#include "format/names.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace datawal {
namespace {

constexpr std::size_t kDigitCount = 8;
constexpr std::string_view kExtension = ".dwal";
constexpr std::string_view kCompactedExtension = ".compact";
constexpr std::string_view kPreparedExtension = ".next";
constexpr std::string_view kHintExtension = ".hint";
constexpr std::string_view kQuarantineExtension = ".quarantine";

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

bool is_segment_name_with(std::string_view extension, std::string_view name) {
  if (!name.ends_with(extension)) return false;
  return parse_segment_name(name.substr(0, name.size() - extension.size())).has_value();
}

}  // namespace

std::string segment_name(SegmentId id) {
  std::string digits = std::to_string(std::to_underlying(id));
  if (digits.size() < kDigitCount) digits.insert(0, kDigitCount - digits.size(), '0');
  return digits.append(kExtension);
}

std::optional<SegmentId> parse_segment_name(std::string_view name) {
  if (name.size() != kDigitCount + kExtension.size() || !name.ends_with(kExtension)) return {};
  const std::string_view digits = name.substr(0, kDigitCount);
  if (!std::ranges::all_of(digits, is_digit)) return {};
  std::uint32_t id = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return SegmentId{id};
}

std::string quarantine_name(SegmentId id, std::uint64_t offset, unsigned number) {
  std::string name = segment_name(id) + "." + std::to_string(offset);
  if (number > 1) name += "." + std::to_string(number);
  return name.append(kQuarantineExtension);
}

bool is_quarantine_name(std::string_view name) {
  return name.ends_with(kQuarantineExtension);
}

std::string compacted_name(SegmentId id) {
  return segment_name(id).append(kCompactedExtension);
}

bool is_compacted_name(std::string_view name) {
  return is_segment_name_with(kCompactedExtension, name);
}

std::string prepared_name(SegmentId id) {
  return segment_name(id).append(kPreparedExtension);
}

bool is_prepared_name(std::string_view name) {
  return is_segment_name_with(kPreparedExtension, name);
}

std::string hint_name(SegmentId id) {
  return segment_name(id).append(kHintExtension);
}

std::optional<SegmentId> parse_hint_name(std::string_view name) {
  if (!name.ends_with(kHintExtension)) return std::nullopt;
  return parse_segment_name(name.substr(0, name.size() - kHintExtension.size()));
}

std::string replacement_name(SegmentId id) {
  return segment_name(id) + ".repair";
}

}  // namespace datawal
