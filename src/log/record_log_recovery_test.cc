// What opening does with what it finds at the end of a log: a test for each row of the table in
// docs/recovery.md, and what follows from it.
#include "log/log_test_support.h"

namespace datawal::record_log_recovery_test {
namespace {

using test::FailsWith;
using test::must;
using test::raw_frame;
using test::read_all;
using test::Succeeds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Bytes first_bytes(Bytes bytes, std::size_t size) {
  bytes.resize(size);
  return bytes;
}

class RecordLogRecovery : public test::SimulatedLog {
 protected:
  static constexpr std::uint64_t kFrameSize = 31;  // of a payload of three letters

  // A log whose records "one" and "two" are durable, and "six" is not; its process is dead.
  void make_killed_log() {
    RecordLog log = open();
    must(log.append(as_bytes("one")));
    must(log.append(as_bytes("two")));
    must(log.sync());
    must(log.append(as_bytes("six")));
    filesystem_.kill_process();
  }
  // The same records by another implementation, which leaves no watermark.
  void make_foreign_log() {
    write_segment(1, test::joined({raw_frame(1, "one"), raw_frame(2, "two"), raw_frame(3, "six")}));
  }
  // The machine has been off since.
  void change_boot() { filesystem_.set_boot_id({std::byte{99}}); }

  void expect_cut(std::uint64_t offset, const Bytes& tail, TailKind kind) {
    RecordLog log = open();
    const RecoveryReport& report = log.recovery_report();
    EXPECT_EQ(report.tail_truncated, 1U);
    EXPECT_EQ(report.tail_bytes_discarded, tail.size());
    EXPECT_EQ(report.tail.kind, kind);
    EXPECT_EQ(report.tail.position, (Position{SegmentId{1}, offset}));
    EXPECT_EQ(report.tail.size, tail.size());
    EXPECT_TRUE(report.tail.cut);
    EXPECT_FALSE(report.tail.deferred);
    EXPECT_EQ(report.tail.quarantine, "00000001.dwal." + std::to_string(offset) + ".quarantine");
    EXPECT_EQ(filesystem_.read_file("store/" + report.tail.quarantine), tail);
    EXPECT_EQ(segment(1).size(), offset);
    EXPECT_EQ(log.end(), (Position{SegmentId{1}, offset}));
  }
  // What is appended after recovery is there after the next one.
  void expect_appends_survive(const std::vector<std::string>& before) {
    {
      RecordLog log = open();
      must(log.append(as_bytes("new")));
      must(log.sync());
    }
    filesystem_.crash(PowerCut::kDropPending);
    std::vector<std::string> all = before;
    all.push_back("new");
    EXPECT_EQ(read_all(open().scan()).payloads(), all);
  }
  void expect_refused(ErrorCode code, std::uint64_t offset, const std::string& words) {
    const Bytes before = segment(1);
    const auto log = try_open();
    ASSERT_THAT(log, FailsWith(code));
    EXPECT_EQ(log.error().segment, SegmentId{1});
    EXPECT_EQ(log.error().offset, offset);
    EXPECT_EQ(log.error().path, "store/00000001.dwal");
    EXPECT_THAT(log.error().message, HasSubstr(words));
    EXPECT_THAT(log.error().message, HasSubstr("datawal repair"));
    EXPECT_EQ(segment(1), before);
  }
};

TEST_F(RecordLogRecovery, BelowTheWatermarkADamagedRecordIsRefused) {
  make_killed_log();
  damage_segment(1, kFrameSize + kFrameHeaderSize);
  expect_refused(ErrorCode::kCorruption, kFrameSize, "acknowledged records are damaged");
}

TEST_F(RecordLogRecovery, BelowTheWatermarkTheEndOfTheFileIsRefused) {
  make_killed_log();
  cut_segment(1, kFrameSize);
  expect_refused(ErrorCode::kCorruption, kFrameSize, "the segment ends early");
}

TEST_F(RecordLogRecovery, BelowTheWatermarkZerosAreRefused) {
  make_killed_log();
  write_segment(1, test::joined({raw_frame(1, "one"), Bytes(100)}));
  expect_refused(ErrorCode::kCorruption, kFrameSize, "only zeros are left");
}

TEST_F(RecordLogRecovery, BelowTheWatermarkOfAnEarlierBootDamageIsRefused) {
  make_killed_log();
  change_boot();
  damage_segment(1, 0);
  expect_refused(ErrorCode::kCorruption, 0, "bad magic");
}

TEST_F(RecordLogRecovery, TheRefusalNamesHowFarTheLogWasDurable) {
  make_killed_log();
  damage_segment(1, kFrameHeaderSize);
  EXPECT_THAT(try_open().error().message, HasSubstr("segment 1, offset 62, txid 2"));
}

TEST_F(RecordLogRecovery, AWholeLogIsClean) {
  make_killed_log();
  const RecordLog log = open();
  EXPECT_EQ(log.recovery_report().tail.kind, TailKind::kClean);
  EXPECT_EQ(log.recovery_report().tail_truncated, 0U);
  EXPECT_EQ(log.recovery_report().durable, (Position{SegmentId{1}, 2 * kFrameSize}));
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("one", "two", "six"));
}

TEST_F(RecordLogRecovery, ZerosBehindTheWatermarkAreCutAsUnusedSpace) {
  make_killed_log();
  extend_segment(1, Bytes(5000));
  {
    const RecordLog log = open();
    EXPECT_EQ(log.recovery_report().tail.kind, TailKind::kUnused);
    EXPECT_EQ(log.recovery_report().tail_truncated, 0U);
    EXPECT_EQ(log.recovery_report().tail_bytes_discarded, 0U);
    EXPECT_EQ(log.recovery_report().tail.size, 5000U);
    EXPECT_TRUE(log.recovery_report().tail.cut);
    EXPECT_EQ(log.recovery_report().tail.quarantine, "");
  }
  EXPECT_EQ(segment(1).size(), 3 * kFrameSize);
  expect_appends_survive({"one", "two", "six"});
}

TEST_F(RecordLogRecovery, ZerosOfAnotherImplementationAreCutAsUnusedSpace) {
  for (const std::size_t size : {1U, 23U, 24U, 4096U}) {
    make_foreign_log();
    extend_segment(1, Bytes(size));
    EXPECT_EQ(open().recovery_report().tail.kind, TailKind::kUnused);
    EXPECT_EQ(segment(1).size(), 3 * kFrameSize);
    expect_appends_survive({"one", "two", "six"});
    filesystem_.remove("store");
  }
}

TEST_F(RecordLogRecovery, ATornRecordIsSetAsideAndCut) {
  make_killed_log();
  const Bytes torn = first_bytes(raw_frame(4, "torn"), 30);
  extend_segment(1, torn);
  expect_cut(3 * kFrameSize, torn, TailKind::kIncomplete);
  expect_appends_survive({"one", "two", "six"});
}

TEST_F(RecordLogRecovery, ARecordDamagedByAPowerCutIsSetAsideWithWhatFollows) {
  make_killed_log();
  change_boot();
  damage_segment(1, 2 * kFrameSize + kFrameHeaderSize);
  extend_segment(1, raw_frame(4, "seven"));
  const Bytes tail = test::joined({segment(1)});
  expect_cut(2 * kFrameSize, Bytes(tail.begin() + 2 * kFrameSize, tail.end()), TailKind::kDamaged);
  expect_appends_survive({"one", "two"});
}

TEST_F(RecordLogRecovery, AnImpossibleHeaderOfAPowerCutIsSetAside) {
  make_killed_log();
  change_boot();
  const Bytes tail = test::joined({Bytes(100), raw_frame(9, "late")});
  extend_segment(1, tail);
  expect_cut(3 * kFrameSize, tail, TailKind::kDamaged);
  expect_appends_survive({"one", "two", "six"});
}

TEST_F(RecordLogRecovery, ThePrefixOfAHeaderBeforeZerosIsSetAside) {
  make_killed_log();
  change_boot();
  Bytes tail = first_bytes(raw_frame(4, "torn"), 2);
  tail.resize(500);
  extend_segment(1, tail);
  expect_cut(3 * kFrameSize, tail, TailKind::kDamaged);
}

TEST_F(RecordLogRecovery, InOneBootAPublishedRecordThatIsDamagedBeforeOthersIsRefused) {
  make_killed_log();
  damage_segment(1, 2 * kFrameSize + kFrameHeaderSize);
  extend_segment(1, test::joined({raw_frame(4, "seven"), raw_frame(5, "eight")}));
  expect_refused(ErrorCode::kCorruption, 2 * kFrameSize, "2 intact records behind it");
}

TEST_F(RecordLogRecovery, InOneBootARecordThatWasNeverPublishedIsSetAside) {
  make_killed_log();
  const Bytes tail = test::joined({Bytes(40), raw_frame(5, "eight")});
  extend_segment(1, tail);
  expect_cut(3 * kFrameSize, tail, TailKind::kDamaged);
}

TEST_F(RecordLogRecovery, InOneBootATornValueThatHoldsRecordsIsSetAside) {
  make_killed_log();
  const Bytes inner = test::joined({raw_frame(5, "inner"), raw_frame(6, "inner")});
  Bytes torn = raw_frame(4, std::string(as_text(inner)) + "and more");
  torn.resize(torn.size() - 10);
  extend_segment(1, torn);
  expect_cut(3 * kFrameSize, torn, TailKind::kIncomplete);
  expect_appends_survive({"one", "two", "six"});
}

TEST_F(RecordLogRecovery, WhereAnotherWriterWentOnBehindATearItIsRefused) {
  make_killed_log();
  change_boot();
  const Bytes torn = first_bytes(raw_frame(4, "torn"), 10);
  extend_segment(1, test::joined({torn, raw_frame(4, "theirs"), raw_frame(5, "theirs")}));
  expect_refused(ErrorCode::kCorruption, 3 * kFrameSize, "2 intact records behind it");
}

TEST_F(RecordLogRecovery, WithoutAWatermarkATornRecordIsSetAside) {
  make_foreign_log();
  const Bytes torn = first_bytes(raw_frame(4, "torn"), 30);
  extend_segment(1, torn);
  expect_cut(3 * kFrameSize, torn, TailKind::kIncomplete);
  expect_appends_survive({"one", "two", "six"});
}

TEST_F(RecordLogRecovery, WithoutAWatermarkADamagedLastRecordIsSetAside) {
  make_foreign_log();
  damage_segment(1, 2 * kFrameSize + kFrameHeaderSize);
  const Bytes whole = segment(1);
  expect_cut(2 * kFrameSize, Bytes(whole.begin() + 2 * kFrameSize, whole.end()),
             TailKind::kDamaged);
  expect_appends_survive({"one", "two"});
}

TEST_F(RecordLogRecovery, WithoutAWatermarkThePrefixOfAHeaderBeforeZerosIsSetAside) {
  for (const std::size_t prefix : {1U, 3U, 4U, 5U, 6U}) {
    make_foreign_log();
    Bytes tail = first_bytes(raw_frame(4, "torn"), prefix);
    tail.resize(200);
    extend_segment(1, tail);
    const auto log = try_open();
    ASSERT_THAT(log, Succeeds());
    EXPECT_EQ(log->recovery_report().tail_bytes_discarded, 200U);
    filesystem_.remove("store");
  }
}

TEST_F(RecordLogRecovery, WithoutAWatermarkDamageBeforeIntactRecordsIsRefused) {
  make_foreign_log();
  damage_segment(1, kFrameSize + kFrameHeaderSize);
  expect_refused(ErrorCode::kCorruption, kFrameSize, "1 intact records behind it");
}

TEST_F(RecordLogRecovery, WithoutAWatermarkATearBeforeIntactRecordsIsRefused) {
  make_foreign_log();
  const Bytes torn = first_bytes(raw_frame(4, "a record that was torn"), 30);
  extend_segment(1, test::joined({torn, raw_frame(4, "behind"), raw_frame(5, "the tear")}));
  expect_refused(ErrorCode::kCorruption, 3 * kFrameSize, "2 intact records behind it");
}

// As the Rust crate leaves it where it goes on behind a torn tail.
TEST_F(RecordLogRecovery, WithoutAWatermarkALogWhoseTxidsWentBackIsJudgedByItsLastOne) {
  write_segment(1, test::joined({raw_frame(10, "one"), raw_frame(5, "two"), raw_frame(6, "six"),
                                 raw_frame(7, "ten")}));
  damage_segment(1, 2 * kFrameSize + 21);  // in its length
  expect_refused(ErrorCode::kCorruption, 2 * kFrameSize, "1 intact records behind it");
}

TEST_F(RecordLogRecovery, WithoutAWatermarkAnImpossibleHeaderIsRefused) {
  make_foreign_log();
  extend_segment(1, Bytes(100, std::byte{'X'}));
  expect_refused(ErrorCode::kStructural, 3 * kFrameSize, "bad magic");
}

TEST_F(RecordLogRecovery, WithoutAWatermarkAnUnknownVersionIsRefused) {
  make_foreign_log();
  damage_segment(1, 2 * kFrameSize + 4);
  expect_refused(ErrorCode::kUnsupportedVersion, 2 * kFrameSize, "unknown wire version");
}

TEST_F(RecordLogRecovery, WithoutAWatermarkAnUnknownTypeOrFlagIsRefused) {
  for (const std::uint64_t offset : {6U, 7U}) {
    make_foreign_log();
    damage_segment(1, 2 * kFrameSize + offset);
    EXPECT_THAT(try_open(), FailsWith(ErrorCode::kUnsupportedVersion));
  }
}

TEST_F(RecordLogRecovery, WithoutAWatermarkAnImpossibleLengthIsRefused) {
  for (const std::uint64_t offset : {18U, 23U}) {
    make_foreign_log();
    damage_segment(1, 2 * kFrameSize + offset);
    EXPECT_THAT(try_open(), FailsWith(ErrorCode::kStructural));
  }
}

TEST_F(RecordLogRecovery, WhatFollowsACleanMarkIsJudgedAsOfAnotherImplementation) {
  make_log({"one", "two"});
  extend_segment(1, raw_frame(3, "six"));
  damage_segment(1, 2 * kFrameSize + kFrameHeaderSize);
  extend_segment(1, raw_frame(4, "seven"));
  change_boot();
  expect_refused(ErrorCode::kCorruption, 2 * kFrameSize, "1 intact records behind it");
}

TEST_F(RecordLogRecovery, BelowACleanMarkDamageIsRefused) {
  make_log({"one", "two"});
  cut_segment(1, kFrameSize + 5);
  expect_refused(ErrorCode::kCorruption, kFrameSize, "truncated record");
}

TEST_F(RecordLogRecovery, DamageInASealedSegmentIsAlwaysRefused) {
  for (const DamagePolicy policy : {DamagePolicy::kRefuse, DamagePolicy::kLongestPrefix}) {
    options_.damage = policy;
    make_foreign_log();
    write_segment(2, raw_frame(4, "later"));
    cut_segment(1, 3 * kFrameSize - 1);
    EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption));
    write_segment(1, Bytes(100));
    EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption));
    make_foreign_log();
    damage_segment(1, 4);
    EXPECT_THAT(try_open(), FailsWith(ErrorCode::kUnsupportedVersion));
  }
}

TEST_F(RecordLogRecovery, ASealedSegmentThatEndsBelowTheWatermarkIsRefused) {
  make_killed_log();
  write_segment(2, {});
  cut_segment(1, kFrameSize);
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption));
}

TEST_F(RecordLogRecovery, AMissingSegmentThatWasDurableIsRefused) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("one")));
    must(log.rotate());
    must(log.append(as_bytes("two")));
  }
  filesystem_.remove("store/00000002.dwal");
  const auto log = try_open();
  ASSERT_THAT(log, FailsWith(ErrorCode::kCorruption));
  EXPECT_EQ(log.error().segment, SegmentId{2});
  EXPECT_EQ(log.error().path, "store/00000002.dwal");
  EXPECT_THAT(log.error().message, HasSubstr("put it back"));
}

TEST_F(RecordLogRecovery, AMissingMiddleSegmentIsReportedAsAGap) {
  options_.segment_size_max = kFrameSize;
  make_log({"one", "two", "six"});
  filesystem_.remove("store/00000002.dwal");
  const RecordLog log = open();
  EXPECT_EQ(log.recovery_report().txid_gaps, 1U);
  EXPECT_EQ(log.recovery_report().first_txid_gap, (Position{SegmentId{3}, 0}));
}

TEST_F(RecordLogRecovery, TheLongestPrefixGoesOnWithWhatIsWholeAndKeepsTheRest) {
  options_.damage = DamagePolicy::kLongestPrefix;
  make_foreign_log();
  damage_segment(1, kFrameSize + kFrameHeaderSize);
  const Bytes whole = segment(1);
  expect_cut(kFrameSize, Bytes(whole.begin() + kFrameSize, whole.end()), TailKind::kDamaged);
  expect_appends_survive({"one"});
}

TEST_F(RecordLogRecovery, TheLongestPrefixGoesOnBelowTheWatermark) {
  make_killed_log();
  damage_segment(1, kFrameSize + kFrameHeaderSize);
  options_.damage = DamagePolicy::kLongestPrefix;
  {
    const RecordLog log = open();
  }
  options_.damage = DamagePolicy::kRefuse;
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("one"));
  expect_appends_survive({"one"});
}

TEST_F(RecordLogRecovery, TheLongestPrefixGoesOnWhereTheEndIsMissing) {
  make_killed_log();
  cut_segment(1, kFrameSize);
  options_.damage = DamagePolicy::kLongestPrefix;
  {
    const RecordLog log = open();
  }
  options_.damage = DamagePolicy::kRefuse;
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("one"));
}

TEST_F(RecordLogRecovery, TheLongestPrefixGoesOnWhereTheRestOfADurableRecordIsZeros) {
  make_killed_log();
  const std::uint64_t size = segment(1).size();
  cut_segment(1, kFrameSize + 3);
  extend_segment(1, Bytes(size - kFrameSize - 3));
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption));
  options_.damage = DamagePolicy::kLongestPrefix;
  {
    const RecordLog log = open();
  }
  options_.damage = DamagePolicy::kRefuse;
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("one"));
}

TEST_F(RecordLogRecovery, TheLongestPrefixStillRefusesAnImpossibleHeader) {
  options_.damage = DamagePolicy::kLongestPrefix;
  make_foreign_log();
  damage_segment(1, 2 * kFrameSize + 4);
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kUnsupportedVersion));
}

TEST_F(RecordLogRecovery, ATxidThatWasTornAwayIsUsedAgain) {
  make_killed_log();
  extend_segment(1, first_bytes(raw_frame(4, "torn"), 20));
  RecordLog log = open();
  EXPECT_EQ(log.last_txid(), 3U);
  EXPECT_EQ(must(log.append(as_bytes("new"))).txid, 4U);
}

TEST_F(RecordLogRecovery, AStaleSidecarOfAnotherLogIsPassedOver) {
  make_log({"one", "two"});
  const auto sidecar = filesystem_.read_file("store/watermark");
  filesystem_.remove("store");
  write_segment(1, raw_frame(1, "another log"));
  filesystem_.write_file("store/watermark", *sidecar);
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("another log"));
}

TEST_F(RecordLogRecovery, ASidecarOfRubbishIsPassedOver) {
  make_log({"one", "two"});
  for (const std::size_t size : {0U, 3U, 1024U, 100'000U}) {
    filesystem_.write_file("store/watermark", Bytes(size, std::byte{0x5A}));
    EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("one", "two"));
  }
}

TEST_F(RecordLogRecovery, WithoutTheSidecarNothingIsLost) {
  make_log({"one", "two"});
  remove_watermark();
  expect_appends_survive({"one", "two"});
}

TEST_F(RecordLogRecovery, OnAFullDiskTheTailStaysUntilTheFirstAppend) {
  make_killed_log();
  const Bytes torn = first_bytes(raw_frame(4, "torn"), 20);
  extend_segment(1, torn);
  filesystem_.set_capacity(0);
  RecordLog log = open();
  EXPECT_FALSE(log.recovery_report().tail.cut);
  ASSERT_TRUE(log.recovery_report().tail.deferred);
  EXPECT_EQ(log.recovery_report().tail.deferred->code, ErrorCode::kNoSpace);
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("one", "two", "six"));
  EXPECT_THAT(log.append(as_bytes("new")), FailsWith(ErrorCode::kNoSpace));
  EXPECT_FALSE(log.is_poisoned());
  EXPECT_EQ(segment(1).size(), 3 * kFrameSize + torn.size());
  filesystem_.set_capacity(std::nullopt);
  EXPECT_EQ(must(log.append(as_bytes("new"))).txid, 4U);
  EXPECT_TRUE(log.recovery_report().tail.cut);
  EXPECT_FALSE(log.recovery_report().tail.deferred);
  EXPECT_THAT(names(), Contains(log.recovery_report().tail.quarantine));
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("one", "two", "six", "new"));
}

TEST_F(RecordLogRecovery, OnAFullDiskRotationDoesNotSealTheTail) {
  make_killed_log();
  extend_segment(1, first_bytes(raw_frame(4, "torn"), 20));
  filesystem_.set_capacity(0);
  RecordLog log = open();
  EXPECT_THAT(log.rotate(), FailsWith(ErrorCode::kNoSpace));
  EXPECT_FALSE(has_segment(2));
}

TEST_F(RecordLogRecovery, WhatIsCutIsInQuarantineBeforeItIsCut) {
  make_killed_log();
  const Bytes torn = first_bytes(raw_frame(4, "torn"), 20);
  extend_segment(1, torn);
  for (std::uint64_t step = 1;; ++step) {
    const auto machine = filesystem_.clone();
    const Options options{.filesystem = machine.get()};
    machine->stop_at_mutation(step);
    (void)RecordLog::open(kStore, options);
    const bool finished = !machine->is_stopped();
    machine->crash(PowerCut::kDropPending);
    const bool uncut = machine->read_file(segment_path(1))->size() == segment(1).size();
    const auto kept = machine->read_file("store/00000001.dwal.93.quarantine");
    EXPECT_TRUE(uncut || kept == torn) << "step " << step;
    const auto log = RecordLog::open(kStore, options);
    ASSERT_THAT(log, Succeeds());
    EXPECT_THAT(read_all(log->scan()).payloads(), ElementsAre("one", "two", "six"));
    if (finished) break;
    ASSERT_LT(step, 50U);
  }
}

TEST_F(RecordLogRecovery, ACutAtEveryByteLosesOnlyWhatWasTorn) {
  make_foreign_log();
  const Bytes whole = segment(1);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    write_segment(1, ByteView(whole).first(size));
    std::vector<std::string> left = {"one", "two", "six"};
    left.resize(size / kFrameSize);
    EXPECT_EQ(read_all(open().scan()).payloads(), left) << size;
    expect_appends_survive(left);
    filesystem_.remove("store");
  }
}

TEST_F(RecordLogRecovery, ReopeningAfterRecoveryFindsACleanLog) {
  make_killed_log();
  extend_segment(1, first_bytes(raw_frame(4, "torn"), 20));
  {
    const RecordLog log = open();
  }
  const RecordLog log = open();
  EXPECT_EQ(log.recovery_report().tail_truncated, 0U);
  EXPECT_EQ(log.recovery_report().tail.kind, TailKind::kClean);
}

TEST_F(RecordLogRecovery, TwoDifferentTailsOfOnePlaceAreBothKept) {
  make_killed_log();
  extend_segment(1, as_bytes("first tail"));
  change_boot();
  {
    const RecordLog log = open();
  }
  extend_segment(1, as_bytes("other tail"));
  EXPECT_EQ(open().recovery_report().tail.quarantine, "00000001.dwal.93.2.quarantine");
  EXPECT_EQ(filesystem_.read_file("store/00000001.dwal.93.quarantine"),
            to_bytes(as_bytes("first tail")));
  EXPECT_EQ(filesystem_.read_file("store/00000001.dwal.93.2.quarantine"),
            to_bytes(as_bytes("other tail")));
}

}  // namespace
}  // namespace datawal::record_log_recovery_test
