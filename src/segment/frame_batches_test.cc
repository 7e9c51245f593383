#include "segment/frame_batches.h"

#include <random>
#include <string>

#include "log/log_test_support.h"

namespace datawal {
namespace {

using test::must;
using test::put_frame;
using test::raw_frame;

constexpr std::size_t kWindow = std::size_t{256} << 10;

class FrameBatchesTest : public ::testing::Test {
 protected:
  // A file with these bytes.
  void make_file(ByteView bytes) {
    filesystem_.write_file("directory/file", bytes);
    file_ = must(must(filesystem_.open_directory("directory"))->open("file", OpenMode::kRead));
    size_ = bytes.size();
  }
  void add(const Bytes& frame) {
    offsets_.push_back(bytes_.size());
    bytes_.insert(bytes_.end(), frame.begin(), frame.end());
  }
  static Bytes frame_of_size(Txid txid, std::size_t size) {
    return raw_frame(txid, std::string(size - kFrameSizeMin, static_cast<char>('a' + txid % 26)));
  }

  // Reads on to where nothing more comes, and expects the first `count` frames that were added.
  void expect_frames(FrameBatches& frames, std::size_t count) {
    std::size_t index = 0;
    while (true) {
      const std::span<const BatchedFrame> batch = must(frames.next());
      if (batch.empty()) break;
      for (const BatchedFrame& frame : batch) {
        ASSERT_LT(index, count);
        const std::uint64_t end = index + 1 < offsets_.size() ? offsets_[index + 1] : bytes_.size();
        ASSERT_EQ(frame.offset, offsets_[index]);
        const ByteView expected = ByteView(bytes_).subspan(frame.offset, end - frame.offset);
        ASSERT_TRUE(std::ranges::equal(frame.bytes, expected)) << index;
        const DecodeOutcome outcome = decode_frame(expected);
        const auto& decoded = std::get<DecodedFrame>(outcome);
        EXPECT_EQ(frame.crc, decoded.crc);
        EXPECT_EQ(frame.record.txid, decoded.record.txid);
        EXPECT_TRUE(std::ranges::equal(frame.record.payload, decoded.record.payload));
        ++index;
      }
    }
    EXPECT_EQ(index, count);
    EXPECT_EQ(frames.offset(), count < offsets_.size() ? offsets_[count] : frames.offset());
  }

  SimulatedFilesystem filesystem_;
  std::unique_ptr<File> file_;
  std::uint64_t size_ = 0;
  Bytes bytes_;
  std::vector<std::uint64_t> offsets_;
};

TEST_F(FrameBatchesTest, OfAnEmptyFileThereAreNone) {
  make_file({});
  FrameBatches frames(*file_, 0);
  expect_frames(frames, 0);
  EXPECT_TRUE(frames.is_at_end());
}

TEST_F(FrameBatchesTest, GivesEveryFrameOfEverySize) {
  std::mt19937 random(3);
  constexpr std::array<std::size_t, 6> kSizes = {kFrameSizeMin, 100,         5'000,
                                                 kWindow / 2,   kWindow + 1, 3 * kWindow};
  for (Txid txid = 1; txid <= 200; ++txid) {
    const std::size_t size = kSizes.at(random() % (txid % 20 == 0 ? kSizes.size() : 3));
    add(frame_of_size(txid, std::max<std::size_t>(kFrameSizeMin, size - random() % 20) +
                                (size == kFrameSizeMin ? 1 : 0)));
  }
  make_file(bytes_);
  FrameBatches frames(*file_, bytes_.size());
  expect_frames(frames, offsets_.size());
  EXPECT_TRUE(frames.is_at_end());
}

// A frame can end, and its header break, at any byte of a window.
TEST_F(FrameBatchesTest, AFrameMayBeCutByAWindowAnywhere) {
  for (std::size_t cut = 0; cut <= 60; ++cut) {
    bytes_.clear();
    offsets_.clear();
    add(frame_of_size(1, kWindow - cut));
    add(frame_of_size(2, 57));
    add(frame_of_size(3, 40));
    make_file(bytes_);
    FrameBatches frames(*file_, bytes_.size());
    expect_frames(frames, 3);
    EXPECT_TRUE(frames.is_at_end()) << cut;
  }
}

TEST_F(FrameBatchesTest, AFrameMayBeLargerThanAWindow) {
  for (const std::size_t size : {kWindow - 1, kWindow, kWindow + 1, 5 * kWindow + 13}) {
    bytes_.clear();
    offsets_.clear();
    add(frame_of_size(1, 50));
    add(frame_of_size(2, size));
    add(frame_of_size(3, size));
    add(frame_of_size(4, 50));
    make_file(bytes_);
    FrameBatches frames(*file_, bytes_.size());
    expect_frames(frames, 4);
    EXPECT_TRUE(frames.is_at_end());
  }
}

TEST_F(FrameBatchesTest, WhatIsBehindTheEndIsNotLookedAt) {
  add(frame_of_size(1, 80));
  add(frame_of_size(2, 80));
  make_file(bytes_);
  FrameBatches frames(*file_, 80);
  expect_frames(frames, 1);
  EXPECT_TRUE(frames.is_at_end());
}

TEST_F(FrameBatchesTest, ATailIsGivenUpToWhereItIsCut) {
  add(frame_of_size(1, 80));
  add(frame_of_size(2, 90));
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    make_file(ByteView(bytes_).first(size));
    FrameBatches frames(*file_, size);
    expect_frames(frames, size < 80 ? 0 : 1);
    const bool is_whole = size == 0 || size == 80;
    EXPECT_EQ(frames.is_at_end(), is_whole) << size;
    if (is_whole) continue;
    EXPECT_TRUE(std::holds_alternative<Truncated>(frames.damage())) << size;
    EXPECT_EQ(sealed_damage(SegmentId{3}, frames).code, ErrorCode::kCorruption);
  }
}

TEST_F(FrameBatchesTest, AFileThatIsShorterThanItsSegmentWasIsNotAtItsEnd) {
  add(frame_of_size(1, 80));
  add(frame_of_size(2, 90));
  add(frame_of_size(3, 2 * kWindow));
  for (const std::size_t size : {std::size_t{0}, std::size_t{80}, std::size_t{100},
                                 std::size_t{170}, kWindow, kWindow + 200}) {
    make_file(ByteView(bytes_).first(size));
    FrameBatches frames(*file_, bytes_.size());
    expect_frames(frames, size < 80 ? 0 : size < 170 ? 1 : 2);
    EXPECT_FALSE(frames.is_at_end()) << size;
    const Error error = sealed_damage(SegmentId{3}, frames);
    EXPECT_EQ(error.code, ErrorCode::kCorruption);
    EXPECT_EQ(error.offset, frames.offset());
    EXPECT_EQ(error.segment, SegmentId{3});
  }
}

TEST_F(FrameBatchesTest, EndsAtADamagedByteWhereverThatIs) {
  for (Txid txid = 1; txid <= 4; ++txid) add(frame_of_size(txid, 60));
  const Bytes intact = bytes_;
  for (std::size_t byte = 0; byte < intact.size(); ++byte) {
    Bytes damaged = intact;
    damaged[byte] ^= std::byte{0x10};
    make_file(damaged);
    FrameBatches frames(*file_, damaged.size());
    expect_frames(frames, byte / 60);
    EXPECT_FALSE(frames.is_at_end()) << byte;
    EXPECT_FALSE(std::holds_alternative<DecodedFrame>(frames.damage())) << byte;
    EXPECT_EQ(sealed_damage(SegmentId{1}, frames).offset, byte / 60 * 60);
  }
}

// A length that is damage asks for no more memory than the file has.
TEST_F(FrameBatchesTest, AnEnormousLengthIsBoundedByTheSegment) {
  add(frame_of_size(1, 60));
  add(frame_of_size(2, 60));
  bytes_[60 + 22] = std::byte{0xff};  // of its payload size: 16 MiB
  make_file(bytes_);
  FrameBatches frames(*file_, bytes_.size());
  expect_frames(frames, 1);
  EXPECT_FALSE(frames.is_at_end());
}

TEST_F(FrameBatchesTest, AFailureToReadIsAnError) {
  add(frame_of_size(1, 60));
  make_file(bytes_);
  filesystem_.inject({.first = 1, .code = ErrorCode::kIo});
  FrameBatches frames(*file_, bytes_.size());
  EXPECT_THAT(frames.next(), test::FailsWith(ErrorCode::kIo));
}

}  // namespace
}  // namespace datawal
