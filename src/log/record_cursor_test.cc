// Scanning a log from any place, by its writer.
#include "log/log_test_support.h"

namespace datawal::record_cursor_test {
namespace {

using test::FailsWith;
using test::must;
using test::read_all;
using test::Scan;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A log of three segments with the txids 1 2 3, 4 5 6, 7 8 9 and an empty fourth one.
class RecordCursorTest : public test::SimulatedLog {
 protected:
  static constexpr std::uint64_t kFrameSize = 29;

  RecordCursorTest() : log_(open()) {
    for (int index = 1; index <= 9; ++index) {
      must(log_.append(as_bytes(std::to_string(index))));
      if (index % 3 == 0) must(log_.rotate());
    }
  }

  RecordLog log_;
};

TEST_F(RecordCursorTest, EachCallGivesTheNextRecord) {
  RecordCursor cursor = log_.scan();
  EXPECT_EQ(must(cursor.next())->txid, 1U);
  EXPECT_EQ(must(cursor.next())->txid, 2U);
}

TEST_F(RecordCursorTest, AfterTheEndThereIsNothingMore) {
  RecordCursor cursor = log_.scan();
  while (must(cursor.next())) {
  }
  EXPECT_EQ(must(cursor.next()), std::nullopt);
  EXPECT_EQ(must(cursor.next()), std::nullopt);
}

TEST_F(RecordCursorTest, RecordsAppendedLaterAreNotSeen) {
  RecordCursor cursor = log_.scan();
  must(log_.append(as_bytes("later")));
  EXPECT_EQ(read_all(std::move(cursor)).txids().back(), 9U);
  EXPECT_EQ(read_all(log_.scan()).txids().back(), 10U);
}

TEST_F(RecordCursorTest, SegmentsBegunLaterAreNotSeen) {
  RecordCursor cursor = log_.scan();
  must(log_.rotate());
  must(log_.append(as_bytes("later")));
  EXPECT_EQ(read_all(std::move(cursor)).txids().size(), 9U);
}

TEST_F(RecordCursorTest, StoppingEarlyLeavesAReportOfWhatWasRead) {
  RecordCursor cursor = log_.scan();
  for (int count = 0; count < 5; ++count) must(cursor.next());
  EXPECT_EQ(cursor.report().records_replayed, 5U);
  EXPECT_EQ(cursor.report().files_scanned, 2U);
  EXPECT_EQ(cursor.report().last_txid_seen, 5U);
  EXPECT_EQ(read_all(log_.scan()).records.size(), 9U);
}

TEST_F(RecordCursorTest, TheReportIsCompleteAtTheEnd) {
  const Scan scan = read_all(log_.scan());
  EXPECT_EQ(scan.report.records_replayed, 9U);
  EXPECT_EQ(scan.report.files_scanned, 4U);
  EXPECT_EQ(scan.report.last_txid_seen, 9U);
  EXPECT_EQ(scan.report.tail_truncated, 0U);
  EXPECT_EQ(scan.report.tail.kind, TailKind::kClean);
}

TEST_F(RecordCursorTest, ItsPositionIsBehindTheLastRecord) {
  RecordCursor cursor = log_.scan();
  must(cursor.next());
  EXPECT_EQ(cursor.position(), (Position{SegmentId{1}, kFrameSize}));
  EXPECT_EQ(read_all(log_.scan()).position, log_.end());
}

TEST_F(RecordCursorTest, AMovedCursorGoesOn) {
  RecordCursor cursor = log_.scan();
  must(cursor.next());
  RecordCursor moved = std::move(cursor);
  EXPECT_EQ(must(moved.next())->txid, 2U);
  moved = log_.scan_from_txid(8);
  EXPECT_EQ(must(moved.next())->txid, 8U);
}

TEST_F(RecordCursorTest, TheFirstRecordNeedsOneRead) {
  filesystem_.reset_counts();
  RecordCursor cursor = log_.scan();
  must(cursor.next());
  EXPECT_EQ(count(SimulatedCall::kRead), 1U);
  EXPECT_EQ(count(SimulatedCall::kOpen), log_.segments().size());
}

TEST_F(RecordCursorTest, FromEachRecordOnTheRestComes) {
  const Scan whole = read_all(log_.scan());
  for (std::size_t index = 0; index < whole.records.size(); ++index) {
    const Scan rest = read_all(log_.scan_from(whole.records[index].ref.position()));
    EXPECT_FALSE(rest.error);
    EXPECT_EQ(rest.records, std::vector(whole.records.begin() + static_cast<std::ptrdiff_t>(index),
                                        whole.records.end()));
  }
}

TEST_F(RecordCursorTest, FromTheEndOfASegmentTheNextOneComes) {
  const Scan scan = read_all(log_.scan_from({SegmentId{2}, 3 * kFrameSize}));
  EXPECT_THAT(scan.txids(), ElementsAre(7, 8, 9));
}

TEST_F(RecordCursorTest, FromTheEndOfTheLogNothingComes) {
  const Scan scan = read_all(log_.scan_from(log_.end()));
  EXPECT_THAT(scan.records, IsEmpty());
  EXPECT_FALSE(scan.error);
  EXPECT_EQ(scan.position, log_.end());
}

TEST_F(RecordCursorTest, FromAPlaceThatIsNoFrameDamageIsReported) {
  const Scan scan = read_all(log_.scan_from({SegmentId{1}, 5}));
  ASSERT_TRUE(scan.error);
  EXPECT_EQ(scan.error->code, ErrorCode::kCorruption);
  EXPECT_EQ(scan.error->segment, SegmentId{1});
  EXPECT_EQ(scan.error->offset, 5U);
}

TEST_F(RecordCursorTest, FromBehindTheEndOfASegmentIsAGap) {
  for (const Position from : {Position{SegmentId{1}, 3 * kFrameSize + 1}, Position{SegmentId{4}, 1},
                              Position{SegmentId{2}, ~std::uint64_t{0}}}) {
    const Scan scan = read_all(log_.scan_from(from));
    ASSERT_TRUE(scan.error);
    EXPECT_EQ(scan.error->code, ErrorCode::kGap);
    EXPECT_EQ(scan.error->segment, from.segment);
  }
}

TEST_F(RecordCursorTest, FromASegmentThatIsNotThereTheNextOneComes) {
  EXPECT_EQ(read_all(log_.scan_from({SegmentId{0}, 77})).txids().size(), 9U);
  const Scan beyond = read_all(log_.scan_from({SegmentId{5}, 0}));
  EXPECT_THAT(beyond.records, IsEmpty());
  EXPECT_FALSE(beyond.error);
}

TEST_F(RecordCursorTest, FromATxidTheRestComes) {
  for (Txid from = 0; from <= 9; ++from) {
    const Scan scan = read_all(log_.scan_from_txid(from));
    ASSERT_EQ(scan.records.size(), from == 0 ? 9U : 10U - from) << from;
    EXPECT_EQ(scan.records.front().txid, std::max<Txid>(from, 1));
  }
}

TEST_F(RecordCursorTest, FromATxidBeyondTheLastNothingComes) {
  EXPECT_THAT(read_all(log_.scan_from_txid(10)).records, IsEmpty());
  EXPECT_THAT(read_all(log_.scan_from_txid(~Txid{0})).records, IsEmpty());
}

TEST_F(RecordCursorTest, FromATxidReadsNoSegmentBeforeIt) {
  filesystem_.reset_counts();
  EXPECT_EQ(read_all(log_.scan_from_txid(9)).records.size(), 1U);
  // The headers of the segments 4 and 3, then segment 3.
  EXPECT_EQ(count(SimulatedCall::kRead), 3U);
}

TEST_F(RecordCursorTest, FromATxidPassesOverWhatIsMissing) {
  const Bytes third = segment(3);
  must(log_.close());
  filesystem_.remove("store");
  write_segment(1, test::joined({test::raw_frame(1, "1"), test::raw_frame(2, "2")}));
  write_segment(3, third);
  const RecordLog log = open();
  EXPECT_THAT(read_all(log.scan_from_txid(4)).txids(), ElementsAre(7, 8, 9));
}

TEST_F(RecordCursorTest, DamageInASealedSegmentIsCorruptionAndNamesThePlace) {
  damage_segment(2, kFrameSize + kFrameHeaderSize);
  const Scan scan = read_all(log_.scan());
  EXPECT_THAT(scan.txids(), ElementsAre(1, 2, 3, 4));
  ASSERT_TRUE(scan.error);
  EXPECT_EQ(scan.error->code, ErrorCode::kCorruption);
  EXPECT_EQ(scan.error->segment, SegmentId{2});
  EXPECT_EQ(scan.error->offset, kFrameSize);
  EXPECT_EQ(scan.error->path, "store/00000002.dwal");
  EXPECT_THAT(scan.error->message, HasSubstr("CRC mismatch"));
  EXPECT_THAT(scan.error->message, HasSubstr("non-tail"));
  EXPECT_THAT(scan.error->message, HasSubstr("datawal salvage"));
}

TEST_F(RecordCursorTest, AnUnknownVersionInASealedSegmentSaysSo) {
  damage_segment(2, 4);
  EXPECT_EQ(read_all(log_.scan()).error->code, ErrorCode::kUnsupportedVersion);
}

TEST_F(RecordCursorTest, ATruncatedSealedSegmentIsCorruption) {
  cut_segment(2, 2 * kFrameSize + 5);
  const Scan scan = read_all(log_.scan());
  ASSERT_TRUE(scan.error);
  EXPECT_EQ(scan.error->code, ErrorCode::kCorruption);
  EXPECT_THAT(scan.error->message, HasSubstr("truncated"));
}

TEST_F(RecordCursorTest, DamageInTheActiveSegmentIsAnErrorToItsWriter) {
  must(log_.append(as_bytes("10")));
  must(log_.append(as_bytes("11")));
  damage_segment(4, kFrameHeaderSize);
  const Scan scan = read_all(log_.scan());
  EXPECT_EQ(scan.records.size(), 9U);
  ASSERT_TRUE(scan.error);
  EXPECT_EQ(scan.error->code, ErrorCode::kCrcMismatch);
  EXPECT_EQ(scan.error->segment, SegmentId{4});
  EXPECT_EQ(scan.error->offset, 0U);
}

TEST_F(RecordCursorTest, AnActiveSegmentCutByAnotherProgramIsAnError) {
  must(log_.append(as_bytes("10")));
  cut_segment(4, 10);
  const Scan scan = read_all(log_.scan());
  ASSERT_TRUE(scan.error);
  EXPECT_EQ(scan.error->code, ErrorCode::kTruncated);
}

TEST_F(RecordCursorTest, AnErrorStays) {
  damage_segment(1, 0);
  RecordCursor cursor = log_.scan();
  const auto first = cursor.next();
  ASSERT_THAT(first, FailsWith(ErrorCode::kCorruption));
  const auto second = cursor.next();
  ASSERT_THAT(second, FailsWith(ErrorCode::kCorruption));
  EXPECT_EQ(first.error().message, second.error().message);
}

TEST_F(RecordCursorTest, DamageFoundByAScanIsRefusedByTheNextOpen) {
  damage_segment(2, kFrameHeaderSize);
  must(log_.close());
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption));
}

TEST_F(RecordCursorTest, AFailureToReadIsAnError) {
  filesystem_.inject({.call = SimulatedCall::kRead, .path_part = "00000002"});
  const Scan scan = read_all(log_.scan());
  EXPECT_THAT(scan.txids(), ElementsAre(1, 2, 3));
  ASSERT_TRUE(scan.error);
  EXPECT_EQ(scan.error->code, ErrorCode::kIo);
}

TEST_F(RecordCursorTest, ASegmentThatIsRemovedMeanwhileIsReadAllTheSame) {
  RecordCursor cursor = log_.scan();
  must(cursor.next());
  filesystem_.remove("store/00000002.dwal");
  const Scan scan = read_all(std::move(cursor));
  EXPECT_THAT(scan.txids(), ElementsAre(2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_FALSE(scan.error);
}

TEST_F(RecordCursorTest, ASegmentThatIsGoneBeforeIsNotFound) {
  filesystem_.remove("store/00000002.dwal");
  EXPECT_THAT(log_.scan().next(), FailsWith(ErrorCode::kNotFound));
}

TEST_F(RecordCursorTest, ARecordLargerThanAnyWindowIsGivenWhole) {
  const std::string large(1'000'000, 'l');
  must(log_.append(as_bytes(large)));
  must(log_.append(as_bytes("behind")));
  const Scan scan = read_all(log_.scan_from_txid(10));
  ASSERT_EQ(scan.records.size(), 2U);
  EXPECT_TRUE(scan.records[0].payload == large);
  EXPECT_EQ(scan.records[1].payload, "behind");
}

TEST_F(RecordCursorTest, ScanningDoesNotChangeTheTxidsToCome) {
  (void)read_all(log_.scan());
  (void)read_all(log_.scan_from_txid(5));
  EXPECT_EQ(must(log_.append(as_bytes("next"))).txid, 10U);
}

}  // namespace
}  // namespace datawal::record_cursor_test
