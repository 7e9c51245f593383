#include "segment/frame_batches.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "log/log_test_support.h"

namespace datawal::frame_batches_test {
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

  // All that can be learnt of frames, and how they end.
  struct Told {
    struct Frame {
      std::uint64_t offset;
      std::uint32_t crc;
      Txid txid;
      Bytes bytes;
      friend bool operator==(const Frame&, const Frame&) = default;
    };
    std::vector<Frame> frames;
    std::uint64_t offset = 0;
    bool is_at_end = false;
    std::size_t damage = 0;
    Error sealed = {};
  };
  template <typename Next>
  static Told told_by(const Next& next, const auto& given) {
    Told told;
    while (true) {
      const std::span<const BatchedFrame> batch = must(next());
      EXPECT_EQ(given().offset(), told.offset + size_of(batch));
      if (batch.empty()) break;
      told.offset = given().offset();
      for (const BatchedFrame& frame : batch) {
        const ByteView bytes = frame.bytes;
        told.frames.push_back(
            {frame.offset, frame.crc, frame.record.txid, Bytes(bytes.begin(), bytes.end())});
      }
    }
    told.is_at_end = given().is_at_end();
    told.damage = given().damage().index();
    told.sealed = sealed_damage(SegmentId{1}, given());
    return told;
  }
  static std::uint64_t size_of(std::span<const BatchedFrame> batch) {
    std::uint64_t size = 0;
    for (const BatchedFrame& frame : batch) size += frame.bytes.size();
    return size;
  }
  // What is read ahead is the same as what is not.
  void expect_same_ahead(std::uint64_t end) {
    FrameBatches plain(*file_, end);
    const Told expected =
        told_by([&] { return plain.next(); }, [&]() -> const FrameBatches& { return plain; });
    FrameBatchesAhead ahead(*file_, end);
    const Told told = told_by([&] { return ahead.next(); },
                              [&]() -> const FrameBatches& { return ahead.given(); });
    ASSERT_TRUE(told.frames == expected.frames) << told.frames.size();
    EXPECT_EQ(told.offset, expected.offset);
    EXPECT_EQ(told.is_at_end, expected.is_at_end);
    if (expected.is_at_end) return;
    EXPECT_EQ(told.damage, expected.damage);
    EXPECT_EQ(told.sealed.message, expected.sealed.message);
    EXPECT_EQ(told.sealed.offset, expected.sealed.offset);
  }
  // Frames of `size` bytes at least, all together, of which one is larger than what is read at
  // once.
  void add_frames_ahead(std::size_t size) {
    std::mt19937 random(5);
    for (Txid txid = 1; bytes_.size() < size; ++txid) {
      const std::size_t payload = txid % 50 == 0 ? random() % 300'000 : random() % 5'000;
      add(frame_of_size(txid, kFrameSizeMin + 1 + (txid == 700 ? 5 * kWindow : payload)));
    }
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

// Below 4 MiB one thread does all; above, another reads.
constexpr std::size_t kLong = std::size_t{4} << 20;

TEST_F(FrameBatchesTest, AheadGivesTheSameOfSegmentsOfEverySize) {
  make_file({});
  expect_same_ahead(0);
  add_frames_ahead(2 * kLong);
  for (const std::size_t size : {kFrameSizeMin + 60, kWindow, kLong / 4, kLong, 2 * kLong}) {
    const auto end = std::ranges::upper_bound(offsets_, size);
    const std::uint64_t whole = end == offsets_.end() ? bytes_.size() : *std::prev(end);
    make_file(ByteView(bytes_).first(whole));
    expect_same_ahead(whole);
  }
  make_file(bytes_);
  expect_same_ahead(bytes_.size());
  EXPECT_GT(bytes_.size(), 2 * kLong);
  EXPECT_GT(offsets_.size(), 700U) << "with one that is larger than a read";
}

TEST_F(FrameBatchesTest, AheadEndsAtTheSameDamage) {
  add_frames_ahead(kLong + kLong / 2);
  make_file(bytes_);
  const Bytes intact = bytes_;
  std::mt19937 random(8);
  for (int round = 0; round < 20; ++round) {
    Bytes damaged = intact;
    // In a header as well as in a payload.
    const std::uint64_t frame = offsets_[random() % offsets_.size()];
    const std::uint64_t place = std::min(frame + random() % 60, intact.size() - 1);
    damaged[place] ^= std::byte{0x10};
    make_file(damaged);
    SCOPED_TRACE(place);
    expect_same_ahead(damaged.size());
  }
}

TEST_F(FrameBatchesTest, AheadTellsTheSameOfAFileThatIsShorterThanItWas) {
  add_frames_ahead(kLong + kLong / 2);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{100}, kLong / 4, kLong / 4 + 1, kLong / 2, kLong, kLong + 77}) {
    for (const std::size_t cut :
         {size, static_cast<std::size_t>(*std::ranges::lower_bound(offsets_, size))}) {
      make_file(ByteView(bytes_).first(cut));
      SCOPED_TRACE(cut);
      expect_same_ahead(bytes_.size());
    }
  }
}

// Whichever read fails: what came before it is right, the failure is told once, and who asks again
// gets the rest.
TEST_F(FrameBatchesTest, AheadTellsOfAFailureToRead) {
  add_frames_ahead(kLong + kLong / 2);
  make_file(bytes_);
  bool has_failed = true;
  std::uint64_t first = 0;
  while (has_failed) {
    filesystem_.clear_faults();
    filesystem_.inject({.first = ++first, .call = SimulatedCall::kRead});
    FrameBatchesAhead frames(*file_, bytes_.size());
    std::size_t index = 0;
    has_failed = false;
    while (true) {
      const auto batch = frames.next();
      if (!batch) {
        ASSERT_THAT(batch, test::FailsWith(ErrorCode::kIo));
        ASSERT_FALSE(has_failed) << "it was only one";
        has_failed = true;
        continue;
      }
      if (batch->empty()) break;
      for (const BatchedFrame& frame : *batch) ASSERT_EQ(frame.offset, offsets_[index++]);
    }
    EXPECT_EQ(index, offsets_.size()) << first;
    EXPECT_TRUE(frames.given().is_at_end());
  }
  EXPECT_GT(first, 5U);
}

TEST_F(FrameBatchesTest, AheadMayEndBeforeTheFrames) {
  add_frames_ahead(2 * kLong);
  make_file(bytes_);
  for (int count = 0; count < 4; ++count) {
    FrameBatchesAhead frames(*file_, bytes_.size());
    for (int batch = 0; batch < count; ++batch) EXPECT_FALSE(must(frames.next()).empty());
  }
}

}  // namespace
}  // namespace datawal::frame_batches_test
