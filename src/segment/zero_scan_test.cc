#include "segment/zero_scan.h"

#include <gtest/gtest.h>

#include "support/segment_builder.h"
#include "support/unreadable_filesystem.h"

namespace datawal::zero_scan_test {
namespace {

using test::MemoryFile;

constexpr std::size_t kForwardStep = std::size_t{256} << 10;
constexpr std::size_t kBackwardStep = std::size_t{64} << 10;

std::unique_ptr<File> broken_file() {
  return test::make_unreadable(std::make_unique<MemoryFile>(Bytes(100)),
                               {{.name = "", .begin = 0, .end = 100}});
}

TEST(ZeroFilled, NothingIsAllZeros) {
  const MemoryFile file(Bytes(10, std::byte{1}));
  EXPECT_TRUE(is_zero_filled(file, 10, 10).value());
}

TEST(ZeroFilled, FindsOneOtherByteAnywhere) {
  constexpr std::size_t kSize = kForwardStep + 100;
  MemoryFile file{Bytes(kSize)};
  EXPECT_TRUE(is_zero_filled(file, 0, kSize).value());
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, kForwardStep - 1, kForwardStep,
                               kForwardStep + 1, kSize - 1}) {
    file.bytes()[at] = std::byte{1};
    EXPECT_FALSE(is_zero_filled(file, 0, kSize).value()) << at;
    EXPECT_TRUE(is_zero_filled(file, at + 1, kSize).value()) << at;
    EXPECT_TRUE(is_zero_filled(file, 0, at).value()) << at;
    file.bytes()[at] = std::byte{0};
  }
}

TEST(ZeroFilled, EndsWithTheFile) {
  const MemoryFile file(Bytes(10));
  EXPECT_TRUE(is_zero_filled(file, 5, 1'000'000).value());
}

TEST(ZeroFilled, AFailureToReadIsAnError) {
  EXPECT_FALSE(is_zero_filled(*broken_file(), 0, 10));
}

TEST(DataEnd, IsBehindTheLastByteThatIsNotZero) {
  constexpr std::size_t kSize = 2 * kBackwardStep + 100;
  MemoryFile file{Bytes(kSize)};
  EXPECT_EQ(find_data_end(file, 0, kSize).value().offset, 0U);
  EXPECT_EQ(find_data_end(file, 7, kSize).value().offset, 7U);
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{99}, std::size_t{100},
                               kBackwardStep + 99, kBackwardStep + 100, kSize - 1}) {
    file.bytes()[at] = std::byte{1};
    EXPECT_EQ(find_data_end(file, 0, kSize).value().offset, at + 1);
    EXPECT_EQ(find_data_end(file, at, kSize).value().offset, at + 1);
    EXPECT_EQ(find_data_end(file, at + 1, kSize).value().offset, at + 1);
    EXPECT_EQ(find_data_end(file, 0, at).value().offset, 0U);
    file.bytes()[at] = std::byte{0};
  }
}

TEST(DataEnd, OfAFileThatIsShorterIsInTheFile) {
  MemoryFile file{Bytes(10)};
  file.bytes()[4] = std::byte{1};
  EXPECT_EQ(find_data_end(file, 0, 1'000'000).value().offset, 5U);
}

TEST(DataEnd, AFailureToReadIsAnError) {
  EXPECT_FALSE(find_data_end(*broken_file(), 0, 10));
}

}  // namespace
}  // namespace datawal::zero_scan_test
