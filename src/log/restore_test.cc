// A store made of a backup, or of a part of its history.
#include "log/copy_test_support.h"

namespace datawal::restore_test {
namespace {

using test::FailsWith;
using test::must;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RestoreTest : public test::CopiedLog {
 protected:
  [[nodiscard]] Result<CopyStats> restore_to(std::optional<Txid> txid) {
    return restore(kStore, kTarget, {.to_txid = txid}, options_);
  }
  void make_closed_log() {
    RecordLog log = make_three_segments();
    must(log.close());
  }
  std::string refusal(Txid txid) {
    const Result<CopyStats> restored = restore_to(txid);
    EXPECT_THAT(restored, FailsWith(ErrorCode::kGap));
    expect_beside({"store"});
    return restored ? "" : restored.error().message;
  }
};

TEST_F(RestoreTest, GivesTheSameFramesInFilesOfTheirOwn) {
  make_closed_log();
  const CopyStats stats = must(restore_to({}));
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    EXPECT_EQ(segment_of(kTarget, id), segment(id));
    EXPECT_FALSE(has_several_links(kTarget, id));
  }
  EXPECT_EQ(stats.segments_copied, 3U);
  EXPECT_EQ(stats.last_txid, 10U);
  RecordLog log = must(RecordLog::open(kTarget, options_));
  append(log, 1);
  must(log.close());
  EXPECT_EQ(txids_in(kTarget), up_to(11));
}

TEST_F(RestoreTest, EndsWithTheRecordThatIsAskedFor) {
  make_closed_log();
  for (Txid txid = 1; txid <= 10; ++txid) {
    EXPECT_EQ(must(restore_to(txid)).last_txid, txid);
    EXPECT_EQ(txids_in(kTarget), up_to(txid));
    const RecordLog log = must(RecordLog::open(kTarget, options_));
    EXPECT_EQ(log.segments().size(), (txid + 3) / 4);
    EXPECT_TRUE(log.recovery_report().durable);
    filesystem_.remove(kTarget);
  }
}

TEST_F(RestoreTest, RefusesWhatIsNotThere) {
  make_closed_log();
  EXPECT_THAT(refusal(11), HasSubstr("the oldest is 1, the newest 10"));
  EXPECT_THAT(refusal(0), HasSubstr("the oldest is 1"));
  filesystem_.remove(kStore);
  make_log({});
  EXPECT_THAT(refusal(1), HasSubstr("no record"));
}

// What was superseded after the record that is asked for, and has been dropped since, would be
// missing.
TEST_F(RestoreTest, RefusesAPastThatIsNotWhole) {
  make_closed_log();
  remove_watermark();
  replace_segment(1, {1, 2, 4});
  EXPECT_EQ(must(restore_to(2)).last_txid, 2U);
  filesystem_.remove(kTarget);
  for (const Txid txid : {3U, 4U, 7U, 9U}) {
    EXPECT_THAT(refusal(txid), HasSubstr("cannot be told")) << txid;
  }
  EXPECT_EQ(must(restore_to(10)).records, 9U);  // the newest state is known all the same
  filesystem_.remove(kTarget);
  EXPECT_EQ(must(restore_to({})).records, 9U);
  filesystem_.remove(kTarget);
  // The first ones are missing.
  replace_segment(1, {3, 4});
  EXPECT_THAT(refusal(2), HasSubstr("the oldest is 3"));
  EXPECT_THAT(refusal(7), HasSubstr("cannot be told"));
  remove_segment(1);
  EXPECT_THAT(refusal(7), HasSubstr("cannot be told"));
}

TEST_F(RestoreTest, RefusesAPastThatIsOutOfOrder) {
  make_closed_log();
  remove_watermark();
  replace_segment(2, {5, 7, 6, 8});
  EXPECT_THAT(refusal(8), HasSubstr("cannot be told"));
  EXPECT_THAT(refusal(9), HasSubstr("out of order"));
  replace_segment(2, {5, 6, 6, 8});
  EXPECT_THAT(refusal(9), HasSubstr("cannot be told"));
  EXPECT_EQ(must(restore_to(4)).last_txid, 4U);
}

TEST_F(RestoreTest, DamageBehindWhatIsAskedForDoesNotMatter) {
  make_closed_log();
  damage_segment(2, frames({5, 6}).size() + 3);
  EXPECT_EQ(must(restore_to(6)).last_txid, 6U);
  filesystem_.remove(kTarget);
  EXPECT_THAT(restore_to(7), FailsWith(ErrorCode::kCorruption));
  EXPECT_THAT(restore_to({}), FailsWith(ErrorCode::kCorruption));
  expect_beside({"store"});
}

TEST_F(RestoreTest, TakesABackupAndACheckpoint) {
  RecordLog log = make_three_segments();
  must(log.checkpoint("checkpoint"));
  must(backup(kStore, "backup", options_));
  for (const std::string_view source : {"checkpoint", "backup"}) {
    must(restore(source, kTarget, {.to_txid = 6}, options_));
    EXPECT_EQ(txids_in(kTarget), up_to(6));
    EXPECT_THAT(names_at(kTarget), ElementsAre("00000001.dwal", "00000002.dwal", "watermark"));
    filesystem_.remove(kTarget);
  }
}

TEST_F(RestoreTest, RefusesATargetThatIsThere) {
  make_closed_log();
  filesystem_.write_file("target/something", as_bytes("of somebody"));
  EXPECT_THAT(restore_to({}), FailsWith(ErrorCode::kNotEmpty));
  EXPECT_THAT(restore_to(3), FailsWith(ErrorCode::kNotEmpty));
  EXPECT_THAT(restore("missing", "other", {}, options_), FailsWith(ErrorCode::kNotFound));
  EXPECT_THAT(restore("missing", "other", {.to_txid = 1}, options_),
              FailsWith(ErrorCode::kNotFound));
  filesystem_.plant_directory("empty");
  EXPECT_THAT(restore("empty", "other", {.to_txid = 1}, options_), FailsWith(ErrorCode::kNotFound));
  EXPECT_THAT(names_at(kTarget), ElementsAre("something"));
}

// The newest when it was looked for is not the newest any more.
TEST_F(RestoreTest, OfALiveStoreEndsWithTheRecordThatIsAskedForToo) {
  for (int number = 1; number <= 4; ++number) {
    RecordLog log = make_three_segments();
    during_sync(number, [&] { append(log, 3); });
    must(restore_to(10));
    filesystem_.on_sync({});
    EXPECT_EQ(txids_in(kTarget), up_to(10)) << number;
    filesystem_.remove(kTarget);
    must(log.close());
    filesystem_.remove(kStore);
  }
}

}  // namespace
}  // namespace datawal::restore_test
