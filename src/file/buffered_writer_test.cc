#include "file/buffered_writer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "file/simulated_filesystem.h"

namespace datawal {
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

TEST_F(BufferedWriterTest, DoesNotSync) {
  BufferedWriter writer(*file_);
  ASSERT_TRUE(writer.append(as_bytes("abc")));
  ASSERT_TRUE(writer.flush());
  EXPECT_EQ(filesystem_.count(SimulatedCall::kSync), 0U);
}

}  // namespace
}  // namespace datawal
