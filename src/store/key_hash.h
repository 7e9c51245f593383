// The hash that a store finds its keys by: 64 bits, under a secret of 128 bits.
//
// A key of up to 64 bytes is taken as words of eight bytes; its hash is the upper half of
//
//   offset + size * m0 + word1 * m1 + word2 * m2 + ...   modulo 2^128,
//
// where the multipliers and the offset are drawn from the secret. That function is strongly
// universal: without the secret, the hashes of any two different keys are as two throws of dice,
// whoever chose the keys. So a hostile set of keys, chosen beforehand, collides as random keys do.
// What the proof leaves open is somebody who watches how long calls take, sees from that which of
// millions of keys collide, and solves for the multipliers. What such a one gains is that the keys
// share buckets, whereupon the index compares them one by one: slower, and still right. That is not
// worth the 9 ns that SipHash takes for a key of 16 bytes, nearly half of a look-up that finds
// nothing; this takes 5.
//
// A reversible mixing of the half destroys the linear structure, which the buckets of regular keys
// would follow otherwise, and keeps what is proven. Longer keys are brought down to 128 bits by
// SipHash-1-3 first.
//
// Thread safety: a KeyHashFunction does not change; any thread may use it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/endian.h"
#include "base/siphash.h"
#include "datawal/bytes.h"

namespace datawal {

// Stands for a key in the index. All bits are used alike.
enum class KeyHash : std::uint64_t {};

class KeyHashFunction {
 public:
  explicit KeyHashFunction(const SipHashKey& secret) noexcept;

  [[nodiscard]] KeyHash operator()(ByteView key) const noexcept {
    const std::size_t size = key.size();
    if (size > kShortSizeMax) return hash_of_long(key);
    Wide sum = offset_ + multiplier(0) * size;
    if (size == 16) {  // the size of most ids, without a loop
      sum += multiplier(1) * load_le<std::uint64_t>(key.data());
      sum += multiplier(2) * load_le<std::uint64_t>(key.data() + 8);
    } else if (size >= 8) {
      std::size_t word = 0;
      for (; (word + 1) * 8 < size; ++word) {
        sum += multiplier(word + 1) * load_le<std::uint64_t>(key.data() + word * 8);
      }
      sum += multiplier(word + 1) * load_le<std::uint64_t>(key.data() + size - 8);
    } else {
      sum += multiplier(1) * word_below_eight(key);
    }
    return mixed(sum);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr std::size_t kShortSizeMax = 64;

  [[nodiscard]] const Wide& multiplier(std::size_t index) const noexcept {
    return multipliers_[index];
  }

  // Of different keys of one size, different words: the loads overlap.
  [[nodiscard]] static std::uint64_t word_below_eight(ByteView key) noexcept {
    const std::size_t size = key.size();
    if (size >= 4) {
      return load_le<std::uint32_t>(key.data()) |
             std::uint64_t{load_le<std::uint32_t>(key.data() + size - 4)} << 32;
    }
    if (size == 0) return 0;
    return std::to_integer<std::uint64_t>(key[0]) |
           std::to_integer<std::uint64_t>(key[size / 2]) << 8 |
           std::to_integer<std::uint64_t>(key[size - 1]) << 16;
  }

  [[nodiscard]] static KeyHash mixed(Wide sum) noexcept {
    auto half = static_cast<std::uint64_t>(sum >> 64);
    half ^= half >> 32;
    half *= 0x9e37'79b9'7f4a'7c15;
    half ^= half >> 29;
    return KeyHash{half};
  }

  [[nodiscard]] KeyHash hash_of_long(ByteView key) const noexcept;

  Wide offset_ = 0;
  std::array<Wide, kShortSizeMax / 8 + 1> multipliers_ = {};  // of the size, then of the words
  SipHashKey long_key_secret_ = {};
};

}  // namespace datawal
