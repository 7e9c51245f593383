#include "base/base64.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace datawal {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kInvalid = 0xFF;

// Two characters for twelve bits: half the look-ups of one at a time.
constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (std::size_t bits = 0; bits < pairs.size(); ++bits) {
    pairs[bits] = {kAlphabet[bits >> 6], kAlphabet[bits & 63]};
  }
  return pairs;
}();

constexpr auto kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kInvalid);
  for (std::size_t index = 0; index < kAlphabet.size(); ++index) {
    values[static_cast<unsigned char>(kAlphabet[index])] = static_cast<std::uint8_t>(index);
  }
  return values;
}();

std::uint32_t octet(std::byte byte) {
  return std::to_integer<std::uint32_t>(byte);
}

// The three bytes of four characters in the low 24 bits, or a value above them if a character is
// invalid.
std::uint32_t decode_quad(const char* text) {
  std::uint32_t bits = 0;
  std::uint32_t invalid = 0;
  for (int index = 0; index < 4; ++index) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(text[index])];
    invalid |= value & 0xC0U;
    bits = (bits << 6) | (value & 0x3FU);
  }
  return bits | (invalid << 24);
}

}  // namespace

void base64_append(std::string& text, ByteView bytes) {
  const std::size_t start = text.size();
  text.resize(start + (bytes.size() + 2) / 3 * 4);
  char* out = text.data() + start;
  const std::byte* in = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3, out += 4) {
    const std::uint32_t bits = octet(in[0]) << 16 | octet(in[1]) << 8 | octet(in[2]);
    std::memcpy(out, kPairs[bits >> 12].data(), 2);
    std::memcpy(out + 2, kPairs[bits & 0xFFF].data(), 2);
  }
  if (left == 0) return;
  const std::uint32_t bits = octet(in[0]) << 16 | (left == 2 ? octet(in[1]) << 8 : 0);
  std::memcpy(out, kPairs[bits >> 12].data(), 2);
  out[2] = left == 2 ? kAlphabet[(bits >> 6) & 63] : '=';
  out[3] = '=';
}

std::string base64_encode(ByteView bytes) {
  std::string text;
  base64_append(text, bytes);
  return text;
}

std::optional<Bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  Bytes bytes(text.size() / 4 * 3 - padding);
  std::byte* out = bytes.data();
  std::size_t at = 0;
  for (; at + 4 <= text.size() - (padding > 0 ? 4 : 0); at += 4, out += 3) {
    const std::uint32_t bits = decode_quad(text.data() + at);
    if ((bits >> 24) != 0) return std::nullopt;
    out[0] = static_cast<std::byte>(bits >> 16);
    out[1] = static_cast<std::byte>(bits >> 8);
    out[2] = static_cast<std::byte>(bits);
  }
  if (padding == 0) return bytes;
  std::array<char, 4> last = {text[at], text[at + 1], 'A', 'A'};
  if (padding == 1) last[2] = text[at + 2];
  const std::uint32_t bits = decode_quad(last.data());
  const std::uint32_t unused = padding == 2 ? bits & 0xFFFFU : bits & 0xFFU;
  if ((bits >> 24) != 0 || unused != 0) return std::nullopt;
  out[0] = static_cast<std::byte>(bits >> 16);
  if (padding == 1) out[1] = static_cast<std::byte>(bits >> 8);
  return bytes;
}

}  // namespace datawal
