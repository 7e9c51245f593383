#include "compare/jsonl.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace datawal::bench {
namespace {

constexpr std::size_t kFlushSize = 1 << 20;
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

using Pair = std::array<char, 2>;

// Two digits for each 12 bits.
constexpr std::array<Pair, 4096> make_pairs() {
  std::array<Pair, 4096> pairs{};
  for (std::size_t bits = 0; bits < pairs.size(); ++bits) {
    pairs[bits] = {kDigits[bits >> 6U], kDigits[bits & 63U]};
  }
  return pairs;
}

constexpr std::array<Pair, 4096> kPairs = make_pairs();

std::uint32_t group_at(ByteView bytes, std::size_t index) {
  return (std::to_integer<std::uint32_t>(bytes[index]) << 16U) |
         (std::to_integer<std::uint32_t>(bytes[index + 1]) << 8U) |
         std::to_integer<std::uint32_t>(bytes[index + 2]);
}

char* store_group(char* target, std::uint32_t group) {
  const Pair high = kPairs[group >> 12U];
  const Pair low = kPairs[group & 4095U];
  target[0] = high[0];
  target[1] = high[1];
  target[2] = low[0];
  target[3] = low[1];
  return target + 4;
}

void append_base64(std::string& text, ByteView bytes) {
  const std::size_t old_size = text.size();
  text.resize(old_size + (bytes.size() + 2) / 3 * 4);
  char* target = text.data() + old_size;
  const std::size_t rest = bytes.size() % 3;
  const std::size_t whole = bytes.size() - rest;
  for (std::size_t index = 0; index < whole; index += 3) {
    target = store_group(target, group_at(bytes, index));
  }
  if (rest == 0) return;
  std::array<std::byte, 3> last{};
  for (std::size_t index = 0; index < rest; ++index) last[index] = bytes[whole + index];
  target = store_group(target, group_at(last, 0));
  target[-1] = '=';
  if (rest == 1) target[-2] = '=';
}

}  // namespace

JsonlWriter::JsonlWriter(const std::filesystem::path& file)
    : descriptor_(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) throw std::runtime_error("cannot make " + file.string());
}

JsonlWriter::~JsonlWriter() {
  close(descriptor_);
}

void JsonlWriter::add(ByteView key, ByteView value) {
  buffer_ += "{\"key_b64\":\"";
  append_base64(buffer_, key);
  buffer_ += "\",\"value_b64\":\"";
  append_base64(buffer_, value);
  buffer_ += "\"}\n";
  if (buffer_.size() >= kFlushSize) flush();
}

void JsonlWriter::finish() {
  flush();
  if (fsync(descriptor_) != 0) throw std::runtime_error("cannot sync an export");
}

void JsonlWriter::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t count = write(descriptor_, left.data(), left.size());
    if (count < 0) throw std::runtime_error("cannot write an export");
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  buffer_.clear();
}

}  // namespace datawal::bench
