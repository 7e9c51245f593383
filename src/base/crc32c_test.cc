#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <random>

#include "datawal/frame.h"

namespace datawal::crc32c_test {
namespace {

TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c({}), 0U);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_NE(crc32c(as_bytes("123456789")), 0xCBF43926U) << "that is the IEEE polynomial";
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0})), 0x8A9136AAU);
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0xFF})), 0x62A8AB43U);
}

Bytes random_bytes(std::size_t size) {
  std::mt19937_64 random(20240717);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(Crc32c, EveryImplementationAgreesAtEveryLengthAndAlignment) {
  const Bytes bytes = random_bytes(1'100);
  const std::vector<Crc32cImplementation> all = crc32c_implementations();
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t size = 0; size + start <= bytes.size(); ++size) {
      const std::uint32_t expected = all.front().extend(7, bytes.data() + start, size);
      for (const Crc32cImplementation& one : all) {
        ASSERT_EQ(one.extend(7, bytes.data() + start, size), expected)
            << one.name << " start " << start << " size " << size;
      }
    }
  }
}

TEST(Crc32c, OfFourBlocksIsThatOfEach) {
  const Bytes bytes = random_bytes(1'100);
  const ByteView view = bytes;
  for (const std::size_t other : {0U, 5U, 40U, 255U, 300U, 511U, 512U, 600U}) {
    for (std::size_t size = 0; size < 300; ++size) {
      const FourBlocks blocks = {view.first(size), view.subspan(1, other), view.subspan(300, size),
                                 view.subspan(7, 143)};
      const FourCrcs expected = {crc32c(blocks[0]), crc32c(blocks[1]), crc32c(blocks[2]),
                                 crc32c(blocks[3])};
      ASSERT_EQ(crc32c_four(blocks), expected) << size << " and " << other;
      for (const Crc32cImplementation& one : crc32c_implementations()) {
        ASSERT_EQ(one.four(blocks), expected) << one.name;
      }
    }
  }
}

TEST(Crc32c, ContinuesAtEverySplit) {
  const Bytes bytes = random_bytes(600);
  const ByteView view = bytes;
  for (std::size_t split = 0; split <= view.size(); ++split) {
    ASSERT_EQ(crc32c(view.subspan(split), crc32c(view.first(split))), crc32c(view)) << split;
  }
}

TEST(Crc32c, LongInputAgrees) {
  const Bytes bytes = random_bytes(3 << 20);
  EXPECT_EQ(crc32c(bytes), crc32c_implementations().front().extend(0, bytes.data(), bytes.size()));
}

}  // namespace
}  // namespace datawal::crc32c_test
