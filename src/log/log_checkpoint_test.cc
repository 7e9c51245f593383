// A checkpoint: a store of its own that shares sealed segments with the one it was made of.
#include "log/copy_test_support.h"

namespace datawal::log_checkpoint_test {
namespace {

using test::FailsWith;
using test::must;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Checkpoint : public test::CopiedLog {
 protected:
  void expect_three_segments() const {
    EXPECT_EQ(txids_in(kTarget), up_to(10));
    EXPECT_THAT(names_at(kTarget),
                ElementsAre("00000001.dwal", "00000002.dwal", "00000003.dwal", "watermark"));
  }
};

TEST_F(Checkpoint, SharesWhatIsSealedAndOwnsWhatIsWritten) {
  RecordLog log = make_three_segments();
  const CopyStats stats = must(log.checkpoint(kTarget));
  expect_three_segments();
  EXPECT_TRUE(has_several_links(kTarget, 1));
  EXPECT_TRUE(has_several_links(kTarget, 2));
  EXPECT_FALSE(has_several_links(kTarget, 3));
  EXPECT_FALSE(has_several_links(kStore, 3));
  EXPECT_EQ(segment_of(kTarget, 3), frames({9, 10}));
  EXPECT_EQ(stats.segments_linked, 2U);
  EXPECT_EQ(stats.segments_copied, 1U);
  EXPECT_EQ(stats.segments_unchanged, 0U);
  EXPECT_EQ(stats.bytes_copied, frames({9, 10}).size());
  EXPECT_EQ(stats.bytes, frames(up_to(10)).size());
  EXPECT_EQ(stats.records, 10U);
  EXPECT_EQ(stats.last_txid, 10U);
}

TEST_F(Checkpoint, ItAndItsSourceGoOnEachOnItsOwn) {
  RecordLog log = make_three_segments();
  must(log.checkpoint(kTarget));
  RecordLog copy = must(RecordLog::open(kTarget, options_));
  append(log, 1);
  must(log.rotate());
  append(log, 1);
  append(copy, 5);
  must(copy.rotate());
  must(log.close());
  must(copy.close());
  EXPECT_EQ(txids_in(kStore), up_to(12));
  EXPECT_EQ(txids_in(kTarget), up_to(15));
  EXPECT_EQ(segment(3), frames({9, 10, 11}));
  EXPECT_EQ(open().recovery_report().records_replayed, 12U);
}

TEST_F(Checkpoint, IsDurableWhenItReturnsWithEverythingAppendedBefore) {
  for (const bool can_link : {true, false}) {
    RecordLog log = make_three_segments();
    filesystem_.set_linking(can_link);
    must(log.checkpoint("on the way/target"));
    filesystem_.crash(PowerCut::kDropPending);
    EXPECT_EQ(txids_in("on the way/target"), up_to(10));
    EXPECT_EQ(must(RecordLog::open("on the way/target", options_)).last_txid(), 10U);
    filesystem_.remove("on the way");
    filesystem_.remove(kStore);
  }
}

TEST_F(Checkpoint, CopiesWhereThereAreNoLinks) {
  RecordLog log = make_three_segments();
  filesystem_.set_linking(false);
  const CopyStats stats = must(log.checkpoint(kTarget));
  expect_three_segments();
  EXPECT_EQ(stats.segments_linked, 0U);
  EXPECT_EQ(stats.segments_copied, 3U);
  EXPECT_EQ(stats.bytes_copied, frames(up_to(10)).size());
  for (const std::uint32_t id : {1U, 2U, 3U}) EXPECT_FALSE(has_several_links(kTarget, id));
}

// Its watermark says that all of it is durable: what is missing is damage, and no torn tail.
TEST_F(Checkpoint, OpensAsALogThatWasClosed) {
  RecordLog log = make_three_segments();
  must(log.checkpoint(kTarget));
  const Position end{SegmentId{3}, frames({9, 10}).size()};
  EXPECT_EQ(must(RecordLog::open(kTarget, options_)).recovery_report().durable, end);
  Bytes last = segment_of(kTarget, 3);
  last.pop_back();
  filesystem_.write_file("target/00000003.dwal", last);
  EXPECT_THAT(RecordLog::open(kTarget, options_), FailsWith(ErrorCode::kCorruption));
}

TEST_F(Checkpoint, LeavesOutWhatIsNoRecord) {
  make_log({"one"});
  extend_segment(1, as_bytes("torn"));
  filesystem_.write_file("store/keydir.ckpt", as_bytes("an index"));
  RecordLog log = open();
  append(log, 1);
  filesystem_.write_file("store/00000001.dwal.hint", as_bytes("a hint"));
  EXPECT_THAT(names(), ::testing::Contains(HasSubstr("quarantine")));
  must(log.checkpoint(kTarget));
  EXPECT_THAT(names_at(kTarget), ElementsAre("00000001.dwal", "watermark"));
}

TEST_F(Checkpoint, OfALogWithoutARecordIsOne) {
  RecordLog log = open();
  must(log.checkpoint(kTarget));
  EXPECT_THAT(names_at(kTarget), ElementsAre("00000001.dwal"));
  append(log, 1);
  must(log.rotate());
  must(log.checkpoint("rotated"));
  EXPECT_EQ(txids_in("rotated"), up_to(1));
  RecordLog copy = must(RecordLog::open("rotated", options_));
  append(copy, 1);
  must(copy.close());
  EXPECT_EQ(txids_in("rotated"), up_to(2));
}

TEST_F(Checkpoint, RefusesWhatIsThere) {
  RecordLog log = make_three_segments();
  filesystem_.write_file("target/something", as_bytes("of somebody"));
  EXPECT_THAT(log.checkpoint(kTarget), FailsWith(ErrorCode::kNotEmpty));
  EXPECT_THAT(log.checkpoint(kStore), FailsWith(ErrorCode::kNotEmpty));
  EXPECT_THAT(log.checkpoint(""), FailsWith(ErrorCode::kInvalidArgument));
  filesystem_.write_file("file", {});
  EXPECT_THAT(log.checkpoint("file"), FailsWith(ErrorCode::kAlreadyExists));
  EXPECT_THAT(names_at(kTarget), ElementsAre("something"));
  must(log.close());
  EXPECT_THAT(log.checkpoint("other"), FailsWith(ErrorCode::kClosed));
  expect_beside({"file", "store", "target"});
}

TEST_F(Checkpoint, OfAPoisonedLogIsRefused) {
  RecordLog log = make_three_segments();
  filesystem_.inject({.call = SimulatedCall::kSync});
  EXPECT_FALSE(log.checkpoint(kTarget));
  EXPECT_TRUE(log.is_poisoned());
  EXPECT_THAT(log.checkpoint(kTarget), FailsWith(ErrorCode::kPoisoned));
  expect_beside({"store"});
}

TEST_F(Checkpoint, OfADamagedLogIsRefusedAndNothingStays) {
  RecordLog log = make_three_segments();
  damage_segment(2, 40);
  const Result<CopyStats> made = log.checkpoint(kTarget);
  ASSERT_THAT(made, FailsWith(ErrorCode::kCorruption));
  EXPECT_EQ(made.error().segment, SegmentId{2});
  EXPECT_EQ(made.error().offset, 0U + frames({5}).size());
  EXPECT_THAT(made.error().message, HasSubstr("salvage"));
  EXPECT_FALSE(log.is_poisoned());
  expect_beside({"store"});
}

// In the middle of any of its syncs somebody appends, rotates, and appends again.
TEST_F(Checkpoint, HasTheLogOfOneInstantWhileOthersWrite) {
  for (int number = 1; number <= 8; ++number) {
    RecordLog log = make_three_segments();
    bool has_written = false;
    during_sync(number, [&] {
      append(log, 2);
      if (number > 1) must(log.rotate());
      append(log, 3);
      has_written = true;
    });
    const CopyStats stats = must(log.checkpoint(kTarget));
    filesystem_.on_sync({});
    EXPECT_THAT(txids_in(kTarget), ::testing::AnyOf(up_to(10), up_to(12), up_to(15))) << number;
    EXPECT_EQ(txids_in(kTarget), up_to(stats.last_txid));
    EXPECT_TRUE(has_written || number > 4);
    must(log.close());
    EXPECT_EQ(open().last_txid(), has_written ? 15U : 10U);
    filesystem_.remove(kTarget);
    filesystem_.remove(kStore);
  }
}

// Two segments become one in the middle of it: with the first as it was and without the second,
// records would be missing.
TEST_F(Checkpoint, HasTheLogOfOneInstantBesideACompaction) {
  for (const bool can_link : {true, false}) {
    for (int number = 1; number <= 5; ++number) {
      for (const bool merges : {true, false}) {
        RecordLog log = make_three_segments();
        filesystem_.set_linking(can_link);
        during_sync(number, [&] {
          replace_segment(1, merges ? std::vector<Txid>{3, 5, 6, 7, 8} : std::vector<Txid>{3, 4});
          if (merges) remove_segment(2);
        });
        must(log.checkpoint(kTarget));
        filesystem_.on_sync({});
        const std::vector<Txid> merged = {3, 5, 6, 7, 8, 9, 10};
        const std::vector<Txid> rewritten = {3, 4, 5, 6, 7, 8, 9, 10};
        EXPECT_THAT(txids_in(kTarget), ::testing::AnyOf(up_to(10), merges ? merged : rewritten))
            << number << merges << can_link;
        filesystem_.remove(kTarget);
        filesystem_.remove(kStore);
      }
    }
  }
}

TEST_F(Checkpoint, GivesUpWhereEverythingChangesAllTheTime) {
  RecordLog log = make_three_segments();
  must(log.sync());
  filesystem_.on_sync([&] { replace_segment(1, {1, 2, 3, 4}); });
  const Result<CopyStats> made = log.checkpoint(kTarget);
  ASSERT_THAT(made, FailsWith(ErrorCode::kIo));
  EXPECT_THAT(made.error().message, HasSubstr("try again"));
  expect_beside({"store"});
}

// A segment is sealed when the next one has its name. If a power cut took that name again, the
// sealed one would be written to.
TEST_F(Checkpoint, LinksNothingThatAPowerCutMakesTheActiveSegmentAgain) {
  RecordLog log = make_three_segments();
  must(log.sync());
  // The next segment is there, and nobody has synced its name.
  const auto directory = must(filesystem_.open_directory(kStore));
  must(directory->open("00000004.dwal", OpenMode::kCreateExclusive));
  must(checkpoint(kStore, kTarget, options_));
  EXPECT_TRUE(has_several_links(kTarget, 3));
  filesystem_.crash(PowerCut::kDropPending);
  RecordLog again = open();
  append(again, 1);
  must(again.close());
  EXPECT_EQ(txids_in(kStore), up_to(11));
  EXPECT_EQ(txids_in(kTarget), up_to(10));
}

TEST_F(Checkpoint, NeedsNoLockAndLeavesOutATornTail) {
  const RecordLog log = make_three_segments();
  must(checkpoint(kStore, kTarget, options_));
  expect_three_segments();
  extend_segment(3, as_bytes("DWAL"));
  const CopyStats stats = must(checkpoint(kStore, "torn", options_));
  EXPECT_EQ(stats.tail.kind, TailKind::kIncomplete);
  EXPECT_EQ(stats.tail.size, 4U);
  EXPECT_EQ(txids_in("torn"), up_to(10));
}

TEST_F(Checkpoint, LeavesOutReservedSpace) {
  filesystem_.set_write_through_size(0);
  RecordLog log = open();
  for (int index = 0; index < 100; ++index) must(log.append(Bytes(1000)));
  EXPECT_GT(segment(1).size(), log.end().offset);
  must(log.checkpoint(kTarget));
  must(checkpoint(kStore, "other", options_));
  EXPECT_EQ(segment_of(kTarget, 1).size(), log.end().offset);
  EXPECT_EQ(segment_of("other", 1).size(), log.end().offset);
}

// What is damaged in one of two stores is damaged in the other, but mending it there is no matter
// of this one.
TEST_F(Checkpoint, RepairingOneOfTheTwoStoresLeavesTheOtherAsItIs) {
  {
    RecordLog log = make_three_segments();
    must(log.checkpoint(kTarget));
  }
  cut_segment(1, segment(1).size() - 5);
  const Bytes damaged = segment_of(kTarget, 1);
  ASSERT_EQ(segment(1), damaged);
  must(repair(kStore, Apply::kYes, options_));
  EXPECT_EQ(segment_of(kTarget, 1), damaged);
  EXPECT_EQ(segment(1), frames({1, 2, 3}));
  EXPECT_EQ(open().last_txid(), 10U);
  must(repair(kTarget, Apply::kYes, options_));
  EXPECT_EQ(segment_of(kTarget, 1), frames({1, 2, 3}));
}

TEST_F(Checkpoint, OfWhatIsNoLogIsRefused) {
  EXPECT_THAT(checkpoint("missing", kTarget, options_), FailsWith(ErrorCode::kNotFound));
  filesystem_.plant_directory("empty");
  EXPECT_THAT(checkpoint("empty", kTarget, options_), FailsWith(ErrorCode::kNotFound));
  expect_beside({"empty"});
}

}  // namespace
}  // namespace datawal::log_checkpoint_test
