#include "log/watermark_file.h"

#include "log/log_test_support.h"

namespace datawal::watermark_file_test {
namespace {

using test::FailsWith;
using test::must;
using test::Succeeds;

class WatermarkFileTest : public test::SimulatedLog {
 protected:
  WatermarkFileTest() {
    filesystem_.plant_directory(kStore);
    directory_ = must(filesystem_.open_directory(kStore));
  }

  std::unique_ptr<Directory> directory_;
};

TEST_F(WatermarkFileTest, WithoutAFileThereIsNothingToRead) {
  EXPECT_EQ(must(read_watermark(*directory_)), std::nullopt);
}

TEST_F(WatermarkFileTest, IsMadeAtItsFullSizeSoThatStoringNeedsNoSpace) {
  WatermarkFile file = must(WatermarkFile::open(*directory_));
  EXPECT_EQ(filesystem_.read_file("store/watermark")->size(), 1024U);
  filesystem_.set_capacity(0);
  for (Txid txid = 1; txid <= 3; ++txid) {
    EXPECT_THAT(file.store({.txid = txid}), Succeeds());
    EXPECT_EQ(must(read_watermark(*directory_))->txid, txid);
  }
}

TEST_F(WatermarkFileTest, SlotsTakeTurns) {
  WatermarkFile file = must(WatermarkFile::open(*directory_));
  must(file.store({.txid = 1}));
  const Bytes before = filesystem_.read_file("store/watermark").value();
  must(file.store({.txid = 2}));
  const Bytes after = filesystem_.read_file("store/watermark").value();
  EXPECT_TRUE(std::equal(before.begin() + 512, before.end(), after.begin() + 512));
  EXPECT_FALSE(std::equal(before.begin(), before.begin() + 512, after.begin()));
}

TEST_F(WatermarkFileTest, GoesOnWithTheSequenceThatIsThere) {
  {
    WatermarkFile file = must(WatermarkFile::open(*directory_));
    for (Txid txid = 1; txid <= 3; ++txid) must(file.store({.txid = txid}));
  }
  WatermarkFile file = must(WatermarkFile::open(*directory_));
  must(file.store({.txid = 4}));
  EXPECT_EQ(watermark()->sequence, 4U);
  EXPECT_EQ(watermark()->txid, 4U);
}

TEST_F(WatermarkFileTest, AFailedStoreLeavesTheOneBefore) {
  WatermarkFile file = must(WatermarkFile::open(*directory_));
  must(file.store({.txid = 1}));
  filesystem_.inject({.call = SimulatedCall::kWrite, .written_prefix = 40});
  EXPECT_THAT(file.store({.txid = 2}), FailsWith(ErrorCode::kIo));
  EXPECT_EQ(watermark()->txid, 1U);
  must(file.store({.txid = 3}));
  EXPECT_EQ(watermark()->txid, 3U);
}

TEST_F(WatermarkFileTest, ShortOrLongFilesAreMadeUse) {
  for (const std::size_t size : {0U, 1U, 76U, 600U, 5000U}) {
    filesystem_.write_file("store/watermark", Bytes(size, std::byte{0xAB}));
    WatermarkFile file = must(WatermarkFile::open(*directory_));
    must(file.store({.txid = 9}));
    EXPECT_EQ(must(read_watermark(*directory_))->txid, 9U) << size;
  }
}

TEST_F(WatermarkFileTest, WhatIsNoRegularFileIsRefused) {
  filesystem_.plant_symlink("store/watermark");
  EXPECT_THAT(read_watermark(*directory_), FailsWith(ErrorCode::kNotRegularFile));
  EXPECT_THAT(WatermarkFile::open(*directory_), FailsWith(ErrorCode::kNotRegularFile));
}

TEST_F(WatermarkFileTest, AFileWithASecondNameIsNotWritten) {
  filesystem_.write_file("elsewhere", as_bytes("valuable"));
  filesystem_.plant_hard_link("elsewhere", "store/watermark");
  EXPECT_THAT(WatermarkFile::open(*directory_), FailsWith(ErrorCode::kNotRegularFile));
  EXPECT_EQ(filesystem_.read_file("elsewhere"), to_bytes(as_bytes("valuable")));
}

TEST_F(WatermarkFileTest, AFailureToReadIsAnError) {
  must(WatermarkFile::open(*directory_));
  filesystem_.inject({.call = SimulatedCall::kRead});
  EXPECT_THAT(read_watermark(*directory_), FailsWith(ErrorCode::kIo));
}

// What the writer of a log keeps in it.
class LogWatermark : public test::SimulatedLog {
 protected:
  static constexpr std::uint64_t kFrameSize = 31;
};

TEST_F(LogWatermark, FollowsEverySync) {
  RecordLog log = open();
  for (Txid txid = 1; txid <= 5; ++txid) {
    must(log.append(as_bytes("abc")));
    EXPECT_EQ(watermark()->txid, txid - 1);
    must(log.sync());
    EXPECT_EQ(watermark()->txid, txid);
    EXPECT_EQ(watermark()->position, (Position{SegmentId{1}, txid * kFrameSize}));
    EXPECT_FALSE(watermark()->clean);
  }
}

TEST_F(LogWatermark, NamesTheFramesItBelongsTo) {
  make_log({"one", "two"});
  const Bytes frames = segment(1);
  EXPECT_EQ(watermark()->first_segment, SegmentId{1});
  EXPECT_EQ(watermark()->first_frame_crc, std::get<DecodedFrame>(decode_frame(frames)).crc);
  EXPECT_EQ(watermark()->frame_crc,
            std::get<DecodedFrame>(decode_frame(ByteView(frames).subspan(kFrameSize))).crc);
  EXPECT_EQ(watermark()->boot_id, filesystem_.boot_id());
}

TEST_F(LogWatermark, IsAtTheStartOfTheNewSegmentAfterARotation) {
  RecordLog log = open();
  must(log.append(as_bytes("abc")));
  must(log.rotate());
  EXPECT_EQ(watermark()->position, (Position{SegmentId{2}, 0}));
  EXPECT_EQ(watermark()->txid, 1U);
}

TEST_F(LogWatermark, OutlivesAPowerCutAfterARotation) {
  RecordLog log = open();
  must(log.append(as_bytes("abc")));
  must(log.rotate());
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_EQ(watermark()->txid, 1U);
}

TEST_F(LogWatermark, HasTheCleanMarkOnceClosedAndItOutlivesAPowerCut) {
  make_log({"one"});
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_TRUE(watermark()->clean);
  EXPECT_EQ(watermark()->txid, 1U);
}

TEST_F(LogWatermark, LosesTheCleanMarkDurablyBeforeTheFirstAppend) {
  make_log({"one"});
  RecordLog log = open();
  EXPECT_TRUE(watermark()->clean);
  must(log.append(as_bytes("two")));
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_FALSE(watermark()->clean);
}

TEST_F(LogWatermark, KeepsTheCleanMarkIfNothingIsWritten) {
  make_log({"one"});
  {
    const RecordLog log = open();
  }
  EXPECT_TRUE(watermark()->clean);
}

TEST_F(LogWatermark, OfALogWhoseTxidsWentBackNamesItsLastFrame) {
  write_segment(1, test::joined({test::raw_frame(7, "one"), test::raw_frame(3, "two")}));
  {
    RecordLog log = open();
    filesystem_.inject({.call = SimulatedCall::kWrite, .path_part = ".dwal"});
    EXPECT_THAT(log.append(as_bytes("six")), FailsWith(ErrorCode::kIo));
  }
  EXPECT_EQ(watermark()->txid, 3U);
  EXPECT_EQ(open().recovery_report().durable, (Position{SegmentId{1}, 2 * kFrameSize}));
}

TEST_F(LogWatermark, HasNoCleanMarkAfterAPoisonedClose) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("one")));
    filesystem_.inject({.call = SimulatedCall::kWrite});
    EXPECT_THAT(log.append(as_bytes("two")), FailsWith(ErrorCode::kIo));
  }
  EXPECT_FALSE(watermark()->clean);
}

}  // namespace
}  // namespace datawal::watermark_file_test
