#include "store/key_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <unordered_set>
#include <vector>

namespace datawal::key_hash_test {
namespace {

SipHashKey secret_of(std::uint8_t seed) {
  SipHashKey secret{};
  secret.fill(std::byte{seed});
  return secret;
}

std::uint64_t number_of(KeyHash hash) {
  return static_cast<std::uint64_t>(hash);
}

TEST(KeyHash, DependsOnEveryByteAndTheSize) {
  const KeyHashFunction hash(secret_of(1));
  std::unordered_set<std::uint64_t> seen;
  std::size_t count = 0;
  for (std::size_t size = 0; size <= 140; ++size) {
    Bytes key(size);
    seen.insert(number_of(hash(key)));
    ++count;
    for (std::size_t index = 0; index < size; ++index) {
      for (const std::byte bit : {std::byte{1}, std::byte{0x80}}) {
        key[index] ^= bit;
        seen.insert(number_of(hash(key)));
        ++count;
        key[index] ^= bit;
      }
    }
  }
  EXPECT_EQ(seen.size(), count);
}

TEST(KeyHash, IsTheSameForTheSameSecretAndKeyOnly) {
  const KeyHashFunction hash(secret_of(1));
  for (const std::size_t size : {0U, 3U, 7U, 8U, 16U, 64U, 65U, 300U}) {
    const Bytes key(size, std::byte{0x5a});
    EXPECT_EQ(hash(key), KeyHashFunction(secret_of(1))(key));
    EXPECT_NE(hash(key), KeyHashFunction(secret_of(2))(key));
  }
}

// Of keys that count up, as many people's do, each bit of the hash is set in half, and the low and
// high bits fill their range as thrown dice would.
TEST(KeyHash, SpreadsCountingKeys) {
  constexpr std::uint64_t kKeys = 1 << 16;
  for (std::uint8_t seed = 0; seed < 4; ++seed) {
    const KeyHashFunction hash(secret_of(seed));
    std::vector<std::uint64_t> bit_counts(64);
    std::vector<std::uint32_t> low(kKeys);
    std::vector<std::uint32_t> high(kKeys);
    for (std::uint64_t index = 0; index < kKeys; ++index) {
      std::array<std::byte, 16> key{};
      store_le(key.data(), index);
      const std::uint64_t number = number_of(hash(key));
      for (unsigned bit = 0; bit < 64; ++bit) bit_counts[bit] += number >> bit & 1;
      ++low[number % kKeys];
      ++high[number >> 48];
    }
    for (const std::uint64_t bit_count : bit_counts) {
      EXPECT_NEAR(static_cast<double>(bit_count), kKeys / 2.0, 5 * 128.0);
    }
    // Dice leave 1/e of the places empty, give or take 0.2 %.
    EXPECT_NEAR(static_cast<double>(std::ranges::count(low, 0U)), kKeys * 0.368, kKeys * 0.03);
    EXPECT_NEAR(static_cast<double>(std::ranges::count(high, 0U)), kKeys * 0.368, kKeys * 0.03);
  }
}

}  // namespace
}  // namespace datawal::key_hash_test
