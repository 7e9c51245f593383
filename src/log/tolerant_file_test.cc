#include "log/tolerant_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "support/segment_builder.h"
#include "support/unreadable_filesystem.h"

namespace datawal::tolerant_file_test {
namespace {

using test::MemoryFile;
using test::UnreadableRange;

Bytes numbered_bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t index = 0; index < size; ++index)
    bytes[index] = static_cast<std::byte>(index % 251 + 1);
  return bytes;
}

TolerantFile tolerant(const Bytes& bytes, std::vector<UnreadableRange> ranges) {
  return TolerantFile(
      test::make_unreadable(std::make_unique<MemoryFile>(bytes), std::move(ranges)));
}

TEST(TolerantFile, OnlyTheBlocksThatCannotBeReadAreZero) {
  const Bytes bytes = numbered_bytes(30'000);
  const TolerantFile file =
      tolerant(bytes, {{"", 5'000, 5'001}, {"", 8'190, 8'200}, {"", 29'999, 30'000}});
  Bytes expected = bytes;
  std::fill(expected.begin() + 4'096, expected.begin() + 12'288, std::byte{0});
  std::fill(expected.begin() + 28'672, expected.end(), std::byte{0});
  Bytes read(40'000);
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(file.read_at(0, read), 30'000U);
    EXPECT_EQ(Bytes(read.begin(), read.begin() + 30'000), expected);
  }
  EXPECT_FALSE(file.failure_in(0, 4'096));
  EXPECT_TRUE(file.failure_in(0, 4'097));
  EXPECT_TRUE(file.failure_in(12'287, 12'288));
  EXPECT_FALSE(file.failure_in(12'288, 28'672));
  EXPECT_TRUE(file.failure_in(28'672, 28'673));
}

TEST(TolerantFile, AnyReadGivesWhatIsThereOrZeros) {
  constexpr std::uint32_t kSeed = 3;
  std::mt19937 random(kSeed);
  const Bytes bytes = numbered_bytes(50'000);
  const std::vector<UnreadableRange> ranges = {
      {"", 100, 200}, {"", 16'384, 24'576}, {"", 45'000, 45'001}};
  const auto is_unreadable = [&](std::uint64_t offset) {
    return std::ranges::any_of(ranges, [&](const UnreadableRange& range) {
      return range.begin / 4'096 <= offset / 4'096 && offset / 4'096 <= (range.end - 1) / 4'096;
    });
  };
  const TolerantFile file = tolerant(bytes, ranges);
  Bytes everything(50'000);
  ASSERT_TRUE(file.read_at(0, everything));
  for (int round = 0; round < 2'000; ++round) {
    const std::uint64_t offset = random() % 51'000;
    Bytes read(random() % 9'000);
    const std::size_t count = *file.read_at(offset, read);
    ASSERT_EQ(count, std::min<std::uint64_t>(read.size(),
                                             50'000 - std::min<std::uint64_t>(offset, 50'000)));
    for (std::size_t index = 0; index < count; ++index) {
      const bool unreadable = is_unreadable(offset + index);
      ASSERT_EQ(read[index], unreadable ? std::byte{0} : bytes[offset + index])
          << "seed " << kSeed << " round " << round;
    }
  }
}

TEST(TolerantFile, AReadThatFailsOnceIsTriedAgainBlockByBlock) {
  class FailsOnce final : public File {
   public:
    Result<std::size_t> read_at(std::uint64_t, MutableByteView buffer) const override {
      if (std::exchange(has_failed_, true)) return buffer.size();
      return std::unexpected(Error{.code = ErrorCode::kIo, .message = "once"});
    }
    Result<std::uint64_t> size() const override { return 100'000; }
    Status write_at(std::uint64_t, ByteView) override { return {}; }
    Status truncate(std::uint64_t) override { return {}; }
    Status sync() override { return {}; }

   private:
    mutable bool has_failed_ = false;
  };
  const TolerantFile file(std::make_unique<FailsOnce>());
  Bytes read(20'000);
  EXPECT_EQ(file.read_at(50, read), 20'000U);
  EXPECT_FALSE(file.failure_in(0, 100'000));
}

TEST(TolerantFile, IsOnlyRead) {
  TolerantFile file = tolerant(numbered_bytes(10), {});
  EXPECT_EQ(file.write_at(0, {}).error().code, ErrorCode::kReadOnly);
  EXPECT_EQ(file.truncate(0).error().code, ErrorCode::kReadOnly);
  EXPECT_EQ(file.sync().error().code, ErrorCode::kReadOnly);
}

}  // namespace
}  // namespace datawal::tolerant_file_test
