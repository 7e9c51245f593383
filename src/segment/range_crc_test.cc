#include "segment/range_crc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "datawal/frame.h"
#include "support/segment_builder.h"

namespace datawal::range_crc_test {
namespace {

using test::MemoryFile;

constexpr std::uint32_t kSeed = 71;

Bytes random_bytes(std::size_t size, std::mt19937& random) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(RangeCrc, EveryRangeIsAsIfReadAtOnce) {
  std::mt19937 random(kSeed);
  const Bytes bytes = random_bytes(40'000, random);
  const MemoryFile file(bytes);
  RangeCrc range_crc(file, bytes.size());
  for (int round = 0; round < 5'000; ++round) {
    std::size_t begin = random() % (bytes.size() + 1);
    std::size_t end = random() % (bytes.size() + 1);
    if (begin > end) std::swap(begin, end);
    const auto crc = range_crc.of(begin, end);
    ASSERT_TRUE(crc && *crc);
    ASSERT_EQ(**crc, crc32c(ByteView(bytes).subspan(begin, end - begin))) << begin << ' ' << end;
  }
}

TEST(RangeCrc, RangesThatMoveForwardAreExactAndTheFileIsReadOnce) {
  std::mt19937 random(kSeed);
  const Bytes bytes = random_bytes(3'000'000, random);
  const MemoryFile file(bytes);
  RangeCrc range_crc(file, bytes.size());
  std::size_t count = 0;
  for (std::size_t begin = 0; begin + 90'000 < bytes.size(); begin += random() % 20'000) {
    range_crc.forget_before(begin);
    const std::size_t size = random() % 90'000;
    const auto crc = range_crc.of(begin, begin + size);
    ASSERT_TRUE(crc && *crc);
    ASSERT_EQ(**crc, crc32c(ByteView(bytes).subspan(begin, size))) << begin << ' ' << size;
    ++count;
  }
  EXPECT_LE(range_crc.bytes_read(), bytes.size() + 2 * RangeCrc::kStride * count);
  EXPECT_EQ(range_crc.bytes_read(), file.bytes_read());
}

TEST(RangeCrc, LongPausesBetweenRangesAreNotReadThrough) {
  std::mt19937 random(kSeed);
  const Bytes bytes = random_bytes(2'000'000, random);
  const MemoryFile file(bytes);
  RangeCrc range_crc(file, bytes.size());
  ASSERT_EQ(**range_crc.of(10, 20), crc32c(ByteView(bytes).subspan(10, 10)));
  range_crc.forget_before(1'900'000);
  ASSERT_EQ(**range_crc.of(1'900'001, 1'990'000),
            crc32c(ByteView(bytes).subspan(1'900'001, 89'999)));
  EXPECT_LT(file.bytes_read(), 500'000U);
}

TEST(RangeCrc, ARangeBehindTheEndOfTheFileHasNone) {
  std::mt19937 random(kSeed);
  MemoryFile file(random_bytes(5'000, random));
  RangeCrc range_crc(file, 10'000);
  ASSERT_TRUE(range_crc.of(0, 5'000)->has_value());
  EXPECT_FALSE(range_crc.of(0, 5'001)->has_value());
  EXPECT_FALSE(range_crc.of(0, 9'999)->has_value());
  file.bytes().resize(100);
  EXPECT_FALSE(range_crc.of(50, 5'000)->has_value());
}

}  // namespace
}  // namespace datawal::range_crc_test
