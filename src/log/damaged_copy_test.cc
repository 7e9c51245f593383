// Copies are read back as they are on the disk: what was written damaged there is not published.
#include "log/copy_test_support.h"

namespace datawal::damaged_copy_test {
namespace {

using test::FailsWith;
using test::must;

// So that it comes to every field of a frame, in one frame or another.
constexpr std::size_t kOffsetStep = 5;

// What becomes of a file of the copy once all has been written to it.
using Damage = std::function<void(Bytes&)>;

class DamagedCopy : public test::CopiedLog {
 protected:
  // The copy while it is being made, which has a name of its own, and this segment of it.
  [[nodiscard]] std::optional<std::filesystem::path> copied_segment(std::uint32_t id) const {
    for (const std::string& name : names_at("/")) {
      const std::filesystem::path path = std::filesystem::path(name) / segment_name(SegmentId{id});
      if (name != kStore && name != kTarget && filesystem_.exists(path)) return path;
    }
    return std::nullopt;
  }

  // From the first sync of a file on at which the segment is there, which is its own.
  void damage_copy(std::uint32_t id, Damage damage) {
    const auto is_done = std::make_shared<bool>(false);  // the function is copied
    filesystem_.on_sync([this, id, is_done, damage = std::move(damage)] {
      const auto path = copied_segment(id);
      if (*is_done || !path) return;
      *is_done = true;
      Bytes bytes = *filesystem_.read_file(*path);
      damage(bytes);
      filesystem_.write_file(*path, bytes);
    });
  }

  // That it fails wherever one of these segments is damaged, and leaves everything as it is.
  void expect_refused(const std::vector<std::uint32_t>& ids,
                      const std::function<Result<CopyStats>()>& copy) {
    const std::vector<std::string> beside = names_at("/");
    const test::Files before = files_at_target();
    const test::Files source = test::files_in(filesystem_, kStore);
    for (const std::uint32_t id : ids) {
      const std::size_t size = segment(id).size();
      ASSERT_GT(size, 0U);
      for (std::size_t offset = 0; offset < size; offset += kOffsetStep) {
        SCOPED_TRACE("segment " + std::to_string(id) + " offset " + std::to_string(offset));
        damage_copy(id, [offset](Bytes& bytes) { bytes[offset] ^= std::byte{0x10}; });
        ASSERT_THAT(copy(), FailsWith(ErrorCode::kCorruption));
        ASSERT_EQ(names_at("/"), beside);
      }
      damage_copy(id, [](Bytes& bytes) { bytes.pop_back(); });
      ASSERT_THAT(copy(), FailsWith(ErrorCode::kCorruption)) << "cut";
      damage_copy(id, [](Bytes& bytes) { bytes.push_back(std::byte{0}); });
      ASSERT_THAT(copy(), FailsWith(ErrorCode::kIo)) << "extended";
    }
    EXPECT_EQ(names_at("/"), beside);
    EXPECT_EQ(files_at_target(), before);
    EXPECT_EQ(test::files_in(filesystem_, kStore), source);
    filesystem_.on_sync({});
    must(copy());  // for there is nothing wrong with the source
    EXPECT_EQ(txids_in(kTarget), txids_in(kStore));
  }

  [[nodiscard]] test::Files files_at_target() {
    if (!filesystem_.exists(kTarget)) return {};
    return test::files_in(filesystem_, kTarget);
  }
};

TEST_F(DamagedCopy, IsNoCheckpoint) {
  RecordLog log = make_three_segments();
  must(log.sync());
  expect_refused({3}, [&] { return log.checkpoint(kTarget); });
}

TEST_F(DamagedCopy, IsNoCheckpointWhereThereAreNoLinks) {
  filesystem_.set_linking(false);
  RecordLog log = make_three_segments();
  must(log.sync());
  expect_refused({1, 2, 3}, [&] { return log.checkpoint(kTarget); });
}

TEST_F(DamagedCopy, IsNoCheckpointOfAStoreOfAnotherProcess) {
  filesystem_.set_linking(false);
  const RecordLog log = make_three_segments();
  expect_refused({1, 2, 3}, [&] { return checkpoint(kStore, kTarget, options_); });
}

TEST_F(DamagedCopy, IsNoBackup) {
  const RecordLog log = make_three_segments();
  expect_refused({1, 2, 3}, [&] { return backup(kStore, kTarget, options_); });
}

TEST_F(DamagedCopy, DoesNotReplaceABackup) {
  RecordLog log = make_three_segments();
  must(backup(kStore, kTarget, options_));
  append(log, 2);
  must(log.rotate());
  append(log, 1);
  expect_refused({3, 4}, [&] { return backup(kStore, kTarget, options_); });
}

// The last segment is linked from the backup before, and then becomes a file of its own.
TEST_F(DamagedCopy, DoesNotReplaceABackupWhereOnlyItsLastSegmentIsItsOwn) {
  const RecordLog log = make_three_segments();
  must(backup(kStore, kTarget, options_));
  replace_segment(1, {3, 4});
  expect_refused({1, 3}, [&] { return backup(kStore, kTarget, options_); });
}

TEST_F(DamagedCopy, IsNotRestored) {
  const RecordLog log = make_three_segments();
  expect_refused({1, 2, 3}, [&] { return restore(kStore, kTarget, {}, options_); });
}

TEST_F(DamagedCopy, IsNotRestoredUpToARecordEither) {
  const RecordLog log = make_three_segments();
  const auto restore_to = [&](Txid txid) {
    return restore(kStore, kTarget, {.to_txid = txid}, options_);
  };
  damage_copy(1, [](Bytes& bytes) { bytes[40] ^= std::byte{0x10}; });
  EXPECT_THAT(restore_to(7), FailsWith(ErrorCode::kCorruption));
  damage_copy(2, [](Bytes& bytes) { bytes[40] ^= std::byte{0x10}; });
  EXPECT_THAT(restore_to(7), FailsWith(ErrorCode::kCorruption));
  expect_beside({"store"});
  filesystem_.on_sync({});
  must(restore_to(7));
  EXPECT_EQ(txids_in(kTarget), up_to(7));
}

}  // namespace
}  // namespace datawal::damaged_copy_test
