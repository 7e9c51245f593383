// A backup that grows with its store.
#include "log/copy_test_support.h"

namespace datawal::backup_test {
namespace {

using test::FailsWith;
using test::must;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BackupTest : public test::CopiedLog {
 protected:
  CopyStats back_up() { return must(backup(kStore, kTarget, options_)); }
  void expect_refusal(ErrorCode code, std::string_view text) {
    const test::Files before = test::files_in(filesystem_, kTarget);
    const Result<CopyStats> made = backup(kStore, kTarget, options_);
    ASSERT_THAT(made, FailsWith(code));
    EXPECT_THAT(made.error().message, HasSubstr(std::string(text)));
    EXPECT_EQ(test::files_in(filesystem_, kTarget), before);
    expect_beside({"store", "target"});
  }
};

TEST_F(BackupTest, IsAStoreWithFilesOfItsOwn) {
  RecordLog log = make_three_segments();
  const CopyStats stats = back_up();
  EXPECT_EQ(stats.segments_copied, 3U);
  EXPECT_EQ(stats.segments_linked, 0U);
  EXPECT_EQ(stats.bytes_copied, frames(up_to(10)).size());
  EXPECT_EQ(stats.last_txid, 10U);
  EXPECT_EQ(txids_in(kTarget), up_to(10));
  EXPECT_THAT(names_at(kTarget), ElementsAre("00000001.dwal", "00000002.dwal", "00000003.dwal",
                                             "backup-manifest", "watermark"));
  for (const std::uint32_t id : {1U, 2U, 3U}) EXPECT_FALSE(has_several_links(kTarget, id));
  EXPECT_EQ(must(RecordLog::open(kTarget, options_)).last_txid(), 10U);
}

TEST_F(BackupTest, CopiesOnlyWhatIsNewAndTheLastSegment) {
  RecordLog log = make_three_segments();
  back_up();
  append(log, 1);
  must(log.rotate());
  append(log, 2);
  const CopyStats stats = back_up();
  EXPECT_EQ(stats.segments_unchanged, 2U);
  EXPECT_EQ(stats.segments_copied, 2U);
  EXPECT_EQ(stats.bytes_copied, frames({9, 10, 11}).size() + frames({12, 13}).size());
  EXPECT_EQ(stats.bytes, frames(up_to(13)).size());
  EXPECT_EQ(txids_in(kTarget), up_to(13));
  for (const std::uint32_t id : {1U, 2U, 3U, 4U}) EXPECT_FALSE(has_several_links(kTarget, id));
  expect_beside({"store", "target"});
  // What has not changed is not read.
  filesystem_.reset_counts();
  back_up();
  EXPECT_LT(count(SimulatedCall::kRead), 20U);
}

TEST_F(BackupTest, ChangesNothingWhereNothingHasChanged) {
  RecordLog log = make_three_segments();
  back_up();
  const auto before =
      must(must(filesystem_.open_directory(kTarget))->open("00000003.dwal", OpenMode::kRead))
          ->identity();
  const CopyStats stats = back_up();
  EXPECT_EQ(stats.segments_unchanged, 3U);
  EXPECT_EQ(stats.segments_copied, 0U);
  EXPECT_EQ(stats.bytes_copied, 0U);
  EXPECT_EQ(stats.last_txid, 10U);
  EXPECT_EQ(must(must(filesystem_.open_directory(kTarget))->open("00000003.dwal", OpenMode::kRead))
                ->identity(),
            before);
  expect_beside({"store", "target"});
  EXPECT_FALSE(has_several_links(kTarget, 3));
}

TEST_F(BackupTest, IsDurableWhenItReturns) {
  RecordLog log = make_three_segments();
  must(backup(kStore, "on the way/target", options_));
  append(log, 1);
  must(backup(kStore, "on the way/target", options_));
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_EQ(txids_in("on the way/target"), up_to(11));
}

TEST_F(BackupTest, FollowsACompaction) {
  RecordLog log = make_three_segments();
  back_up();
  append(log, 2);
  replace_segment(1, {3, 5, 6, 7, 8});
  remove_segment(2);
  const CopyStats stats = back_up();
  EXPECT_EQ(stats.segments_unchanged, 0U);
  EXPECT_EQ(stats.segments_copied, 2U);
  EXPECT_EQ(txids_in(kTarget), (std::vector<Txid>{3, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_THAT(names_at(kTarget),
              ElementsAre("00000001.dwal", "00000003.dwal", "backup-manifest", "watermark"));
}

// The last segment has not grown; a compaction alone has changed the store.
TEST_F(BackupTest, OwnsItsLastSegmentAlsoWhereOnlyOthersHaveChanged) {
  RecordLog log = make_three_segments();
  back_up();
  replace_segment(1, {3, 4});
  EXPECT_EQ(back_up().segments_copied, 2U);
  EXPECT_FALSE(has_several_links(kTarget, 3));
  EXPECT_EQ(txids_in(kTarget), (std::vector<Txid>{3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST_F(BackupTest, FindsOtherContentOfTheSameSize) {
  RecordLog log = make_three_segments();
  back_up();
  Bytes other;
  for (const Txid txid : {1U, 2U, 3U, 4U}) {
    const Bytes frame = test::put_frame(txid, "x", txid == 2 ? "!" : std::to_string(txid));
    other.insert(other.end(), frame.begin(), frame.end());
  }
  ASSERT_EQ(other.size(), segment(1).size());
  filesystem_.write_file("replacement", other);
  filesystem_.remove(segment_path(1));
  filesystem_.write_file(segment_path(1), other);
  filesystem_.remove("replacement");
  remove_watermark();
  EXPECT_EQ(back_up().segments_unchanged, 1U);
  EXPECT_EQ(segment_of(kTarget, 1), other);
}

// Moved to another disk, say: other files with the same content.
TEST_F(BackupTest, ReadsAFileThatIsAnotherToSeeWhetherItHasChanged) {
  RecordLog log = make_three_segments();
  back_up();
  const Bytes first = segment(1);
  filesystem_.remove(segment_path(1));
  filesystem_.write_file(segment_path(1), first);
  append(log, 1);
  const CopyStats stats = back_up();
  EXPECT_EQ(stats.segments_unchanged, 2U);
  EXPECT_EQ(txids_in(kTarget), up_to(11));
}

TEST_F(BackupTest, CopiesEverythingWhereThereAreNoLinks) {
  filesystem_.set_linking(false);
  RecordLog log = make_three_segments();
  back_up();
  append(log, 1);
  const CopyStats stats = back_up();
  EXPECT_EQ(stats.segments_copied, 3U);
  EXPECT_EQ(txids_in(kTarget), up_to(11));
  expect_beside({"store", "target"});
}

TEST_F(BackupTest, OfAClosedStoreAndOfATornOne) {
  {
    RecordLog log = make_three_segments();
    must(log.close());
  }
  EXPECT_EQ(back_up().tail.kind, TailKind::kClean);
  extend_segment(3, as_bytes("DWAL"));
  EXPECT_EQ(back_up().tail.size, 4U);
  EXPECT_EQ(txids_in(kTarget), up_to(10));
}

TEST_F(BackupTest, MayBeOpenedAndClosedInBetween) {
  RecordLog log = make_three_segments();
  back_up();
  {
    RecordLog looked_at = must(RecordLog::open(kTarget, options_));
    expect_refusal(ErrorCode::kLocked, "locked");
    must(looked_at.close());
  }
  filesystem_.write_file("target/00000001.dwal.hint", as_bytes("of who looked at it"));
  append(log, 1);
  back_up();
  EXPECT_EQ(txids_in(kTarget), up_to(11));
}

TEST_F(BackupTest, RefusesWhatIsNoBackup) {
  RecordLog log = make_three_segments();
  must(log.checkpoint(kTarget));
  expect_refusal(ErrorCode::kNotEmpty, "neither empty nor a backup");
  EXPECT_THAT(backup(kStore, kStore, options_), FailsWith(ErrorCode::kNotEmpty));
  filesystem_.write_file("file", {});
  EXPECT_THAT(backup(kStore, "file", options_), FailsWith(ErrorCode::kAlreadyExists));
  EXPECT_THAT(backup(kStore, "", options_), FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(BackupTest, RefusesABackupThatHasBecomeSomethingElse) {
  RecordLog log = make_three_segments();
  back_up();
  {
    RecordLog written = must(RecordLog::open(kTarget, options_));
    append(written, 1);
    must(written.close());
  }
  expect_refusal(ErrorCode::kNotEmpty, "written to");
  filesystem_.remove("target");
  back_up();
  filesystem_.write_file("target/notes", as_bytes("of somebody"));
  expect_refusal(ErrorCode::kNotEmpty, "'notes'");
  filesystem_.remove("target/notes");
  filesystem_.write_file("target/00000004.dwal", frames({11}));
  expect_refusal(ErrorCode::kNotEmpty, "'00000004.dwal'");
  filesystem_.remove("target/00000004.dwal");
  filesystem_.remove("target/00000001.dwal");
  expect_refusal(ErrorCode::kNotEmpty, "lacks");
  filesystem_.remove("target");
  back_up();
  damage("target/backup-manifest", 30);
  expect_refusal(ErrorCode::kNotEmpty, "neither empty nor a backup");
}

TEST_F(BackupTest, RefusesAnotherStoreAndAnOlderState) {
  {
    RecordLog log = make_three_segments();
    back_up();
    must(log.close());
  }
  filesystem_.remove(kStore);
  make_log({"another", "store"});
  expect_refusal(ErrorCode::kNotEmpty, "it ends with txid 2");
  std::vector<std::string> payloads;
  for (int number = 0; number < 20; ++number) payloads.push_back(std::to_string(number));
  filesystem_.remove(kStore);
  make_log(payloads);
  expect_refusal(ErrorCode::kNotEmpty, "another record with that txid");
}

// As logs are that were written by a program whose counter went back.
TEST_F(BackupTest, TakesTxidsInAnyOrder) {
  test::plant_segment(filesystem_, kStore, 1, frames({7, 8, 9, 1}));
  test::plant_segment(filesystem_, kStore, 2, frames({2, 3}));
  EXPECT_EQ(back_up().last_txid, 3U);
  test::plant_segment(filesystem_, kStore, 2, frames({2, 3, 10}));
  EXPECT_EQ(back_up().last_txid, 10U);
  test::plant_segment(filesystem_, kStore, 3, frames({1}));
  EXPECT_EQ(back_up().last_txid, 1U);
  test::plant_segment(filesystem_, kStore, 3, frames({1, 2}));
  back_up();
  EXPECT_EQ(txids_in(kTarget), (std::vector<Txid>{7, 8, 9, 1, 2, 3, 10, 1, 2}));
  RecordLog log = open();
  must(log.checkpoint("checkpoint"));
  EXPECT_EQ(txids_in("checkpoint"), txids_in(kTarget));
}

TEST_F(BackupTest, RefusesADamagedSourceAndKeepsWhatItHas) {
  RecordLog log = make_three_segments();
  back_up();
  append(log, 1);
  must(log.rotate());
  append(log, 1);
  damage_segment(3, 40);
  expect_refusal(ErrorCode::kCorruption, "salvage");
  EXPECT_EQ(txids_in(kTarget), up_to(10));
}

TEST_F(BackupTest, HasTheLogOfOneInstantBesideACompaction) {
  for (const bool is_first : {true, false}) {
    for (int number = 1; number <= 4; ++number) {
      RecordLog log = make_three_segments();
      if (!is_first) {
        back_up();
        append(log, 1);
        must(log.rotate());
        append(log, 1);
      }
      const Txid last = log.last_txid();
      during_sync(number, [&] {
        replace_segment(1, {3, 5, 6, 7, 8});
        remove_segment(2);
      });
      back_up();
      filesystem_.on_sync({});
      std::vector<Txid> merged = {3, 5, 6, 7, 8};
      for (Txid txid = 9; txid <= last; ++txid) merged.push_back(txid);
      EXPECT_THAT(txids_in(kTarget), ::testing::AnyOf(up_to(last), merged)) << number;
      filesystem_.remove(kTarget);
      filesystem_.remove(kStore);
    }
  }
}

}  // namespace
}  // namespace datawal::backup_test
