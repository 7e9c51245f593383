// Where one segment ends and the next begins.
#include "log/log_test_support.h"

namespace datawal::record_log_rotation_test {
namespace {

using test::FailsWith;
using test::must;
using test::read_all;
using test::Scan;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t kFrameSize = 38;  // of a payload of ten bytes

class RecordLogRotation : public test::SimulatedLog {
 protected:
  static Appended append(RecordLog& log, std::size_t payload_size = 10) {
    const Bytes payload(payload_size, std::byte{'x'});
    return must(log.append(payload));
  }
  // The segment of each of `count` records that are appended.
  std::vector<std::uint32_t> segments_of_appends(RecordLog& log, int count) {
    std::vector<std::uint32_t> segments;
    for (int index = 0; index < count; ++index) {
      segments.push_back(std::to_underlying(append(log).ref.segment));
    }
    return segments;
  }
};

TEST_F(RecordLogRotation, BeginsANewSegmentAndKeepsTheOrder) {
  RecordLog log = open();
  append(log);
  append(log);
  must(log.rotate());
  append(log);
  append(log);
  EXPECT_EQ(log.active_segment(), SegmentId{2});
  EXPECT_THAT(log.segments(), ElementsAre(SegmentId{1}, SegmentId{2}));
  const Scan scan = read_all(log.scan());
  EXPECT_THAT(scan.txids(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(scan.records[1].ref, (RecordRef{SegmentId{1}, kFrameSize, kFrameSize}));
  EXPECT_EQ(scan.records[2].ref, (RecordRef{SegmentId{2}, kFrameSize, 0}));
  EXPECT_EQ(scan.report.files_scanned, 2U);
}

TEST_F(RecordLogRotation, OfAnEmptyLogLeavesAnEmptySegment) {
  {
    RecordLog log = open();
    must(log.rotate());
    must(log.rotate());
    append(log);
  }
  RecordLog log = open();
  EXPECT_THAT(log.segments(), ElementsAre(SegmentId{1}, SegmentId{2}, SegmentId{3}));
  EXPECT_THAT(read_all(log.scan()).txids(), ElementsAre(1));
}

TEST_F(RecordLogRotation, TheNewSegmentIsTheActiveOneAfterReopening) {
  {
    RecordLog log = open();
    append(log);
    must(log.rotate());
  }
  RecordLog log = open();
  EXPECT_EQ(log.active_segment(), SegmentId{2});
  EXPECT_EQ(append(log).ref, (RecordRef{SegmentId{2}, kFrameSize, 0}));
}

TEST_F(RecordLogRotation, TheNextIdIsOneAboveTheHighest) {
  write_segment(1, test::raw_frame(1, "a"));
  write_segment(41, test::raw_frame(2, "b"));
  RecordLog log = open();
  must(log.rotate());
  EXPECT_EQ(log.active_segment(), SegmentId{42});
}

TEST_F(RecordLogRotation, AfterSegmentZeroComesSegmentOne) {
  write_segment(0, test::raw_frame(1, "a"));
  RecordLog log = open();
  must(log.rotate());
  append(log);
  EXPECT_THAT(log.segments(), ElementsAre(SegmentId{0}, SegmentId{1}));
  EXPECT_THAT(read_all(log.scan()).txids(), ElementsAre(1, 2));
}

TEST_F(RecordLogRotation, ASegmentMayBecomeExactlyAsLargeAsItMay) {
  options_.segment_size_max = 3 * kFrameSize;
  RecordLog log = open();
  EXPECT_THAT(segments_of_appends(log, 7), ElementsAre(1, 1, 1, 2, 2, 2, 3));
  EXPECT_EQ(segment(1).size(), 3 * kFrameSize);
}

TEST_F(RecordLogRotation, ASegmentNeverBecomesOneByteLarger) {
  options_.segment_size_max = 3 * kFrameSize - 1;
  RecordLog log = open();
  EXPECT_THAT(segments_of_appends(log, 5), ElementsAre(1, 1, 2, 2, 3));
}

TEST_F(RecordLogRotation, ALargerRecordGetsASegmentOfItsOwn) {
  options_.segment_size_max = 2 * kFrameSize;
  RecordLog log = open();
  EXPECT_EQ(append(log).ref.segment, SegmentId{1});
  EXPECT_EQ(append(log, 1000).ref, (RecordRef{SegmentId{2}, 1028, 0}));
  EXPECT_EQ(append(log).ref, (RecordRef{SegmentId{3}, kFrameSize, 0}));
}

TEST_F(RecordLogRotation, ALargerRecordStaysInASegmentThatIsEmpty) {
  options_.segment_size_max = 1;
  RecordLog log = open();
  EXPECT_THAT(segments_of_appends(log, 3), ElementsAre(1, 2, 3));
}

TEST_F(RecordLogRotation, ASegmentThatIsTooLargeAlreadyIsLeftAtTheFirstAppend) {
  write_segment(1, test::raw_frame(1, std::string(1000, 'x')));
  options_.segment_size_max = 100;
  RecordLog log = open();
  EXPECT_EQ(log.active_segment(), SegmentId{1});
  EXPECT_EQ(append(log).ref, (RecordRef{SegmentId{2}, kFrameSize, 0}));
}

TEST_F(RecordLogRotation, RecordsOfManySegmentsAreThereAfterReopening) {
  options_.segment_size_max = 100;
  {
    RecordLog log = open();
    (void)segments_of_appends(log, 40);
  }
  const RecordLog log = open();
  EXPECT_EQ(log.segments().size(), 20U);
  EXPECT_EQ(read_all(log.scan()).records.size(), 40U);
  EXPECT_EQ(log.recovery_report().txid_gaps, 0U);
}

TEST_F(RecordLogRotation, AfterATornTailSealsAWholeSegment) {
  make_log({"one", "two"});
  extend_segment(1, as_bytes("torn"));
  {
    RecordLog log = open();
    must(log.rotate());
    append(log);
  }
  EXPECT_EQ(segment(1), test::joined({test::raw_frame(1, "one"), test::raw_frame(2, "two")}));
  EXPECT_THAT(read_all(open().scan()).txids(), ElementsAre(1, 2, 3));
}

TEST_F(RecordLogRotation, BeyondTheLastIdIsRefusedAndTheLogGoesOn) {
  write_segment(99'999'999, test::raw_frame(1, "a"));
  RecordLog log = open();
  const Status rotated = log.rotate();
  ASSERT_THAT(rotated, FailsWith(ErrorCode::kExhausted));
  EXPECT_THAT(rotated.error().message, HasSubstr("99999999"));
  EXPECT_FALSE(log.is_poisoned());
  EXPECT_EQ(append(log).ref.segment, SegmentId{99'999'999});
  must(log.close());
  EXPECT_THAT(names(), ElementsAre(".lock", "99999999.dwal", "watermark"));
}

TEST_F(RecordLogRotation, AnAppendThatNeedsAnIdBeyondTheLastIsRefused) {
  write_segment(99'999'999, test::raw_frame(1, "a"));
  options_.segment_size_max = 30;
  RecordLog log = open();
  EXPECT_THAT(log.append(as_bytes("b")), FailsWith(ErrorCode::kExhausted));
  EXPECT_FALSE(log.is_poisoned());
  EXPECT_EQ(log.last_txid(), 1U);
}

TEST_F(RecordLogRotation, TheLastIdIsReachedFromTheOneBefore) {
  write_segment(99'999'998, test::raw_frame(1, "a"));
  RecordLog log = open();
  must(log.rotate());
  EXPECT_EQ(log.active_segment(), SegmentId{99'999'999});
  append(log);
  must(log.close());
  EXPECT_THAT(read_all(open().scan()).txids(), ElementsAre(1, 2));
}

TEST_F(RecordLogRotation, AFileThatAppearedUnderTheNextNameIsNotTouched) {
  RecordLog log = open();
  append(log);
  filesystem_.write_file("store/00000002.dwal", as_bytes("somebody else's"));
  EXPECT_THAT(log.rotate(), FailsWith(ErrorCode::kAlreadyExists));
  EXPECT_TRUE(log.is_poisoned());
  EXPECT_EQ(as_text(segment(2)), "somebody else's");
}

TEST_F(RecordLogRotation, ALinkThatAppearedUnderTheNextNameIsNotFollowed) {
  RecordLog log = open();
  append(log);
  filesystem_.plant_symlink("store/00000002.dwal");
  EXPECT_THAT(log.rotate(), FailsWith(ErrorCode::kAlreadyExists));
}

}  // namespace
}  // namespace datawal::record_log_rotation_test
