#include "base/crc32c_combine.h"

#include <gtest/gtest.h>

#include <random>

#include "datawal/frame.h"

namespace datawal::crc32c_combine_test {
namespace {

constexpr std::uint32_t kSeed = 20240611;

Bytes random_bytes(std::size_t size) {
  std::mt19937 random(kSeed);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(Crc32cCombine, EveryCutOfAStringGivesTheChecksumOfTheWhole) {
  const Bytes bytes = random_bytes(700);
  const ByteView all = bytes;
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    const std::uint32_t front = crc32c(all.first(cut));
    const std::uint32_t back = crc32c(all.subspan(cut));
    EXPECT_EQ(crc32c_combine(front, back, all.size() - cut), crc32c(all)) << cut;
    EXPECT_EQ(crc32c_combine(front, crc32c(all), all.size() - cut), back) << cut;
  }
}

TEST(Crc32cCombine, SizesOfSeveralDigitsAreExact) {
  const Bytes zeros((std::size_t{1} << 24) + 65'793, std::byte{0});
  const std::uint32_t front = crc32c(as_bytes("123456789"));
  for (const std::size_t size : {std::size_t{255}, std::size_t{256}, std::size_t{65'535},
                                 std::size_t{65'536}, std::size_t{0x123456}, zeros.size()}) {
    const ByteView back = ByteView(zeros).first(size);
    EXPECT_EQ(crc32c_combine(front, crc32c(back), size), crc32c(back, front)) << size;
  }
}

TEST(Crc32cCombine, HugeSizesComposeOfSmallerOnes) {
  const std::uint32_t front = crc32c(as_bytes("front"));
  const std::uint64_t quarter = (std::uint64_t{1} << 62) + 12'345;
  std::uint32_t in_steps = front;
  for (int step = 0; step < 3; ++step) in_steps = crc32c_combine(in_steps, 0, quarter);
  EXPECT_EQ(crc32c_combine(front, 0, 3 * quarter), in_steps);
}

}  // namespace
}  // namespace datawal::crc32c_combine_test
