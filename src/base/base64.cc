#include "base/base64.h"

#include <array>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

// What has been read and written so far.
struct Progress {
  const std::byte* in;
  char* out;
};

#if defined(__x86_64__)

// Twelve bytes in each half of a vector become sixteen characters. After Wojciech Mula and Daniel
// Lemire, "Faster Base64 Encoding and Decoding using AVX2 Instructions" (2018).
__attribute__((target("avx2"))) inline __m256i digits_avx2(__m256i bytes) noexcept {
  const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 1, 0,
                                          2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  bytes = _mm256_shuffle_epi8(bytes, spread);
  const __m256i high = _mm256_mulhi_epu16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x0fc0fc00)),
                                          _mm256_set1_epi32(0x04000040));
  const __m256i low = _mm256_mullo_epi16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x003f03f0)),
                                         _mm256_set1_epi32(0x01000010));
  const __m256i values = _mm256_or_si256(high, low);
  // What to add to a value: by itself above 51, else by whether it is below 26.
  const __m256i offsets =
      _mm256_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                       '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0,
                       'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                       '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
  const __m256i above = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
  const __m256i is_capital = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
  const __m256i kind = _mm256_or_si256(above, _mm256_and_si256(is_capital, _mm256_set1_epi8(13)));
  // NOLINTNEXTLINE(portability-simd-intrinsics): one of many, all of them for one processor
  return _mm256_add_epi8(values, _mm256_shuffle_epi8(offsets, kind));
}

// As far as whole vectors can be read.
__attribute__((target("avx2"))) Progress encode_avx2(Progress at, std::size_t size) noexcept {
  const auto* in = reinterpret_cast<const char*>(at.in);
  char* out = at.out;
  const auto load = [](const char* from) __attribute__((target("avx2"))) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  for (; size >= 28; size -= 24, in += 24, out += 32) {
    const __m256i bytes = _mm256_set_m128i(load(in + 12), load(in));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), digits_avx2(bytes));
  }
  for (; size >= 16; size -= 12, in += 12, out += 16) {
    const __m256i digits = digits_avx2(_mm256_castsi128_si256(load(in)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(digits));
  }
  return {reinterpret_cast<const std::byte*>(in), out};
}

bool has_vectors() {
  return __builtin_cpu_supports("avx2") != 0;
}
Progress encode_vectors(Progress at, std::size_t size) noexcept {
  static const bool has = has_vectors();
  return has ? encode_avx2(at, size) : at;
}

#else

Progress encode_vectors(Progress at, std::size_t) noexcept {
  return at;
}

#endif

}  // namespace

char* base64_encode_to(char* text, ByteView bytes) noexcept {
  auto [in, out] = encode_vectors({bytes.data(), text}, bytes.size());
  auto left = static_cast<std::size_t>(bytes.data() + bytes.size() - in);
  for (; left >= 3; left -= 3, in += 3, out += 4) {
    const std::uint32_t bits = octet(in[0]) << 16 | octet(in[1]) << 8 | octet(in[2]);
    std::memcpy(out, kPairs[bits >> 12].data(), 2);
    std::memcpy(out + 2, kPairs[bits & 0xFFF].data(), 2);
  }
  if (left == 0) return out;
  const std::uint32_t bits = octet(in[0]) << 16 | (left == 2 ? octet(in[1]) << 8 : 0);
  std::memcpy(out, kPairs[bits >> 12].data(), 2);
  out[2] = left == 2 ? kAlphabet[(bits >> 6) & 63] : '=';
  out[3] = '=';
  return out + 4;
}

void base64_append(std::string& text, ByteView bytes) {
  const std::size_t start = text.size();
  text.resize(start + base64_size(bytes.size()));
  static_cast<void>(base64_encode_to(text.data() + start, bytes));
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
