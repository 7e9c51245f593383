// SipHash with 128 bits of output (Aumasson and Bernstein): a keyed hash that nobody can steer
// without the key. SipHash-1-3 is the variant that Rust, Python and Ruby index their tables by; 2-4
// is the one with published vectors.
//
// Own code, because indexing is what this library is for and the hash is half of a look-up that
// finds nothing: inlined, its second half overlaps with the cache miss that the first one causes.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/endian.h"
#include "datawal/bytes.h"

namespace datawal {

using SipHashKey = std::array<std::byte, 16>;

struct SipHash128 {
  std::uint64_t low = 0;   // the first eight bytes of the output, little-endian
  std::uint64_t high = 0;  // the last eight
};

namespace siphash_detail {

struct State {
  std::uint64_t v0, v1, v2, v3;

  constexpr void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  template <int kRounds>
  constexpr void rounds() noexcept {
    for (int index = 0; index < kRounds; ++index) round();
  }

  template <int kRounds>
  constexpr void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    rounds<kRounds>();
    v0 ^= word;
  }

  [[nodiscard]] constexpr std::uint64_t digest() const noexcept { return v0 ^ v1 ^ v2 ^ v3; }
};

// The bytes behind the last whole word, and the size in the top byte.
[[nodiscard]] inline std::uint64_t last_word(ByteView bytes) noexcept {
  std::uint64_t word = std::uint64_t{bytes.size()} << 56;
  const ByteView rest = bytes.last(bytes.size() % 8);
  for (std::size_t index = 0; index < rest.size(); ++index) {
    word |= std::to_integer<std::uint64_t>(rest[index]) << (8 * index);
  }
  return word;
}

}  // namespace siphash_detail

template <int kWordRounds, int kFinalRounds>
[[nodiscard]] inline SipHash128 siphash128(const SipHashKey& key, ByteView bytes) noexcept {
  const auto k0 = load_le<std::uint64_t>(key.data());
  const auto k1 = load_le<std::uint64_t>(key.data() + 8);
  siphash_detail::State state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee,
                              k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    state.absorb<kWordRounds>(load_le<std::uint64_t>(bytes.data() + at));
  }
  state.absorb<kWordRounds>(siphash_detail::last_word(bytes));
  state.v2 ^= 0xee;
  state.rounds<kFinalRounds>();
  const std::uint64_t low = state.digest();
  state.v1 ^= 0xdd;
  state.rounds<kFinalRounds>();
  return {low, state.digest()};
}

}  // namespace datawal
