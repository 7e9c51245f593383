#include "store/index_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "file/simulated_filesystem.h"
#include "log/log_test_support.h"
#include "store/index_image_test_support.h"

namespace datawal::index_checkpoint_test {
namespace {

using test::FailsWith;
using test::IndexedLog;
using test::must;
using test::Succeeds;
using testing::HasSubstr;

constexpr const char* kPath = "store/keydir.ckpt";
constexpr const char* kStagingPath = "store/keydir.ckpt.tmp";

// A store directory in which checkpoints are written of an index that has ever more keys.
class IndexCheckpoint : public testing::Test {
 protected:
  IndexCheckpoint() {
    filesystem_.plant_directory("store");
    for (IndexedLog::Key key = 0; key < 10; ++key) log_.put(key);
  }

  [[nodiscard]] Status write(SimulatedFilesystem& filesystem) const {
    const std::unique_ptr<Directory> directory = must(filesystem.open_directory("store"));
    const std::vector<SegmentFacts> segments = log_.segments();
    const IndexCoverage coverage = log_.coverage();
    return write_index_checkpoint(*directory, {*log_.index->freeze(), log_.addresses->stretches(),
                                               log_.secret, coverage, segments});
  }
  // The number of keys of the checkpoint that can be loaded, or why there is none.
  static std::expected<std::uint64_t, std::string> load(SimulatedFilesystem& filesystem) {
    const auto loaded = load_index_checkpoint(*must(filesystem.open_directory("store")));
    if (!loaded) return std::unexpected(loaded.error().reason);
    if (!loaded->index->load_all()) {
      return std::unexpected("the checkpoint " + std::string(loaded->index->fault()));
    }
    return loaded->index->size();
  }
  static std::string reason(SimulatedFilesystem& filesystem) {
    const auto loaded = load(filesystem);
    return loaded ? "nothing: it was accepted" : loaded.error();
  }

  SimulatedFilesystem filesystem_;
  IndexedLog log_{{}};
};

TEST_F(IndexCheckpoint, MissingIsNoError) {
  EXPECT_EQ(reason(filesystem_), "there is no checkpoint");
}

TEST_F(IndexCheckpoint, ReplacesTheOneBefore) {
  EXPECT_THAT(write(filesystem_), Succeeds());
  EXPECT_EQ(load(filesystem_), 10U);
  log_.put(10);
  EXPECT_THAT(write(filesystem_), Succeeds());
  EXPECT_EQ(load(filesystem_), 11U);
  EXPECT_FALSE(filesystem_.exists(kStagingPath));
}

TEST_F(IndexCheckpoint, WhatAKilledWriterLeftIsReplaced) {
  filesystem_.write_file(kStagingPath, as_bytes("half of a checkpoint"));
  EXPECT_THAT(write(filesystem_), Succeeds());
  EXPECT_EQ(load(filesystem_), 10U);
  EXPECT_FALSE(filesystem_.exists(kStagingPath));
}

TEST_F(IndexCheckpoint, ALinkUnderItsNameIsNotFollowed) {
  filesystem_.plant_symlink(kPath);
  EXPECT_THAT(reason(filesystem_), HasSubstr("cannot be opened"));
  EXPECT_THAT(write(filesystem_), Succeeds());
  EXPECT_EQ(load(filesystem_), 10U);
}

TEST_F(IndexCheckpoint, WhatIsInTheWayIsAnErrorOfWriting) {
  filesystem_.plant_directory("store/keydir.ckpt.tmp/full");
  EXPECT_THAT(write(filesystem_), FailsWith(ErrorCode::kAlreadyExists));
}

TEST_F(IndexCheckpoint, FailingReadsMakeItUnusable) {
  must(write(filesystem_));
  for (const SimulatedCall call : {SimulatedCall::kOpen, SimulatedCall::kRead}) {
    filesystem_.inject({.call = call, .path_part = "keydir.ckpt"});
    EXPECT_THAT(reason(filesystem_), HasSubstr("cannot be")) << simulated_call_name(call);
  }
  for (std::uint64_t first = 1; first <= 3; ++first) {
    filesystem_.inject({.first = first, .call = SimulatedCall::kRead, .path_part = "keydir.ckpt"});
    EXPECT_THAT(reason(filesystem_), HasSubstr("cannot be read"));
  }
  EXPECT_EQ(load(filesystem_), 10U);
}

TEST_F(IndexCheckpoint, AFullDiskLeavesTheOneBefore) {
  must(write(filesystem_));
  const std::uint64_t size = filesystem_.read_file(kPath)->size();
  log_.put(10);
  filesystem_.set_capacity(size + 5'000);
  EXPECT_THAT(write(filesystem_), FailsWith(ErrorCode::kNoSpace));
  EXPECT_FALSE(filesystem_.exists(kStagingPath));
  EXPECT_EQ(load(filesystem_), 10U);
  filesystem_.set_capacity({});
  EXPECT_THAT(write(filesystem_), Succeeds());
  EXPECT_EQ(load(filesystem_), 11U);
}

TEST_F(IndexCheckpoint, EveryFailingCallLeavesTheOneBeforeOrTheNewOne) {
  must(write(filesystem_));
  filesystem_.reset_counts();
  must(write(filesystem_));
  const std::uint64_t call_count = filesystem_.call_count();
  log_.put(10);
  for (const bool takes_effect : {false, true}) {
    for (std::uint64_t first = 1;; ++first) {
      const auto filesystem = filesystem_.clone();
      filesystem->inject({.first = first, .path_part = "keydir", .takes_effect = takes_effect});
      const Status status = write(*filesystem);
      filesystem->clear_faults();
      const auto loaded = load(*filesystem);
      if (status) {
        ASSERT_EQ(loaded, 11U);
      } else {
        ASSERT_TRUE(loaded == 10U || (takes_effect && loaded == 11U)) << "call " << first;
      }
      ASSERT_THAT(write(*filesystem), Succeeds());
      ASSERT_EQ(load(*filesystem), 11U);
      ASSERT_FALSE(filesystem->exists(kStagingPath));
      if (first > call_count) break;
    }
  }
}

TEST_F(IndexCheckpoint, APowerCutLeavesAWholeOneOrNone) {
  for (std::uint64_t step = 1;; ++step) {
    for (const PowerCut policy : {PowerCut::kDropPending, PowerCut::kKeepPending,
                                  PowerCut::kZeroPending, PowerCut::kTear}) {
      for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const auto filesystem = filesystem_.clone();
        filesystem->stop_at_mutation(step);
        const Status status = write(*filesystem);
        filesystem->crash(policy, seed);
        const auto loaded = load(*filesystem);
        ASSERT_TRUE(loaded == 10U || reason(*filesystem) == "there is no checkpoint")
            << "step " << step << ": " << reason(*filesystem);
        ASSERT_THAT(write(*filesystem), Succeeds());
        ASSERT_EQ(load(*filesystem), 10U);
        if (status && seed == 5 && policy == PowerCut::kTear) return;
      }
    }
  }
}

}  // namespace
}  // namespace datawal::index_checkpoint_test
