#include "file/buffered_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "file/simulated_filesystem.h"

namespace datawal::buffered_writer_test {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 20;

class BufferedWriterTest : public ::testing::Test {
 protected:
  BufferedWriterTest() {
    auto directory = filesystem_.create_directory("target");
    file_ = (*directory)->open("file", OpenMode::kCreateExclusive).value();
    filesystem_.reset_counts();
  }

  [[nodiscard]] std::string content() const {
    return std::string(as_text(filesystem_.read_file("target/file").value()));
  }
  [[nodiscard]] std::uint64_t write_count() const {
    return filesystem_.count(SimulatedCall::kWrite);
  }

  SimulatedFilesystem filesystem_;
  std::unique_ptr<File> file_;
};

TEST_F(BufferedWriterTest, CollectsSmallWritesIntoOne) {
  BufferedWriter writer(*file_);
  for (int count = 0; count < 1000; ++count) ASSERT_TRUE(writer.append(as_bytes("abc")));
  EXPECT_EQ(write_count(), 0U);
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(write_count(), 1U);
  EXPECT_EQ(content().size(), 3000U);
  EXPECT_TRUE(content().starts_with("abcabc"));
}

TEST_F(BufferedWriterTest, TellsWhereTheNextByteGoes) {
  BufferedWriter writer(*file_, 10);
  EXPECT_EQ(writer.offset(), 10U);
  ASSERT_TRUE(writer.append(as_bytes("abc")));
  EXPECT_EQ(writer.offset(), 13U);
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(writer.offset(), 13U);
  EXPECT_EQ(content(), std::string(10, '\0') + "abc");
}

TEST_F(BufferedWriterTest, FlushingNothingWritesNothing) {
  BufferedWriter writer(*file_);
  ASSERT_TRUE(writer.flush());
  ASSERT_TRUE(writer.append({}));
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(write_count(), 0U);
}

TEST_F(BufferedWriterTest, WritesByItselfWhenTheBufferIsFull) {
  BufferedWriter writer(*file_);
  const std::string part(kBufferSize / 2, 'a');
  ASSERT_TRUE(writer.append(as_bytes(part)));
  ASSERT_TRUE(writer.append(as_bytes(part)));
  EXPECT_EQ(write_count(), 0U);
  ASSERT_TRUE(writer.append(as_bytes("b")));
  EXPECT_EQ(write_count(), 1U);
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(content(), part + part + "b");
}

TEST_F(BufferedWriterTest, WhatIsLargerThanTheBufferGoesStraightToTheFile) {
  BufferedWriter writer(*file_);
  const std::string large(kBufferSize + 1, 'l');
  ASSERT_TRUE(writer.append(as_bytes("small")));
  ASSERT_TRUE(writer.append(as_bytes(large)));
  EXPECT_EQ(write_count(), 2U);
  ASSERT_TRUE(writer.append(as_bytes("end")));
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(content(), "small" + large + "end");
}

TEST_F(BufferedWriterTest, AFailureToWriteIsReported) {
  filesystem_.inject({.call = SimulatedCall::kWrite, .code = ErrorCode::kNoSpace});
  BufferedWriter writer(*file_);
  ASSERT_TRUE(writer.append(as_bytes("abc")));
  const Status flushed = writer.flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, ErrorCode::kNoSpace);
}

// Takes what is written, and notes what the disk is to begin with.
class NotingFile final : public File {
 public:
  Result<std::size_t> read_at(std::uint64_t, MutableByteView) const override { return 0; }
  Status write_at(std::uint64_t offset, ByteView data) override {
    size_ = offset + data.size();
    return {};
  }
  Result<std::uint64_t> size() const override { return size_; }
  Status truncate(std::uint64_t) override { return {}; }
  Status sync() override { return {}; }
  void begin_sync(std::uint64_t offset, std::uint64_t size) noexcept override {
    if (offset != begun || offset + size > size_) is_wrong = true;
    begun = offset + size;
  }

  std::uint64_t begun = 0;
  bool is_wrong = false;

 private:
  std::uint64_t size_ = 0;
};

TEST_F(BufferedWriterTest, HasTheDiskBeginWithWhatIsWrittenInTheOrderOfTheFile) {
  NotingFile file;
  BufferedWriter writer(file);
  const std::string part(kBufferSize / 4, 'a');
  for (int count = 0; count < 4 * 4; ++count) ASSERT_TRUE(writer.append(as_bytes(part)));
  EXPECT_EQ(file.begun, 0U) << "not for every write";
  for (int count = 0; count < 10 * 4; ++count) ASSERT_TRUE(writer.append(as_bytes(part)));
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(file.begun, 12 * kBufferSize);
  EXPECT_FALSE(file.is_wrong);
}

// So much that another thread writes. Pieces of all sizes, also such as go past the buffer.
TEST_F(BufferedWriterTest, MuchIsInTheFileToTheByte) {
  constexpr std::uint64_t kBegin = 1'000;
  std::mt19937 random(11);
  std::string expected(kBegin, '\0');
  BufferedWriter writer(*file_, kBegin);
  while (expected.size() < 16 * kBufferSize) {
    constexpr std::array<std::size_t, 4> kSizes = {100, 5'000, kBufferSize / 3, 2 * kBufferSize};
    const std::size_t size = random() % kSizes.at(random() % 40 == 0 ? 3 : random() % 3);
    std::string piece(size, '\0');
    for (char& byte : piece) byte = static_cast<char>(random());
    ASSERT_TRUE(writer.append(as_bytes(piece)));
    expected += piece;
    ASSERT_EQ(writer.offset(), expected.size());
    if (random() % 500 != 0) continue;
    ASSERT_TRUE(writer.flush());
    ASSERT_EQ(writer.offset(), expected.size());
    ASSERT_TRUE(content() == expected) << expected.size();
  }
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(writer.offset(), expected.size());
  EXPECT_TRUE(content() == expected);
}

// Whichever write fails: an append after it or the flush says so, and no flush says otherwise
// later. What was appended before a flush that succeeded is in the file.
TEST_F(BufferedWriterTest, AFailureOfTheSecondThreadIsReportedByTheFlushAtTheLatest) {
  const std::string piece(kBufferSize / 4, 'p');
  constexpr std::uint64_t kPieces = 4 * 10;
  bool has_failed = true;
  for (std::uint64_t first = 1; has_failed; ++first) {
    const std::string name = "file " + std::to_string(first);
    const auto file =
        (*filesystem_.open_directory("target"))->open(name, OpenMode::kCreateExclusive);
    filesystem_.clear_faults();
    filesystem_.inject(
        {.first = first, .call = SimulatedCall::kWrite, .code = ErrorCode::kNoSpace});
    BufferedWriter writer(**file);
    Status outcome;
    for (std::uint64_t count = 0; outcome && count < kPieces; ++count) {
      outcome = writer.append(as_bytes(piece));
    }
    if (outcome) outcome = writer.flush();
    has_failed = !outcome;
    ASSERT_EQ(has_failed, first <= 10) << first;
    if (has_failed) {
      EXPECT_EQ(outcome.error().code, ErrorCode::kNoSpace);
    } else {
      EXPECT_EQ(filesystem_.read_file("target/" + name)->size(), kPieces * piece.size());
    }
    constexpr std::uint64_t kOwnWrites = 4;  // the first ones are the owner's, who may try again
    if (!has_failed || first <= kOwnWrites || first == 10) continue;
    for (int again = 0; again < 2; ++again) {
      const Status flushed = writer.flush();
      ASSERT_FALSE(flushed) << "a byte is missing in the middle: " << first;
      EXPECT_EQ(flushed.error().code, ErrorCode::kNoSpace);
    }
  }
}

TEST_F(BufferedWriterTest, MayEndWhileTheSecondThreadWrites) {
  const std::string piece(kBufferSize / 2, 'p');
  {
    BufferedWriter writer(*file_);
    for (int count = 0; count < 2 * 6 + 1; ++count) ASSERT_TRUE(writer.append(as_bytes(piece)));
  }
  EXPECT_EQ(content(), std::string(6 * kBufferSize, 'p')) << "what has been handed over";
}

// Which threads have written to it.
class ThreadNotingFile final : public File {
 public:
  Result<std::size_t> read_at(std::uint64_t, MutableByteView) const override { return 0; }
  Status write_at(std::uint64_t, ByteView) override {
    const bool is_owner = std::this_thread::get_id() == owner_;
    ++(is_owner ? by_owner : by_others);
    return {};
  }
  Result<std::uint64_t> size() const override { return 0; }
  Status truncate(std::uint64_t) override { return {}; }
  Status sync() override { return {}; }

  std::atomic<int> by_owner = 0;
  std::atomic<int> by_others = 0;

 private:
  const std::thread::id owner_ = std::this_thread::get_id();
};

TEST_F(BufferedWriterTest, AnotherThreadWritesWhereItIsMuch) {
  ThreadNotingFile file;
  BufferedWriter writer(file);
  const std::string piece(kBufferSize / 2, 'p');
  for (int count = 0; count < 2 * 5; ++count) ASSERT_TRUE(writer.append(as_bytes(piece)));
  EXPECT_EQ(file.by_owner, 4);
  EXPECT_EQ(file.by_others, 0);
  for (int count = 0; count < 2 * 5; ++count) ASSERT_TRUE(writer.append(as_bytes(piece)));
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(file.by_owner, 4 + 1) << "the flush writes what is left";
  EXPECT_EQ(file.by_others, 5);
}

TEST_F(BufferedWriterTest, DoesNotSync) {
  BufferedWriter writer(*file_);
  ASSERT_TRUE(writer.append(as_bytes("abc")));
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(filesystem_.count(SimulatedCall::kSync), 0U);
}

}  // namespace
}  // namespace datawal::buffered_writer_test
