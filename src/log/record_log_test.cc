// Opening, appending, scanning and closing a log, as one program after another does.
#include "datawal/record_log.h"

#include <limits>
#include <memory>

#include "log/log_test_support.h"

namespace datawal::record_log_test {
namespace {

using test::FailsWith;
using test::must;
using test::OwnedRecord;
using test::read_all;
using test::Scan;
using test::Succeeds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RecordLogTest : public test::SimulatedLog {};

TEST_F(RecordLogTest, OpeningANewDirectoryMakesItsFirstSegmentAndItsLock) {
  const RecordLog log = open();
  EXPECT_TRUE(has_segment(1));
  EXPECT_TRUE(filesystem_.exists("store/.lock"));
  EXPECT_EQ(log.active_segment(), SegmentId{1});
  EXPECT_THAT(log.segments(), ElementsAre(SegmentId{1}));
  EXPECT_EQ(log.directory(), "store");
}

TEST_F(RecordLogTest, ANewLogIsEmpty) {
  const RecordLog log = open();
  const Scan scan = read_all(log.scan());
  EXPECT_THAT(scan.records, IsEmpty());
  EXPECT_FALSE(scan.error);
  EXPECT_EQ(log.last_txid(), 0U);
  EXPECT_EQ(log.end(), (Position{SegmentId{1}, 0}));
  const RecoveryReport& report = log.recovery_report();
  EXPECT_EQ(report.files_scanned, 1U);
  EXPECT_EQ(report.records_replayed, 0U);
  EXPECT_EQ(report.last_txid_seen, 0U);
  EXPECT_EQ(report.tail_truncated, 0U);
  EXPECT_EQ(report.tail.kind, TailKind::kClean);
}

TEST_F(RecordLogTest, OpeningMakesMissingParents) {
  must(RecordLog::open("far/away/store", options_));
  EXPECT_TRUE(filesystem_.exists("far/away/store/00000001.dwal"));
}

TEST_F(RecordLogTest, ANewLogSurvivesAPowerCutWithItsParents) {
  RecordLog log = must(RecordLog::open("far/store", options_));
  must(log.append(as_bytes("kept")));
  must(log.sync());
  filesystem_.crash(PowerCut::kDropPending);
  const RecordLog again = must(RecordLog::open("far/store", options_));
  EXPECT_THAT(read_all(again.scan()).payloads(), ElementsAre("kept"));
}

TEST_F(RecordLogTest, TheFirstRecordIsAtTheStartOfSegmentOneWithTxidOne) {
  RecordLog log = open();
  const Appended appended = must(log.append(as_bytes("hello")));
  EXPECT_EQ(appended.txid, 1U);
  EXPECT_EQ(appended.ref, (RecordRef{SegmentId{1}, 33, 0}));
  EXPECT_THAT(read_all(log.scan()).records,
              ElementsAre(OwnedRecord{RecordType::kRaw, 1, "", "hello", appended.ref}));
}

TEST_F(RecordLogTest, ScanGivesRecordsInTheOrderOfAppending) {
  RecordLog log = open();
  for (int index = 0; index < 50; ++index) must(log.append(as_bytes(std::to_string(index))));
  const Scan scan = read_all(log.scan());
  ASSERT_EQ(scan.records.size(), 50U);
  for (std::size_t index = 0; index < 50; ++index) {
    EXPECT_EQ(scan.records[index].txid, index + 1);
    EXPECT_EQ(scan.records[index].payload, std::to_string(index));
  }
}

TEST_F(RecordLogTest, AnyTypeTakesAnyKeyAndPayload) {
  RecordLog log = open();
  must(log.append_record(RecordType::kPut, as_bytes("key"), as_bytes("value")));
  must(log.append_record(RecordType::kDelete, as_bytes("key"), as_bytes("why")));
  must(log.append_record(RecordType::kRaw, as_bytes("key"), {}));
  must(log.append_record(RecordType::kPut, {}, {}));
  const Scan scan = read_all(log.scan());
  ASSERT_EQ(scan.records.size(), 4U);
  EXPECT_EQ(scan.records[1].type, RecordType::kDelete);
  EXPECT_EQ(scan.records[1].payload, "why");
  EXPECT_EQ(scan.records[2].key, "key");
  EXPECT_EQ(scan.records[3].ref.size, kFrameSizeMin);
}

TEST_F(RecordLogTest, SegmentsHoldNothingButFrames) {
  make_log({"alpha", "beta"});
  EXPECT_EQ(segment(1), test::joined({test::raw_frame(1, "alpha"), test::raw_frame(2, "beta")}));
}

TEST_F(RecordLogTest, AppendedRecordsAreThereAfterReopening) {
  make_log({"one", "two", "three"});
  const RecordLog log = open();
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("one", "two", "three"));
  EXPECT_EQ(log.recovery_report().records_replayed, 3U);
  EXPECT_EQ(log.recovery_report().last_txid_seen, 3U);
  EXPECT_EQ(log.recovery_report().tail_truncated, 0U);
}

TEST_F(RecordLogTest, ReopeningTwiceGivesTheSameRecords) {
  make_log({"one", "two"});
  const Scan first = read_all(open().scan());
  const Scan second = read_all(open().scan());
  EXPECT_EQ(first.records, second.records);
}

TEST_F(RecordLogTest, TxidsGoOnAfterReopeningAndRotation) {
  {
    RecordLog log = open();
    EXPECT_EQ(must(log.append(as_bytes("a"))).txid, 1U);
    must(log.rotate());
    EXPECT_EQ(must(log.append(as_bytes("b"))).txid, 2U);
  }
  RecordLog log = open();
  EXPECT_EQ(log.last_txid(), 2U);
  EXPECT_EQ(must(log.append(as_bytes("c"))).txid, 3U);
}

TEST_F(RecordLogTest, ARefusedAppendTakesNoTxid) {
  RecordLog log = open();
  const std::string key(kKeySizeMax + 1, 'k');
  EXPECT_THAT(log.append_record(RecordType::kPut, as_bytes(key), {}),
              FailsWith(ErrorCode::kTooLarge));
  EXPECT_FALSE(log.is_poisoned());
  EXPECT_EQ(must(log.append(as_bytes("next"))).txid, 1U);
  EXPECT_EQ(segment(1), test::raw_frame(1, "next"));
}

TEST_F(RecordLogTest, APayloadAboveItsLimitIsRefused) {
  RecordLog log = open();
  const Bytes payload(kPayloadSizeMax + 1);
  EXPECT_THAT(log.append(payload), FailsWith(ErrorCode::kTooLarge));
  EXPECT_EQ(segment(1).size(), 0U);
}

TEST_F(RecordLogTest, ATypeThatDoesNotExistIsRefused) {
  RecordLog log = open();
  EXPECT_THAT(log.append_record(static_cast<RecordType>(9), {}, {}),
              FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_FALSE(log.is_poisoned());
  EXPECT_EQ(must(log.append({})).txid, 1U);
}

TEST_F(RecordLogTest, KeysAndPayloadsAtTheirLimitsAreKept) {
  RecordLog log = open();
  const std::string key(kKeySizeMax, 'k');
  const std::string payload(kPayloadSizeMax, 'p');
  const Appended appended =
      must(log.append_record(RecordType::kPut, as_bytes(key), as_bytes(payload)));
  EXPECT_EQ(appended.ref.size, kFrameSizeMax);
  must(log.append(as_bytes("after")));
  const Scan scan = read_all(log.scan());
  ASSERT_EQ(scan.records.size(), 2U);
  EXPECT_EQ(scan.records[0].key, key);
  EXPECT_TRUE(scan.records[0].payload == payload);
}

TEST_F(RecordLogTest, TheLastTxidCanBeUsedAndThenTheyHaveRunOut) {
  constexpr Txid kLast = std::numeric_limits<Txid>::max();
  write_segment(1, test::raw_frame(kLast - 1, "before"));
  RecordLog log = open();
  EXPECT_EQ(must(log.append(as_bytes("last"))).txid, kLast);
  EXPECT_THAT(log.append(as_bytes("more")), FailsWith(ErrorCode::kExhausted));
  EXPECT_FALSE(log.is_poisoned());
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("before", "last"));
}

TEST_F(RecordLogTest, TxidsGoOnFromTheHighestAndNotFromTheLast) {
  write_segment(1, test::joined({test::raw_frame(7, "a"), test::raw_frame(3, "b")}));
  RecordLog log = open();
  EXPECT_EQ(log.last_txid(), 7U);
  EXPECT_EQ(must(log.append(as_bytes("c"))).txid, 8U);
}

TEST_F(RecordLogTest, GapsAndRepetitionsOfTxidsAreReported) {
  write_segment(1, test::joined({test::raw_frame(1, "a"), test::raw_frame(2, "b")}));
  write_segment(3, test::joined({test::raw_frame(5, "c"), test::raw_frame(5, "d")}));
  const RecordLog log = open();
  EXPECT_EQ(log.recovery_report().txid_gaps, 2U);
  EXPECT_EQ(log.recovery_report().first_txid_gap, (Position{SegmentId{3}, 0}));
}

TEST_F(RecordLogTest, ALogThatBeginsLaterHasNoGap) {
  write_segment(4, test::joined({test::raw_frame(70, "a"), test::raw_frame(71, "b")}));
  EXPECT_EQ(open().recovery_report().txid_gaps, 0U);
}

TEST_F(RecordLogTest, EmptySegmentsAndGapsInTheirIdsAreNothingSpecial) {
  write_segment(2, test::raw_frame(1, "a"));
  write_segment(3, {});
  write_segment(7, test::raw_frame(2, "b"));
  write_segment(9, {});
  RecordLog log = open();
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("a", "b"));
  EXPECT_THAT(log.segments(), ElementsAre(SegmentId{2}, SegmentId{3}, SegmentId{7}, SegmentId{9}));
  EXPECT_EQ(log.recovery_report().files_scanned, 4U);
  EXPECT_EQ(must(log.append(as_bytes("c"))).ref, (RecordRef{SegmentId{9}, 29, 0}));
}

TEST_F(RecordLogTest, SegmentZeroIsASegment) {
  write_segment(0, test::raw_frame(1, "a"));
  RecordLog log = open();
  EXPECT_EQ(log.active_segment(), SegmentId{0});
  EXPECT_EQ(must(log.append(as_bytes("b"))).ref, (RecordRef{SegmentId{0}, 29, 29}));
  must(log.close());
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("a", "b"));
}

TEST_F(RecordLogTest, WhatIsNoSegmentIsLeftAlone) {
  make_log({"a"});
  for (const std::string_view name : {"1.dwal", "000000002.dwal", "0000000a.dwal", "00000002.txt",
                                      "00000001.dwal.0.quarantine", "notes"}) {
    filesystem_.write_file(std::filesystem::path("store") / name, as_bytes("not a frame"));
  }
  filesystem_.plant_directory("store/sub");
  const RecordLog log = open();
  EXPECT_THAT(log.segments(), ElementsAre(SegmentId{1}));
  EXPECT_EQ(filesystem_.read_file("store/notes"), to_bytes(as_bytes("not a frame")));
}

TEST_F(RecordLogTest, ASymbolicLinkInPlaceOfASegmentIsRefusedAndNotFollowed) {
  make_log({"a"});
  filesystem_.plant_symlink("store/00000002.dwal");
  const auto log = try_open();
  ASSERT_THAT(log, FailsWith(ErrorCode::kNotRegularFile));
  EXPECT_EQ(log.error().segment, SegmentId{2});
  EXPECT_EQ(log.error().path, "store/00000002.dwal");
}

TEST_F(RecordLogTest, ALoneSymbolicLinkInPlaceOfTheFirstSegmentIsRefused) {
  filesystem_.plant_directory("store");
  filesystem_.plant_symlink("store/00000001.dwal");
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kNotRegularFile));
}

TEST_F(RecordLogTest, ADirectoryOrFifoInPlaceOfASegmentIsRefused) {
  filesystem_.plant_directory("store/00000001.dwal");
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kNotRegularFile));
  filesystem_.remove("store/00000001.dwal");
  filesystem_.plant_fifo("store/00000001.dwal");
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kNotRegularFile));
}

TEST_F(RecordLogTest, ASegmentWithASecondNameIsRefusedForWriting) {
  make_log({"a"});
  filesystem_.plant_hard_link("store/00000001.dwal", "elsewhere");
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kNotRegularFile));
}

TEST_F(RecordLogTest, WithoutCreateIfMissingAMissingDirectoryIsNotFound) {
  options_.create_if_missing = false;
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kNotFound));
  EXPECT_FALSE(filesystem_.exists("store"));
}

TEST_F(RecordLogTest, WithoutCreateIfMissingADirectoryWithoutSegmentsIsNotFoundAndLeftAsItWas) {
  filesystem_.plant_directory("store");
  options_.create_if_missing = false;
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kNotFound));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(RecordLogTest, WithoutCreateIfMissingAnExistingLogOpens) {
  make_log({"a"});
  options_.create_if_missing = false;
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("a"));
}

TEST_F(RecordLogTest, AFileInPlaceOfTheDirectoryIsRefused) {
  filesystem_.write_file("store", as_bytes("a file"));
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(RecordLogTest, ASegmentSizeOfNothingOrTooMuchIsRefused) {
  options_.segment_size_max = 0;
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kInvalidArgument));
  options_.segment_size_max = (std::uint64_t{1} << 40) + 1;
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kInvalidArgument));
  options_.segment_size_max = std::uint64_t{1} << 40;
  EXPECT_THAT(try_open(), Succeeds());
}

TEST_F(RecordLogTest, ASecondWriterIsRefusedWhileTheFirstIsOpen) {
  {
    const RecordLog log = open();
    const auto second = try_open();
    ASSERT_THAT(second, FailsWith(ErrorCode::kLocked));
    EXPECT_THAT(second.error().message, HasSubstr("already locked"));
    EXPECT_EQ(second.error().path, "store/.lock");
  }
  EXPECT_THAT(try_open(), Succeeds());
}

TEST_F(RecordLogTest, ASecondWriterInAnotherProcessIsRefusedUntilTheFirstDies) {
  const RecordLog log = open();
  const auto other = filesystem_.new_process();
  Options options{.filesystem = other.get()};
  EXPECT_THAT(RecordLog::open("store", options), FailsWith(ErrorCode::kLocked));
  filesystem_.kill_process();
  EXPECT_THAT(RecordLog::open("store", options), Succeeds());
}

TEST_F(RecordLogTest, AFailedOpenReleasesTheLock) {
  make_log({"a"});
  filesystem_.inject({.call = SimulatedCall::kRead, .path_part = "00000001.dwal"});
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kIo));
  EXPECT_THAT(try_open(), Succeeds());
}

TEST_F(RecordLogTest, ALockFileLeftBehindIsNoLock) {
  filesystem_.write_file("store/.lock", as_bytes("12345\n"));
  EXPECT_THAT(try_open(), Succeeds());
}

TEST_F(RecordLogTest, TheLockFileStays) {
  make_log({"a"});
  EXPECT_TRUE(filesystem_.exists("store/.lock"));
}

TEST_F(RecordLogTest, CloseMakesRecordsDurable) {
  make_log({"a", "b"});
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("a", "b"));
}

TEST_F(RecordLogTest, DestructionMakesRecordsDurable) {
  {
    must(open().append(as_bytes("a")));
  }
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("a"));
}

TEST_F(RecordLogTest, CloseReleasesTheLock) {
  RecordLog log = open();
  must(log.close());
  EXPECT_THAT(try_open(), Succeeds());
}

TEST_F(RecordLogTest, WritesAfterCloseSaySo) {
  RecordLog log = open();
  must(log.append(as_bytes("a")));
  must(log.close());
  EXPECT_THAT(log.append({}), FailsWith(ErrorCode::kClosed));
  EXPECT_THAT(log.append_record(RecordType::kPut, {}, {}), FailsWith(ErrorCode::kClosed));
  EXPECT_THAT(log.sync(), FailsWith(ErrorCode::kClosed));
  EXPECT_THAT(log.rotate(), FailsWith(ErrorCode::kClosed));
}

TEST_F(RecordLogTest, ReadingGoesOnAfterClose) {
  RecordLog log = open();
  must(log.append(as_bytes("a")));
  must(log.close());
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("a"));
  EXPECT_EQ(log.last_txid(), 1U);
  EXPECT_FALSE(log.is_poisoned());
}

TEST_F(RecordLogTest, ClosingTwiceIsFine) {
  RecordLog log = open();
  must(log.close());
  EXPECT_THAT(log.close(), Succeeds());
}

TEST_F(RecordLogTest, CloseReportsAFailedSyncAndReleasesTheLock) {
  RecordLog log = open();
  must(log.append(as_bytes("a")));
  filesystem_.inject({.call = SimulatedCall::kSync, .path_part = "00000001.dwal"});
  EXPECT_THAT(log.close(), FailsWith(ErrorCode::kIo));
  EXPECT_THAT(try_open(), Succeeds());
}

TEST_F(RecordLogTest, AMovedLogGoesOnWriting) {
  RecordLog log = open();
  must(log.append(as_bytes("a")));
  RecordLog moved = std::move(log);
  must(moved.append(as_bytes("b")));
  EXPECT_THAT(read_all(moved.scan()).payloads(), ElementsAre("a", "b"));
}

TEST_F(RecordLogTest, MovingIntoALogClosesWhatItHeld) {
  RecordLog first = must(RecordLog::open("first", options_));
  must(first.append(as_bytes("a")));
  RecordLog second = must(RecordLog::open("second", options_));
  first = std::move(second);
  EXPECT_EQ(first.directory(), "second");
  EXPECT_THAT(RecordLog::open("first", options_), Succeeds());
  filesystem_.crash(PowerCut::kDropPending);
  const RecordLog again = must(RecordLog::open("first", options_));
  EXPECT_THAT(read_all(again.scan()).payloads(), ElementsAre("a"));
}

TEST_F(RecordLogTest, ACursorOutlivesItsLog) {
  std::optional<RecordCursor> cursor;
  {
    RecordLog log = open();
    must(log.append(as_bytes("a")));
    cursor = log.scan();
  }
  EXPECT_THAT(read_all(*std::move(cursor)).payloads(), ElementsAre("a"));
}

TEST_F(RecordLogTest, ANewLogOnAFullDiskIsRefusedAndNothingIsPoisonedByIt) {
  filesystem_.inject({.call = SimulatedCall::kCreate, .code = ErrorCode::kNoSpace});
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kNoSpace));
  EXPECT_THAT(try_open(), Succeeds());
}

TEST_F(RecordLogTest, AReadOnlyDiskIsAnEnvironmentError) {
  make_log({"a"});
  filesystem_.set_read_only(true);
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kIo));
}

}  // namespace
}  // namespace datawal::record_log_test
