#include "compare/export_check.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace datawal::bench {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char digit(std::uint32_t group, unsigned shift) {
  return kAlphabet[(group >> shift) & 63U];
}

void append_base64(ByteView bytes, std::string& text) {
  const auto byte_at = [bytes](std::size_t index) {
    return index < bytes.size() ? std::to_integer<std::uint32_t>(bytes[index]) : 0U;
  };
  for (std::size_t index = 0; index < bytes.size(); index += 3) {
    const std::uint32_t group =
        (byte_at(index) << 16U) | (byte_at(index + 1) << 8U) | byte_at(index + 2);
    text += digit(group, 18);
    text += digit(group, 12);
    text += index + 1 < bytes.size() ? digit(group, 6) : '=';
    text += index + 2 < bytes.size() ? digit(group, 0) : '=';
  }
}

std::vector<std::uint32_t> in_key_order(const Dataset& dataset) {
  std::vector<Key> keys(dataset.count());
  std::vector<std::uint32_t> order(dataset.count());
  std::iota(order.begin(), order.end(), 0U);
  for (const std::uint32_t index : order) keys[index] = dataset.key(index);
  std::sort(order.begin(), order.end(),
            [&keys](std::uint32_t left, std::uint32_t right) { return keys[left] < keys[right]; });
  return order;
}

}  // namespace

void check_export(const std::filesystem::path& file, const Dataset& dataset,
                  Generation generation) {
  std::ifstream stream(file, std::ios::binary);
  std::string line;
  std::string expected;
  for (const std::uint32_t index : in_key_order(dataset)) {
    expected = "{\"key_b64\":\"";
    append_base64(dataset.key(index), expected);
    expected += "\",\"value_b64\":\"";
    append_base64(dataset.value(index, generation), expected);
    expected += "\"}";
    if (!std::getline(stream, line) || line != expected) {
      throw std::runtime_error("the export is wrong at entry " + std::to_string(index));
    }
  }
  if (std::getline(stream, line)) throw std::runtime_error("the export has too many lines");
}

}  // namespace datawal::bench
