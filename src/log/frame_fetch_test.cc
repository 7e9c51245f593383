#include "log/frame_fetch.h"

#include <gtest/gtest.h>

#include "log/key_reader.h"
#include "log/log_test_support.h"
#include "log/segment_files.h"
#include "support/segment_builder.h"

namespace datawal::frame_fetch_test {
namespace {

using test::FailsWith;
using test::MemoryFile;
using test::must;
using test::put_frame;
using ::testing::HasSubstr;

constexpr Position kPlace{SegmentId{3}, 0};

Result<FetchedFrame> fetch(const Bytes& bytes, std::uint64_t size_known) {
  return fetch_frame(MemoryFile(bytes), kPlace, size_known);
}

std::string value_of(const Result<FetchedFrame>& fetched) {
  return fetched ? std::string(as_text(fetched->frame.record.payload)) : fetched.error().message;
}

Bytes sealed_as(Bytes frame, std::size_t offset, unsigned value) {
  frame.at(offset) = static_cast<std::byte>(value);
  return frame;
}

constexpr std::uint64_t kMuch = 1 << 20;

TEST(FrameFetch, ReadsASmallFrameWithOneRead) {
  Bytes bytes = put_frame(1, "key", "value");
  bytes.resize(10'000);
  const MemoryFile file(bytes);
  EXPECT_EQ(value_of(fetch_frame(file, kPlace, kMuch)), "value");
  EXPECT_EQ(file.bytes_read(), 1024U);
}

TEST(FrameFetch, ReadsNothingBehindWhatIsKnown) {
  Bytes bytes = put_frame(1, "key", "value");
  bytes.resize(1000);
  const MemoryFile file(bytes);
  EXPECT_EQ(value_of(fetch_frame(file, kPlace, 36)), "value");
  EXPECT_EQ(file.bytes_read(), 36U);
}

TEST(FrameFetch, ReadsFramesOfEverySizeAroundTheFirstRead) {
  for (std::size_t size = 900; size < 1100; ++size) {
    const std::string value(size, 'v');
    Bytes bytes = put_frame(1, "key", value);
    EXPECT_EQ(value_of(fetch(bytes, kMuch)), value);
    EXPECT_EQ(value_of(fetch(bytes, bytes.size())), value);
    bytes.resize(5000);
    EXPECT_EQ(value_of(fetch(bytes, kMuch)), value);
  }
}

TEST(FrameFetch, ReadsTheLastFrameOfAFile) {
  EXPECT_EQ(value_of(fetch(put_frame(1, "key", "value"), 64)), "value");
}

TEST(FrameFetch, ReadsAtTheOffset) {
  const Bytes bytes = test::joined({put_frame(1, "a", "first"), put_frame(2, "b", "second")});
  EXPECT_EQ(value_of(fetch_frame(MemoryFile(bytes), {SegmentId{3}, 34}, 64)), "second");
}

// Each error says where, and what to do.
void expect_error(const Result<FetchedFrame>& fetched, ErrorCode code, std::string_view words) {
  ASSERT_THAT(fetched, FailsWith(code));
  EXPECT_THAT(fetched.error().message, HasSubstr(std::string(words)));
  EXPECT_THAT(fetched.error().message, HasSubstr("run 'datawal verify'"));
  EXPECT_EQ(fetched.error().path, "00000003.dwal");
  EXPECT_EQ(fetched.error().segment, SegmentId{3});
  EXPECT_EQ(fetched.error().offset, 0U);
}

TEST(FrameFetch, AFileThatEndsInTheHeaderIsAShortRead) {
  Bytes bytes = put_frame(1, "key", "value");
  bytes.resize(10);
  expect_error(fetch(bytes, 64), ErrorCode::kShortRead, "10 bytes of 24");
  expect_error(fetch(bytes, 10), ErrorCode::kShortRead, "10 bytes of 24");
}

TEST(FrameFetch, AFileThatEndsBeforeTheFrameIsAShortRead) {
  expect_error(fetch({}, 64), ErrorCode::kShortRead, "0 bytes of 24");
}

TEST(FrameFetch, AFileThatEndsInTheFrameIsAShortRead) {
  Bytes bytes = put_frame(1, "key", "value");
  bytes.resize(30);
  expect_error(fetch(bytes, 64), ErrorCode::kShortRead, "30 bytes of 36");
}

TEST(FrameFetch, AnotherLengthThatReachesBeyondTheFileIsTruncated) {
  const Bytes bytes = sealed_as(put_frame(1, "key", "value"), 21, 1);  // 256 bytes more
  expect_error(fetch(bytes, 64), ErrorCode::kTruncated, "36 bytes of 292");
}

TEST(FrameFetch, ALargeFrameThatTheFileEndsInIsAShortRead) {
  Bytes bytes = put_frame(1, "key", std::string(5000, 'v'));
  bytes.resize(3000);
  expect_error(fetch(bytes, kMuch), ErrorCode::kShortRead, "3000 bytes of 5031");
}

TEST(FrameFetch, AFrameThatReachesBeyondWhatIsKnownIsALengthMismatch) {
  const Bytes bytes = put_frame(1, "key", std::string(100, 'v'));
  expect_error(fetch(bytes, 64), ErrorCode::kLengthMismatch, "131 bytes where one of up to 64");
}

TEST(FrameFetch, ADamagedValueIsACrcMismatch) {
  expect_error(fetch(sealed_as(put_frame(1, "key", "value"), 28, 'X'), 64), ErrorCode::kCrcMismatch,
               "CRC mismatch");
}

TEST(FrameFetch, AnImpossibleHeaderIsStructural) {
  for (const std::uint64_t size : {36U, 64U}) {
    expect_error(fetch(sealed_as(put_frame(1, "key", "value"), 0, 'X'), size),
                 ErrorCode::kStructural, "bad magic");
    expect_error(fetch(sealed_as(put_frame(1, "key", "value"), 4, 2), size),
                 ErrorCode::kUnsupportedVersion, "wire version 2");
  }
}

class KeyReaderTest : public test::SimulatedLog {};

TEST_F(KeyReaderTest, GivesTheKeysOfManyRecordsWithFewReads) {
  Bytes bytes;
  std::vector<std::uint64_t> offsets;
  for (Txid txid = 1; txid <= 1000; ++txid) {
    offsets.push_back(bytes.size());
    const Bytes frame = put_frame(txid, "key " + std::to_string(txid), "value");
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  write_segment(1, bytes);
  SegmentFiles segments(must(filesystem_.open_directory(kStore)));
  KeyReader reader;
  for (std::size_t index = 0; index < offsets.size(); ++index) {
    EXPECT_EQ(as_text(must(
                  reader.read(must(segments.get(SegmentId{1})), {SegmentId{1}, offsets[index]}))),
              "key " + std::to_string(index + 1));
  }
  EXPECT_LT(count(SimulatedCall::kRead), 10U);
}

TEST_F(KeyReaderTest, PassesOverLargeValues) {
  const Bytes large = put_frame(1, "first", std::string(1'000'000, 'v'));
  write_segment(1, test::joined({large, put_frame(2, "second", "value")}));
  SegmentFiles segments(must(filesystem_.open_directory(kStore)));
  KeyReader reader;
  EXPECT_EQ(as_text(must(reader.read(must(segments.get(SegmentId{1})), {SegmentId{1}, 0}))),
            "first");
  EXPECT_EQ(
      as_text(must(reader.read(must(segments.get(SegmentId{1})), {SegmentId{1}, large.size()}))),
      "second");
}

TEST_F(KeyReaderTest, GivesTheLargestKeyAndTheEmptyOne) {
  const std::string key(kKeySizeMax, 'k');
  const Bytes first = put_frame(1, key, "v");
  write_segment(1, test::joined({first, put_frame(2, "", "v")}));
  SegmentFiles segments(must(filesystem_.open_directory(kStore)));
  KeyReader reader;
  EXPECT_TRUE(as_text(must(reader.read(must(segments.get(SegmentId{1})), {SegmentId{1}, 0}))) ==
              key);
  EXPECT_EQ(
      as_text(must(reader.read(must(segments.get(SegmentId{1})), {SegmentId{1}, first.size()}))),
      "");
}

TEST_F(KeyReaderTest, GoesFromSegmentToSegment) {
  for (std::uint32_t id = 1; id <= 3; ++id) {
    write_segment(id, put_frame(id, "key " + std::to_string(id), ""));
  }
  SegmentFiles segments(must(filesystem_.open_directory(kStore)));
  KeyReader reader;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    EXPECT_EQ(as_text(must(reader.read(must(segments.get(SegmentId{id})), {SegmentId{id}, 0}))),
              "key " + std::to_string(id));
  }
}

TEST_F(KeyReaderTest, DamageIsAnErrorThatNamesThePlace) {
  write_segment(1, Bytes(100));
  SegmentFiles segments(must(filesystem_.open_directory(kStore)));
  KeyReader reader;
  const auto key = reader.read(must(segments.get(SegmentId{1})), {SegmentId{1}, 10});
  ASSERT_THAT(key, FailsWith(ErrorCode::kStructural));
  EXPECT_EQ(key.error().segment, SegmentId{1});
  EXPECT_EQ(key.error().offset, 10U);
}

TEST_F(KeyReaderTest, AFileThatEndsEarlyIsAShortRead) {
  Bytes bytes = put_frame(1, std::string(100, 'k'), "");
  bytes.resize(60);
  write_segment(1, bytes);
  SegmentFiles segments(must(filesystem_.open_directory(kStore)));
  KeyReader reader;
  EXPECT_THAT(reader.read(must(segments.get(SegmentId{1})), {SegmentId{1}, 0}),
              FailsWith(ErrorCode::kShortRead));
  EXPECT_THAT(reader.read(must(segments.get(SegmentId{1})), {SegmentId{1}, 50}),
              FailsWith(ErrorCode::kShortRead));
  EXPECT_THAT(reader.read(must(segments.get(SegmentId{1})), {SegmentId{1}, 1000}),
              FailsWith(ErrorCode::kShortRead));
}

}  // namespace
}  // namespace datawal::frame_fetch_test
