#include "segment/zero_scan.h"

#include <gtest/gtest.h>

#include "support/segment_builder.h"

namespace datawal {
namespace {

using testing::MemoryFile;

constexpr std::size_t kForwardStep = std::size_t{256} << 10;
constexpr std::size_t kBackwardStep = std::size_t{64} << 10;

// A file of which nothing can be read.
class BrokenFile final : public File {
 public:
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t, MutableByteView) const override {
    return std::unexpected(Error{.code = ErrorCode::kIo, .message = "broken"});
  }
  [[nodiscard]] Status write_at(std::uint64_t, ByteView) override { return {}; }
  [[nodiscard]] Result<std::uint64_t> size() const override { return 100; }
  [[nodiscard]] Status truncate(std::uint64_t) override { return {}; }
  [[nodiscard]] Status sync() override { return {}; }
};

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
  EXPECT_FALSE(is_zero_filled(BrokenFile(), 0, 10));
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
  EXPECT_FALSE(find_data_end(BrokenFile(), 0, 10));
}

}  // namespace
}  // namespace datawal
