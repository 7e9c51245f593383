// What is left on the simulated disk when the power goes.
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "file/simulated_test_support.h"

namespace datawal::simulated_power_cut_test {
namespace {

constexpr std::array kPolicies = {PowerCut::kDropPending, PowerCut::kKeepPending,
                                  PowerCut::kZeroPending, PowerCut::kTear};

using SimulatedPowerCut = SimulatedFilesystemTest;

TEST_F(SimulatedPowerCut, SyncedFileNeedsItsNameSyncedToo) {
  const auto file = create("file", "text");
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "file"), std::nullopt);
  EXPECT_EQ(text(*crashed(PowerCut::kZeroPending), "file"), "text");
  ASSERT_TRUE(directory_->sync());
  for (const PowerCut policy : kPolicies) EXPECT_EQ(text(*crashed(policy), "file"), "text");
}

TEST_F(SimulatedPowerCut, SyncedNameMayLeadToAnEmptyFile) {
  const auto file = create("file", "text");
  ASSERT_TRUE(directory_->sync());
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "file"), "");
  EXPECT_EQ(text(*crashed(PowerCut::kZeroPending), "file"), std::string(4, '\0'));
  EXPECT_EQ(text(*crashed(PowerCut::kKeepPending), "file"), "text");
}

TEST_F(SimulatedPowerCut, RenameOverAFileMayReplaceGoodBytesByNone) {
  filesystem_.write_file("/store/target", as_bytes("good"));
  (void)create("staged", "better");
  ASSERT_TRUE(directory_->rename("staged", "target", Replace::kYes));
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "target"), "good");
  ASSERT_TRUE(directory_->sync());
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "target"), "");
}

TEST_F(SimulatedPowerCut, ALinkIsLostUnlessItsDirectoryIsSynced) {
  const auto file = create("file", "text");
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(directory_->sync());
  ASSERT_TRUE(directory_->link(*file, "linked"));
  const auto cut = crashed(PowerCut::kDropPending);
  EXPECT_EQ(text(*cut, "linked"), std::nullopt);
  EXPECT_TRUE(open_directory(*cut)->open("file", OpenMode::kReadWrite));
  ASSERT_TRUE(directory_->sync());
  const auto kept = crashed(PowerCut::kDropPending);
  EXPECT_EQ(text(*kept, "linked"), "text");
  EXPECT_FALSE(open_directory(*kept)->open("file", OpenMode::kReadWrite));
}

TEST_F(SimulatedPowerCut, ExchangeIsWholeOrNot) {
  (void)create("a", "");
  (void)create("b", "");
  filesystem_.write_file("/store/a", as_bytes("1"));
  filesystem_.write_file("/store/b", as_bytes("2"));
  ASSERT_TRUE(directory_->sync());
  ASSERT_TRUE(directory_->exchange("a", "b"));
  std::set<std::string> results;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto cut = crashed(PowerCut::kTear, seed);
    results.insert(*text(*cut, "a") + *text(*cut, "b"));
  }
  EXPECT_EQ(results, (std::set<std::string>{"12", "21"}));
}

TEST_F(SimulatedPowerCut, RenameIsWholeOrNot) {
  const auto file = create("before", "text");
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(directory_->sync());
  ASSERT_TRUE(directory_->rename("before", "after", Replace::kNo));
  std::set<std::set<std::string>> results;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    results.insert(names(*crashed(PowerCut::kTear, seed), {"before", "after"}));
  }
  EXPECT_EQ(results, (std::set<std::set<std::string>>{{"before"}, {"after"}}));
}

TEST_F(SimulatedPowerCut, NamesReachTheDiskInTheirOrder) {
  for (const char* name : {"1", "2", "3"}) (void)create(name);
  ASSERT_TRUE(directory_->remove("1"));
  std::set<std::set<std::string>> results;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    results.insert(names(*crashed(PowerCut::kTear, seed), {"1", "2", "3"}));
  }
  EXPECT_EQ(results,
            (std::set<std::set<std::string>>{{}, {"1"}, {"1", "2"}, {"1", "2", "3"}, {"2", "3"}}));
}

TEST_F(SimulatedPowerCut, RemovedFilesMayComeBack) {
  filesystem_.write_file("/store/file", as_bytes("text"));
  ASSERT_TRUE(directory_->remove("file"));
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "file"), "text");
  EXPECT_EQ(text(*crashed(PowerCut::kKeepPending), "file"), std::nullopt);
  ASSERT_TRUE(directory_->sync());
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "file"), std::nullopt);
}

TEST_F(SimulatedPowerCut, CreatedDirectoriesAreThereTheirContentsNot) {
  const auto inner = filesystem_.create_directory("/store/a/b");
  ASSERT_TRUE(inner);
  ASSERT_TRUE((*inner)->open("file", OpenMode::kCreateExclusive));
  const auto after = crashed(PowerCut::kDropPending);
  EXPECT_TRUE(after->exists("/store/a/b"));
  EXPECT_FALSE(after->exists("/store/a/b/file"));
}

TEST_F(SimulatedPowerCut, MadeDirectoryNeedsItsParentSynced) {
  ASSERT_TRUE(directory_->make_directory("inner"));
  EXPECT_FALSE(crashed(PowerCut::kDropPending)->exists("/store/inner"));
  const auto inner = filesystem_.open_directory("/store/inner");
  ASSERT_TRUE((*inner)->sync());
  EXPECT_FALSE(crashed(PowerCut::kDropPending)->exists("/store/inner"));
  ASSERT_TRUE((*inner)->sync_parent());
  EXPECT_TRUE(crashed(PowerCut::kDropPending)->exists("/store/inner"));
}

TEST_F(SimulatedPowerCut, FailedSyncIsForgottenByTheNextOne) {
  const auto file = create("file", "text");
  ASSERT_TRUE(directory_->sync());
  filesystem_.inject({.call = SimulatedCall::kSync});
  EXPECT_FALSE(file->sync());
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(text(filesystem_, "file"), "text");
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "file"), "");
  ASSERT_TRUE(file->write_at(0, as_bytes("t")));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "file"), "text");
}

TEST_F(SimulatedPowerCut, FailedDirectorySyncIsForgottenByTheNextOne) {
  (void)create("first");
  filesystem_.inject({.call = SimulatedCall::kSyncDirectory});
  EXPECT_FALSE(directory_->sync());
  EXPECT_TRUE(directory_->sync());
  EXPECT_FALSE(crashed(PowerCut::kDropPending)->exists("/store/first"));
  (void)create("second");
  EXPECT_TRUE(directory_->sync());
  EXPECT_TRUE(crashed(PowerCut::kDropPending)->exists("/store/first"));
}

TEST_F(SimulatedPowerCut, FailedParentSyncIsForgottenByTheNextOne) {
  ASSERT_TRUE(directory_->make_directory("inner"));
  const auto inner = filesystem_.open_directory("/store/inner");
  filesystem_.inject({.call = SimulatedCall::kSyncParent});
  EXPECT_FALSE((*inner)->sync_parent());
  EXPECT_TRUE((*inner)->sync_parent());
  EXPECT_FALSE(crashed(PowerCut::kDropPending)->exists("/store/inner"));
}

TEST_F(SimulatedPowerCut, KillsEveryHandleAndChangesTheBootId) {
  const auto file = create("file", "text");
  const auto lock = directory_->lock(".lock");
  ASSERT_TRUE(lock);
  const auto boot_id = filesystem_.boot_id();
  filesystem_.crash(PowerCut::kKeepPending);
  EXPECT_NE(filesystem_.boot_id(), boot_id);
  Bytes buffer(1);
  EXPECT_FALSE(file->read_at(0, buffer));
  EXPECT_FALSE(file->write_at(0, buffer));
  EXPECT_FALSE(file->size());
  EXPECT_FALSE(file->truncate(0));
  EXPECT_FALSE(file->sync());
  EXPECT_FALSE(directory_->list());
  EXPECT_FALSE(directory_->open("file", OpenMode::kRead));
  EXPECT_FALSE(directory_->lock(".lock"));
  EXPECT_FALSE(directory_->watch());
  EXPECT_TRUE(open_directory(filesystem_)->lock(".lock"));
  EXPECT_EQ(text(filesystem_, "file"), "text");
}

TEST_F(SimulatedPowerCut, KeepsHardLinksApartFromCopies) {
  filesystem_.write_file("/store/file", as_bytes("text"));
  filesystem_.plant_hard_link("/store/file", "/store/other");
  filesystem_.crash(PowerCut::kTear, 5);
  const auto directory = open_directory(filesystem_);
  EXPECT_FALSE(directory->open("file", OpenMode::kReadWrite));
  ASSERT_TRUE(directory->remove("other"));
  EXPECT_TRUE(directory->open("file", OpenMode::kReadWrite));
}

TEST_F(SimulatedPowerCut, SameSeedSameDisk) {
  const auto file = create("file");
  for (int index = 0; index < 30; ++index) {
    ASSERT_TRUE(
        file->write_at(static_cast<std::uint64_t>(index) * 700, Bytes(700, std::byte(index))));
    (void)create("name" + std::to_string(index));
  }
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto first = crashed(PowerCut::kTear, seed);
    const auto second = crashed(PowerCut::kTear, seed);
    EXPECT_EQ(first->read_file("/store/file"), second->read_file("/store/file"));
    EXPECT_EQ((*open_directory(*first)->list()).size(), (*open_directory(*second)->list()).size());
  }
}

}  // namespace
}  // namespace datawal::simulated_power_cut_test
