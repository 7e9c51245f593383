// What is durable when, and what it costs.
#include <algorithm>

#include "log/log_test_support.h"

namespace datawal::record_log_sync_test {
namespace {

using test::FailsWith;
using test::must;
using test::read_all;
using test::Succeeds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RecordLogSync : public test::SimulatedLog {
 protected:
  // A log with a record, in which a writer has been at work for a while.
  RecordLog open_settled() {
    RecordLog log = open();
    must(log.append(as_bytes("settled")));
    must(log.sync());
    filesystem_.reset_counts();
    return log;
  }

  [[nodiscard]] std::size_t line_of(std::string_view call) const {
    const std::vector<std::string> trace = filesystem_.trace();
    const auto line = std::ranges::find_if(
        trace, [call](const std::string& text) { return text.starts_with(call); });
    EXPECT_NE(line, trace.end()) << call;
    return static_cast<std::size_t>(line - trace.begin());
  }
};

TEST_F(RecordLogSync, AppendingIsOneWriteAndNothingElse) {
  RecordLog log = open_settled();
  for (int count = 0; count < 10; ++count) must(log.append(as_bytes("record")));
  EXPECT_EQ(count(SimulatedCall::kWrite), 10U);
  EXPECT_EQ(filesystem_.call_count(), 10U);
}

TEST_F(RecordLogSync, SyncIsOneFdatasync) {
  RecordLog log = open_settled();
  for (int count = 0; count < 10; ++count) must(log.append(as_bytes("record")));
  must(log.sync());
  EXPECT_EQ(count(SimulatedCall::kSync), 1U);
  EXPECT_EQ(count(SimulatedCall::kSyncDirectory), 0U);
  EXPECT_EQ(count(SimulatedCall::kSyncParent), 0U);
}

TEST_F(RecordLogSync, SyncingNothingCallsNothing) {
  RecordLog log = open_settled();
  must(log.sync());
  must(log.sync());
  must(log.sync());
  EXPECT_EQ(filesystem_.call_count(), 0U);
}

TEST_F(RecordLogSync, SyncingTwiceSyncsOnce) {
  RecordLog log = open_settled();
  must(log.append(as_bytes("record")));
  must(log.sync());
  must(log.sync());
  EXPECT_EQ(count(SimulatedCall::kSync), 1U);
}

TEST_F(RecordLogSync, TheDirectoryIsSyncedOnceForANewLog) {
  RecordLog log = open();
  must(log.append(as_bytes("first")));
  must(log.sync());
  filesystem_.reset_counts();
  for (int round = 0; round < 3; ++round) {
    must(log.append(as_bytes("more")));
    must(log.sync());
  }
  EXPECT_EQ(count(SimulatedCall::kSyncDirectory), 0U);
  EXPECT_EQ(count(SimulatedCall::kSyncParent), 0U);
}

TEST_F(RecordLogSync, ALogThatWasClosedNeedsNoDirectorySyncWhenReopened) {
  make_log({"a"});
  filesystem_.reset_counts();
  RecordLog log = open();
  must(log.append(as_bytes("b")));
  must(log.sync());
  EXPECT_EQ(count(SimulatedCall::kSyncDirectory), 0U);
  EXPECT_EQ(count(SimulatedCall::kSyncParent), 0U);
  EXPECT_EQ(count(SimulatedCall::kSync), 2U);  // the clean mark is taken back, the record synced
}

TEST_F(RecordLogSync, OpeningAndClosingWithoutWritingSyncsNothing) {
  make_log({"a"});
  filesystem_.reset_counts();
  {
    const RecordLog log = open();
  }
  EXPECT_EQ(count(SimulatedCall::kSync), 0U);
  EXPECT_EQ(count(SimulatedCall::kSyncDirectory), 0U);
  EXPECT_EQ(count(SimulatedCall::kWrite), 0U);
}

TEST_F(RecordLogSync, RotationCostsTwoFdatasyncsAndOneDirectorySync) {
  RecordLog log = open_settled();
  must(log.append(as_bytes("record")));
  filesystem_.reset_counts();
  must(log.rotate());
  EXPECT_EQ(count(SimulatedCall::kSync), 2U);  // of the old segment and of the watermark
  EXPECT_EQ(count(SimulatedCall::kSyncDirectory), 1U);
  EXPECT_EQ(count(SimulatedCall::kSyncParent), 0U);
}

TEST_F(RecordLogSync, NothingIsLeftToSyncAfterRotation) {
  RecordLog log = open_settled();
  must(log.append(as_bytes("record")));
  must(log.rotate());
  filesystem_.reset_counts();
  must(log.sync());
  EXPECT_EQ(filesystem_.call_count(), 0U);
}

TEST_F(RecordLogSync, TheOldSegmentIsSyncedBeforeTheNameOfTheNextAppears) {
  RecordLog log = open_settled();
  must(log.append(as_bytes("unsynced")));
  must(log.rotate());
  const std::vector<std::string> trace = filesystem_.trace();
  const auto last_sync = std::find_if(trace.rbegin(), trace.rend(), [](const std::string& line) {
    return line.starts_with("sync store/00000001.dwal");
  });
  ASSERT_NE(last_sync, trace.rend());
  const auto sync_line = static_cast<std::size_t>(trace.rend() - last_sync) - 1;
  EXPECT_LT(sync_line, line_of("create store/00000002.dwal"));
  EXPECT_LT(line_of("write store/00000001.dwal"), sync_line);
}

TEST_F(RecordLogSync, WhatWasSyncedOutlivesAPowerCut) {
  RecordLog log = open();
  must(log.append(as_bytes("kept")));
  must(log.sync());
  must(log.append(as_bytes("lost")));
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("kept"));
}

TEST_F(RecordLogSync, WhatWasAppendedOutlivesTheProcess) {
  RecordLog log = open();
  must(log.append(as_bytes("kept")));
  filesystem_.kill_process();
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("kept"));
}

TEST_F(RecordLogSync, WhatWasRotatedAwayOutlivesAPowerCut) {
  RecordLog log = open();
  must(log.append(as_bytes("kept")));
  must(log.rotate());
  filesystem_.crash(PowerCut::kDropPending);
  const RecordLog again = open();
  EXPECT_THAT(read_all(again.scan()).payloads(), ElementsAre("kept"));
  EXPECT_EQ(again.active_segment(), SegmentId{2});
}

TEST_F(RecordLogSync, RecordsFoundAtOpenAreSyncedByTheFirstSync) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("left behind")));
    filesystem_.kill_process();
  }
  RecordLog log = open();
  must(log.sync());
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("left behind"));
}

TEST_F(RecordLogSync, RecordsFoundAtOpenAreDurableBeforeAnythingIsAppendedToThem) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("left behind")));
    filesystem_.kill_process();
  }
  RecordLog log = open();
  must(log.append(as_bytes("not synced")));
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("left behind"));
}

TEST_F(RecordLogSync, ALogOfAnotherImplementationIsSyncedByTheFirstSync) {
  write_segment(1, test::raw_frame(1, "foreign"));
  RecordLog log = open();
  filesystem_.reset_counts();
  must(log.sync());
  EXPECT_EQ(count(SimulatedCall::kSync), 1U);
  EXPECT_EQ(count(SimulatedCall::kSyncDirectory), 1U);
  EXPECT_EQ(count(SimulatedCall::kSyncParent), 1U);
}

TEST_F(RecordLogSync, BytesOnWhichASyncHasFailedAreWrittenAgainByTheNextProcess) {
  {
    RecordLog log = open_settled();
    must(log.append(as_bytes("only in the cache")));
    filesystem_.inject({.call = SimulatedCall::kSync});
    EXPECT_THAT(log.sync(), FailsWith(ErrorCode::kIo));
    filesystem_.kill_process();
  }
  RecordLog log = open();
  must(log.sync());
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("settled", "only in the cache"));
}

TEST_F(RecordLogSync, AFailedSyncIsNeverTriedAgain) {
  RecordLog log = open_settled();
  must(log.append(as_bytes("record")));
  filesystem_.inject({.call = SimulatedCall::kSync});
  EXPECT_THAT(log.sync(), FailsWith(ErrorCode::kIo));
  filesystem_.reset_counts();
  EXPECT_THAT(log.sync(), FailsWith(ErrorCode::kPoisoned));
  EXPECT_THAT(log.close(), FailsWith(ErrorCode::kPoisoned));
  EXPECT_EQ(count(SimulatedCall::kSync), 0U);
}

TEST_F(RecordLogSync, TheDurableTxidFollowsTheSyncs) {
  RecordLog log = open();
  EXPECT_EQ(log.durable_txid(), 0U);
  must(log.append(as_bytes("a")));
  must(log.append(as_bytes("b")));
  EXPECT_EQ(log.durable_txid(), 0U);
  must(log.sync());
  EXPECT_EQ(log.durable_txid(), 2U);
  must(log.append(as_bytes("c")));
  EXPECT_EQ(log.durable_txid(), 2U);
  must(log.rotate());
  EXPECT_EQ(log.durable_txid(), 3U);
}

TEST_F(RecordLogSync, TheDurableTxidIsKnownAfterReopening) {
  make_log({"a", "b"});
  const RecordLog log = open();
  EXPECT_EQ(log.durable_txid(), 2U);
  EXPECT_EQ(log.recovery_report().durable, (Position{SegmentId{1}, 58}));
}

TEST_F(RecordLogSync, AFailedSyncLeavesTheDurableTxid) {
  RecordLog log = open_settled();
  must(log.append(as_bytes("record")));
  filesystem_.inject({.call = SimulatedCall::kSync});
  EXPECT_THAT(log.sync(), FailsWith(ErrorCode::kIo));
  EXPECT_EQ(log.durable_txid(), 1U);
  EXPECT_EQ(log.last_txid(), 2U);
}

TEST_F(RecordLogSync, AWatermarkThatCannotBeStoredDoesNotFailTheSync) {
  RecordLog log = open_settled();
  must(log.append(as_bytes("record")));
  filesystem_.inject({.count = SimulatedFault::kForEver,
                      .call = SimulatedCall::kWrite,
                      .path_part = "watermark",
                      .code = ErrorCode::kNoSpace});
  EXPECT_THAT(log.sync(), Succeeds());
  EXPECT_EQ(log.durable_txid(), 2U);
  EXPECT_FALSE(log.is_poisoned());
}

TEST_F(RecordLogSync, SyncingNeedsNoSpaceOnAFullDisk) {
  RecordLog log = open_settled();
  must(log.append(as_bytes("record")));
  filesystem_.set_capacity(0);
  EXPECT_THAT(log.sync(), Succeeds());
  EXPECT_EQ(watermark()->txid, 2U);
}

TEST_F(RecordLogSync, AnEmptyLogThatIsClosedLeavesNothingBesides) {
  {
    const RecordLog log = open();
  }
  EXPECT_THAT(segment(1), IsEmpty());
  EXPECT_THAT(names(), ElementsAre(".lock", "00000001.dwal"));
}

}  // namespace
}  // namespace datawal::record_log_sync_test
