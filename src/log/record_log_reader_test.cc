// Reading a log without its lock, beside a writer or without one.
#include "datawal/record_log_reader.h"

#include "log/log_test_support.h"

namespace datawal::record_log_reader_test {
namespace {

using test::FailsWith;
using test::must;
using test::raw_frame;
using test::read_all;
using test::Scan;
using test::Succeeds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RecordLogReaderTest : public test::SimulatedLog {
 protected:
  static constexpr std::uint64_t kFrameSize = 31;

  void make_foreign_log() {
    write_segment(1, test::joined({raw_frame(1, "one"), raw_frame(2, "two"), raw_frame(3, "six")}));
  }
  Scan scan() { return read_all(open_reader().scan()); }
};

TEST_F(RecordLogReaderTest, ReadsBesideAWriter) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  const RecordLogReader reader = open_reader();
  EXPECT_THAT(read_all(reader.scan()).payloads(), ElementsAre("one"));
  EXPECT_THAT(log.append(as_bytes("two")), Succeeds());
}

TEST_F(RecordLogReaderTest, CreatesAndChangesNothing) {
  make_foreign_log();
  extend_segment(1, as_bytes("torn"));
  filesystem_.reset_counts();
  EXPECT_EQ(scan().records.size(), 3U);
  EXPECT_EQ(filesystem_.mutation_count(), 0U);
  EXPECT_THAT(names(), ElementsAre("00000001.dwal"));
}

TEST_F(RecordLogReaderTest, ReadsOnAReadOnlyAndFullDisk) {
  make_log({"one", "two"});
  filesystem_.set_read_only(true);
  filesystem_.set_capacity(0);
  EXPECT_THAT(scan().payloads(), ElementsAre("one", "two"));
}

TEST_F(RecordLogReaderTest, AMissingDirectoryIsNotFoundAndNotMade) {
  EXPECT_THAT(RecordLogReader::open(kStore, options_), FailsWith(ErrorCode::kNotFound));
  EXPECT_FALSE(filesystem_.exists(kStore));
}

TEST_F(RecordLogReaderTest, AFileIsNoLog) {
  filesystem_.write_file(kStore, as_bytes("a file"));
  EXPECT_THAT(RecordLogReader::open(kStore, options_), FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(RecordLogReaderTest, AnEmptyDirectoryIsAnEmptyLog) {
  filesystem_.plant_directory(kStore);
  const RecordLogReader reader = open_reader();
  EXPECT_THAT(reader.segments(), IsEmpty());
  EXPECT_EQ(reader.directory(), kStore);
  const Scan nothing = read_all(reader.scan());
  EXPECT_THAT(nothing.records, IsEmpty());
  EXPECT_FALSE(nothing.error);
}

TEST_F(RecordLogReaderTest, ItsSegmentsAreThoseThatWereThereAtOpen) {
  RecordLog log = open();
  must(log.rotate());
  must(log.rotate());
  const RecordLogReader reader = open_reader();
  must(log.rotate());
  must(log.append(as_bytes("later")));
  EXPECT_THAT(reader.segments(), ElementsAre(SegmentId{1}, SegmentId{2}, SegmentId{3}));
  EXPECT_THAT(read_all(reader.scan()).records, IsEmpty());
}

TEST_F(RecordLogReaderTest, SeesWhatIsAppendedToItsSegmentsLater) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  const RecordLogReader reader = open_reader();
  RecordCursor cursor = reader.scan();
  must(log.append(as_bytes("two")));
  EXPECT_THAT(read_all(std::move(cursor)).payloads(), ElementsAre("one", "two"));
  must(log.append(as_bytes("six")));
  EXPECT_THAT(read_all(reader.scan()).payloads(), ElementsAre("one", "two", "six"));
}

TEST_F(RecordLogReaderTest, ScansAnyNumberOfTimes) {
  make_log({"one", "two"});
  const RecordLogReader reader = open_reader();
  EXPECT_EQ(read_all(reader.scan()).records, read_all(reader.scan()).records);
}

TEST_F(RecordLogReaderTest, AMovedReaderGoesOn) {
  make_log({"one"});
  RecordLogReader reader = open_reader();
  RecordLogReader moved = std::move(reader);
  reader = std::move(moved);
  EXPECT_THAT(read_all(reader.scan()).payloads(), ElementsAre("one"));
}

TEST_F(RecordLogReaderTest, ACursorOutlivesItsReader) {
  make_log({"one"});
  EXPECT_THAT(read_all(open_reader().scan()).payloads(), ElementsAre("one"));
}

TEST_F(RecordLogReaderTest, AnUnfinishedRecordEndsTheScanAndIsNoDamage) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  extend_segment(1, ByteView(raw_frame(2, "half")).first(20));
  const Scan found = scan();
  EXPECT_THAT(found.payloads(), ElementsAre("one"));
  EXPECT_FALSE(found.error);
  EXPECT_EQ(found.report.tail.kind, TailKind::kIncomplete);
  EXPECT_EQ(found.report.tail.position, (Position{SegmentId{1}, kFrameSize}));
  EXPECT_EQ(found.report.tail.size, 20U);
  EXPECT_FALSE(found.report.tail.cut);
}

TEST_F(RecordLogReaderTest, AnUnfinishedRecordIsSeenOnceItIsWhole) {
  write_segment(1, raw_frame(1, "one"));
  const RecordLogReader reader = open_reader();
  write_segment(1, test::joined({raw_frame(1, "one"), Bytes(3)}));
  EXPECT_EQ(read_all(reader.scan()).records.size(), 1U);
  write_segment(1, test::joined({raw_frame(1, "one"), raw_frame(2, "two")}));
  EXPECT_EQ(read_all(reader.scan()).records.size(), 2U);
}

TEST_F(RecordLogReaderTest, AFewBytesOfRubbishAtTheEndAreReported) {
  write_segment(1, test::joined({raw_frame(1, "one"), raw_frame(2, "two")}));
  extend_segment(1, Bytes{std::byte{0xAA}, std::byte{0xBB}, std::byte{0xCC}});
  const Scan found = scan();
  EXPECT_EQ(found.records.size(), 2U);
  EXPECT_EQ(found.report.tail_truncated, 1U);
  EXPECT_EQ(found.report.tail_bytes_discarded, 3U);
}

TEST_F(RecordLogReaderTest, ReservedSpaceIsNoDamage) {
  make_log({"one"});
  extend_segment(1, Bytes(4096));
  const Scan found = scan();
  EXPECT_FALSE(found.error);
  EXPECT_EQ(found.report.tail.kind, TailKind::kUnused);
  EXPECT_EQ(found.report.tail_truncated, 0U);
}

TEST_F(RecordLogReaderTest, DamageBelowTheWatermarkIsAnError) {
  make_log({"one", "two"});
  damage_segment(1, kFrameSize + kFrameHeaderSize);
  const Scan found = scan();
  EXPECT_THAT(found.payloads(), ElementsAre("one"));
  ASSERT_TRUE(found.error);
  EXPECT_EQ(found.error->code, ErrorCode::kCorruption);
}

TEST_F(RecordLogReaderTest, AMissingEndBelowTheWatermarkIsAnError) {
  make_log({"one", "two"});
  cut_segment(1, kFrameSize);
  EXPECT_EQ(scan().error->code, ErrorCode::kCorruption);
}

TEST_F(RecordLogReaderTest, AnImpossibleHeaderIsAnError) {
  make_foreign_log();
  extend_segment(1, Bytes(50, std::byte{'X'}));
  EXPECT_EQ(scan().error->code, ErrorCode::kStructural);
  make_foreign_log();
  damage_segment(1, 2 * kFrameSize + 4);
  EXPECT_EQ(scan().error->code, ErrorCode::kUnsupportedVersion);
}

TEST_F(RecordLogReaderTest, ACorruptSealedSegmentIsAnErrorThatNamesIt) {
  make_foreign_log();
  write_segment(2, raw_frame(4, "later"));
  damage_segment(1, 2 * kFrameSize + kFrameHeaderSize);
  const Scan found = scan();
  EXPECT_THAT(found.payloads(), ElementsAre("one", "two"));
  ASSERT_TRUE(found.error);
  EXPECT_EQ(found.error->code, ErrorCode::kCorruption);
  EXPECT_EQ(found.error->segment, SegmentId{1});
  EXPECT_THAT(found.error->message, HasSubstr("CRC mismatch"));
  EXPECT_THAT(found.error->message, HasSubstr("non-tail"));
}

TEST_F(RecordLogReaderTest, ATruncatedSealedSegmentIsAnError) {
  make_foreign_log();
  write_segment(2, {});
  cut_segment(1, 3 * kFrameSize - 1);
  EXPECT_EQ(scan().error->code, ErrorCode::kCorruption);
}

TEST_F(RecordLogReaderTest, ASegmentWithSecondNamesIsReadAllTheSame) {
  make_log({"one"});
  filesystem_.plant_hard_link("store/00000001.dwal", "elsewhere");
  EXPECT_THAT(scan().payloads(), ElementsAre("one"));
}

TEST_F(RecordLogReaderTest, ScansFromAPosition) {
  make_foreign_log();
  const RecordLogReader reader = open_reader();
  EXPECT_THAT(read_all(reader.scan_from({SegmentId{1}, kFrameSize})).txids(), ElementsAre(2, 3));
  EXPECT_THAT(read_all(reader.scan_from({SegmentId{1}, 3 * kFrameSize})).txids(), IsEmpty());
  EXPECT_EQ(read_all(reader.scan_from({SegmentId{1}, 3 * kFrameSize + 1})).error->code,
            ErrorCode::kGap);
}

TEST_F(RecordLogReaderTest, ScansFromATxid) {
  make_foreign_log();
  write_segment(2, raw_frame(4, "later"));
  const RecordLogReader reader = open_reader();
  EXPECT_THAT(read_all(reader.scan_from_txid(3)).txids(), ElementsAre(3, 4));
  EXPECT_THAT(read_all(reader.scan_from_txid(4)).txids(), ElementsAre(4));
  EXPECT_THAT(read_all(reader.scan_from_txid(5)).txids(), IsEmpty());
}

// A record whose length is damaged, with intact ones behind it, in a log with high txids: only the
// order of the txids tells that those are records.
class RecordLogReaderAtDamage : public RecordLogReaderTest {
 protected:
  static constexpr std::uint64_t kLengthOffset = 21;

  RecordLogReaderAtDamage() {
    write_segment(1, raw_frame(7000, "one"));
    write_segment(2, test::joined({raw_frame(7001, "two"), raw_frame(7002, "six")}));
    damage_segment(2, kLengthOffset);
  }
};

TEST_F(RecordLogReaderAtDamage, AWholeScanRefusesIt) {
  EXPECT_EQ(scan().error->code, ErrorCode::kCorruption);
}

TEST_F(RecordLogReaderAtDamage, AScanThatBeginsThereRefusesItToo) {
  const Scan found = read_all(open_reader().scan_from({SegmentId{2}, 0}));
  ASSERT_TRUE(found.error);
  EXPECT_EQ(found.error->code, ErrorCode::kCorruption);
  EXPECT_EQ(found.report.tail.intact_frames_beyond, 1U);
}

TEST_F(RecordLogReaderAtDamage, AScanFromItsTxidRefusesItToo) {
  EXPECT_EQ(read_all(open_reader().scan_from_txid(7001)).error->code, ErrorCode::kCorruption);
}

TEST_F(RecordLogReaderAtDamage, AScanThatBeginsInsideASegmentRefusesItToo) {
  write_segment(1, test::joined({segment(1), segment(2)}));
  filesystem_.remove("store/00000002.dwal");
  const Scan found = read_all(open_reader().scan_from({SegmentId{1}, kFrameSize}));
  ASSERT_TRUE(found.error);
  EXPECT_EQ(found.error->code, ErrorCode::kCorruption);
}

TEST_F(RecordLogReaderAtDamage, FollowingFromItsTxidRefusesItToo) {
  EXPECT_THAT(open_reader().follow(7001), FailsWith(ErrorCode::kCorruption));
}

TEST_F(RecordLogReaderAtDamage, TheOrderIsTakenFromTheSegmentBefore) {
  write_segment(2, test::joined({raw_frame(7001, "two"), raw_frame(2, "lower")}));
  damage_segment(2, kLengthOffset);
  const Scan found = read_all(open_reader().scan_from({SegmentId{2}, 0}));
  EXPECT_FALSE(found.error);
  EXPECT_EQ(found.report.tail.intact_frames_beyond, 0U);
}

}  // namespace
}  // namespace datawal::record_log_reader_test
