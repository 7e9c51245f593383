// After a write or a sync that failed: what is said, what still works, and how to go on.
#include <functional>

#include "log/log_test_support.h"

namespace datawal::record_log_poison_test {
namespace {

using test::FailsWith;
using test::must;
using test::read_all;
using test::Succeeds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An operation that fails, and the reason that every later one gives.
struct PoisonCase {
  std::string name;
  SimulatedFault fault;
  std::function<Status(RecordLog&)> operation;
  std::string reason;
};

Status append(RecordLog& log) {
  const auto appended = log.append(as_bytes("next"));
  return appended ? Status{} : std::unexpected(appended.error());
}
Status sync(RecordLog& log) {
  return log.sync();
}
Status rotate(RecordLog& log) {
  return log.rotate();
}

class RecordLogPoison : public test::SimulatedLog {
 protected:
  // Two durable records, and one that is not.
  RecordLog open_with_records() {
    RecordLog log = open();
    must(log.append(as_bytes("one")));
    must(log.append(as_bytes("two")));
    must(log.sync());
    must(log.append(as_bytes("three")));
    return log;
  }
  // A log whose writer has failed to append.
  RecordLog open_poisoned() {
    RecordLog log = open_with_records();
    filesystem_.inject({.call = SimulatedCall::kWrite});
    EXPECT_THAT(append(log), FailsWith(ErrorCode::kIo));
    return log;
  }

  static void expect_poisoned(RecordLog& log, const std::string& reason) {
    const std::string message = "datawal: writer poisoned: " + reason + "; drop handle and reopen";
    for (const auto& operation : {append, sync, rotate}) {
      const Status status = operation(log);
      ASSERT_THAT(status, FailsWith(ErrorCode::kPoisoned));
      EXPECT_EQ(status.error().message, message);
    }
    EXPECT_TRUE(log.is_poisoned());
  }
};

class RecordLogPoisonCases : public RecordLogPoison,
                             public ::testing::WithParamInterface<PoisonCase> {};

TEST_P(RecordLogPoisonCases, FailsWithTheCauseAndPoisonsWithTheReason) {
  RecordLog log = open_with_records();
  filesystem_.inject(GetParam().fault);
  const Status failed = GetParam().operation(log);
  ASSERT_THAT(failed, FailsWith(ErrorCode::kIo));
  EXPECT_THAT(failed.error().message, ::testing::Not(HasSubstr("poisoned")));
  expect_poisoned(log, GetParam().reason);
}

TEST_P(RecordLogPoisonCases, StillReadsWhatWasAppended) {
  RecordLog log = open_with_records();
  filesystem_.inject(GetParam().fault);
  EXPECT_THAT(GetParam().operation(log), FailsWith(ErrorCode::kIo));
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("one", "two", "three"));
}

TEST_P(RecordLogPoisonCases, ReopeningRecoversAndWritingGoesOn) {
  {
    RecordLog log = open_with_records();
    filesystem_.inject(GetParam().fault);
    EXPECT_THAT(GetParam().operation(log), FailsWith(ErrorCode::kIo));
  }
  {
    RecordLog log = open();
    EXPECT_FALSE(log.is_poisoned());
    EXPECT_EQ(must(log.append(as_bytes("four"))).txid, 4U);
    must(log.sync());
  }
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("one", "two", "three", "four"));
}

INSTANTIATE_TEST_SUITE_P(
    EveryCall, RecordLogPoisonCases,
    ::testing::Values(
        PoisonCase{
            "Append", {.call = SimulatedCall::kWrite}, append, "append_record write_all failed"},
        PoisonCase{"AppendInPart",
                   {.call = SimulatedCall::kWrite, .written_prefix = 20},
                   append,
                   "append_record write_all failed"},
        PoisonCase{"AppendWhole",
                   {.call = SimulatedCall::kWrite, .path_part = ".dwal", .written_prefix = 5},
                   append,
                   "append_record write_all failed"},
        PoisonCase{"Sync", {.call = SimulatedCall::kSync}, sync, "fsync sync_all failed"},
        PoisonCase{"RotateSync",
                   {.call = SimulatedCall::kSync},
                   rotate,
                   "rotate sync_all on previous segment failed"},
        PoisonCase{"RotateCreate",
                   {.call = SimulatedCall::kCreate},
                   rotate,
                   "rotate create new segment failed"},
        PoisonCase{"RotateCreateAllTheSame",
                   {.call = SimulatedCall::kCreate, .takes_effect = true},
                   rotate,
                   "rotate create new segment failed"},
        PoisonCase{"RotateSyncDirectory",
                   {.call = SimulatedCall::kSyncDirectory},
                   rotate,
                   "rotate fsync_dir after segment create failed"}),
    [](const auto& case_info) { return case_info.param.name; });

TEST_F(RecordLogPoison, AFreshLogIsNotPoisoned) {
  EXPECT_FALSE(open().is_poisoned());
}

TEST_F(RecordLogPoison, AFailedDirectorySyncOfALogWithNewNamesPoisons) {
  for (const SimulatedCall call : {SimulatedCall::kSyncDirectory, SimulatedCall::kSyncParent}) {
    write_segment(1, test::raw_frame(1, "of another implementation"));
    RecordLog log = open();
    filesystem_.inject({.call = call});
    EXPECT_THAT(log.sync(), FailsWith(ErrorCode::kIo));
    expect_poisoned(log, "fsync fsync_dir failed");
    filesystem_.remove("store");
  }
}

TEST_F(RecordLogPoison, TheReasonOfTheFirstFailureStays) {
  RecordLog log = open_poisoned();
  filesystem_.inject({.call = SimulatedCall::kSync});
  expect_poisoned(log, "append_record write_all failed");
}

TEST_F(RecordLogPoison, NothingIsWrittenAnyMore) {
  RecordLog log = open_poisoned();
  filesystem_.reset_counts();
  EXPECT_THAT(append(log), FailsWith(ErrorCode::kPoisoned));
  EXPECT_THAT(log.append_record(RecordType::kPut, {}, {}), FailsWith(ErrorCode::kPoisoned));
  EXPECT_THAT(log.sync(), FailsWith(ErrorCode::kPoisoned));
  EXPECT_THAT(log.rotate(), FailsWith(ErrorCode::kPoisoned));
  EXPECT_EQ(filesystem_.call_count(), 0U);
}

TEST_F(RecordLogPoison, TheFailedAppendTakesNoTxidAndIsNotScanned) {
  RecordLog log = open_with_records();
  filesystem_.inject({.call = SimulatedCall::kWrite, .written_prefix = 1000});
  EXPECT_THAT(append(log), FailsWith(ErrorCode::kIo));
  EXPECT_EQ(log.last_txid(), 3U);
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("one", "two", "three"));
}

TEST_F(RecordLogPoison, EverythingAboutTheLogIsStillKnown) {
  const RecordLog log = open_poisoned();
  EXPECT_EQ(log.directory(), "store");
  EXPECT_EQ(log.active_segment(), SegmentId{1});
  EXPECT_EQ(log.durable_txid(), 2U);
  EXPECT_EQ(log.recovery_report().records_replayed, 0U);
}

TEST_F(RecordLogPoison, CloseSaysSoAndReleasesTheLock) {
  RecordLog log = open_poisoned();
  EXPECT_THAT(log.close(), FailsWith(ErrorCode::kPoisoned));
  EXPECT_THAT(log.append({}), FailsWith(ErrorCode::kClosed));
  EXPECT_THAT(try_open(), Succeeds());
}

TEST_F(RecordLogPoison, AFullDiskPoisonsAndAfterSpaceIsMadeNothingIsLost) {
  {
    RecordLog log = open_with_records();
    // Room for a part of the next record.
    filesystem_.set_capacity(segment(1).size() + 1024 + 5 + 10);
    const auto appended = log.append(as_bytes("does not fit"));
    ASSERT_THAT(appended, FailsWith(ErrorCode::kNoSpace));
    expect_poisoned(log, "append_record write_all failed");
  }
  filesystem_.set_capacity(std::nullopt);
  {
    RecordLog log = open();
    EXPECT_EQ(log.recovery_report().tail_truncated, 1U);
    must(log.append(as_bytes("four")));
    must(log.append(as_bytes("five")));
  }
  EXPECT_THAT(read_all(open().scan()).payloads(),
              ElementsAre("one", "two", "three", "four", "five"));
}

TEST_F(RecordLogPoison, ARefusedRecordDoesNotPoison) {
  RecordLog log = open_with_records();
  const Bytes key(kKeySizeMax + 1);
  EXPECT_THAT(log.append_record(RecordType::kPut, key, {}), FailsWith(ErrorCode::kTooLarge));
  EXPECT_FALSE(log.is_poisoned());
  EXPECT_THAT(append(log), Succeeds());
}

TEST_F(RecordLogPoison, AFailureBeforeAnythingWasWrittenDoesNotPoison) {
  make_log({"one"});
  RecordLog log = open();
  filesystem_.inject({.call = SimulatedCall::kOpen, .path_part = "watermark"});
  EXPECT_THAT(append(log), FailsWith(ErrorCode::kIo));
  EXPECT_FALSE(log.is_poisoned());
  EXPECT_THAT(append(log), Succeeds());
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("one", "next"));
}

TEST_F(RecordLogPoison, AFailureInAnAutomaticRotationPoisons) {
  options_.segment_size_max = 100;
  RecordLog log = open_with_records();
  filesystem_.inject({.call = SimulatedCall::kCreate});
  EXPECT_THAT(append(log), FailsWith(ErrorCode::kIo));
  expect_poisoned(log, "rotate create new segment failed");
}

}  // namespace
}  // namespace datawal::record_log_poison_test
