#include "base/siphash.h"

#include <gtest/gtest.h>

#include <set>

namespace datawal::siphash_test {
namespace {

SipHashKey counting_key() {
  SipHashKey key{};
  for (std::size_t index = 0; index < key.size(); ++index)
    key[index] = static_cast<std::byte>(index);
  return key;
}

Bytes counting_bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t index = 0; index < size; ++index) bytes[index] = static_cast<std::byte>(index);
  return bytes;
}

struct Vector {
  std::size_t size;
  std::array<std::uint8_t, 16> output;
};

// Of the authors' reference vectors for SipHash-2-4 with 128 bits: key 00..0f, input 00, 01, 02,
// ...
constexpr Vector kVectors[] = {
    {0,
     {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02,
      0x93}},
    {1,
     {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc,
      0x45}},
    {7,
     {0xa1, 0xf1, 0xeb, 0xbe, 0xd8, 0xdb, 0xc1, 0x53, 0xc0, 0xb8, 0x4a, 0xa6, 0x1f, 0xf0, 0x82,
      0x39}},
    {8,
     {0x3b, 0x62, 0xa9, 0xba, 0x62, 0x58, 0xf5, 0x61, 0x0f, 0x83, 0xe2, 0x64, 0xf3, 0x14, 0x97,
      0xb4}},
    {15,
     {0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11, 0x7e, 0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3,
      0xd9}},
    {16,
     {0x6e, 0xe2, 0xa4, 0xca, 0x67, 0xb0, 0x54, 0xbb, 0xfd, 0x33, 0x15, 0xbf, 0x85, 0x23, 0x05,
      0x77}},
    {63,
     {0x51, 0x50, 0xd1, 0x77, 0x2f, 0x50, 0x83, 0x4a, 0x50, 0x3e, 0x06, 0x9a, 0x97, 0x3f, 0xbd,
      0x7c}},
};

TEST(SipHash, AgreesWithThePublishedVectors) {
  for (const Vector& vector : kVectors) {
    const SipHash128 hash = siphash128<2, 4>(counting_key(), counting_bytes(vector.size));
    std::array<std::byte, 16> output{};
    store_le(output.data(), hash.low);
    store_le(output.data() + 8, hash.high);
    for (std::size_t index = 0; index < output.size(); ++index) {
      EXPECT_EQ(std::to_integer<int>(output[index]), vector.output[index])
          << "size " << vector.size << ", byte " << index;
    }
  }
}

TEST(SipHash, EveryInputAndKeyHasItsOwnOutput) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> outputs;
  std::size_t count = 0;
  for (std::size_t size = 0; size < 200; ++size) {
    for (int key_byte = 0; key_byte < 8; ++key_byte) {
      SipHashKey key = counting_key();
      key[static_cast<std::size_t>(key_byte) * 2] ^= std::byte{1};
      const SipHash128 hash = siphash128<1, 3>(key, Bytes(size));
      outputs.insert({hash.low, hash.high});
      ++count;
    }
  }
  EXPECT_EQ(outputs.size(), count);
}

}  // namespace
}  // namespace datawal::siphash_test
