#include "file/staging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "file/posix_test_support.h"
#include "file/simulated_filesystem.h"

namespace datawal::staging_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> names_in(Filesystem& filesystem, const std::filesystem::path& path) {
  std::vector<std::string> names;
  const auto directory = filesystem.open_directory(path);
  if (!directory) return names;
  const std::vector<DirectoryEntry> entries = (*directory)->list().value();
  for (const DirectoryEntry& entry : entries) names.push_back(entry.name);
  return names;
}

class StagingTest : public ::testing::Test {
 protected:
  StagingTest() { filesystem_.plant_directory("place"); }

  [[nodiscard]] std::string text_of(const std::filesystem::path& path) const {
    const auto bytes = filesystem_.read_file(path);
    return bytes ? std::string(as_text(*bytes)) : "(no file)";
  }
  // Stages a file with `text`, and publishes it.
  Status write_staged(const std::filesystem::path& target, std::string_view text, Replace replace) {
    auto staged = StagedFile::create(filesystem_, target);
    if (!staged) return std::unexpected(staged.error());
    const Status written = staged->file().write_at(0, as_bytes(text));
    return written ? staged->publish(replace) : written;
  }
  // Stages a directory with one file in it, and publishes it.
  Status fill_staged(const std::filesystem::path& target) {
    auto staged = StagedDirectory::create(filesystem_, target);
    if (!staged) return std::unexpected(staged.error());
    auto file = staged->directory().open("content", OpenMode::kCreateExclusive);
    if (!file) return std::unexpected(file.error());
    if (Status written = (*file)->write_at(0, as_bytes("text")); !written) return written;
    if (Status synced = (*file)->sync(); !synced) return synced;
    return staged->publish();
  }

  // The same over a target that is there.
  Status replace_staged(const std::filesystem::path& target) {
    const auto replaced = filesystem_.open_directory(target);
    if (!replaced) return std::unexpected(replaced.error());
    auto staged = StagedDirectory::create_beside(filesystem_, target);
    if (!staged) return std::unexpected(staged.error());
    auto file = staged->directory().open("newer", OpenMode::kCreateExclusive);
    if (!file) return std::unexpected(file.error());
    return staged->publish_over(**replaced);
  }

  SimulatedFilesystem filesystem_;
};

TEST(SplitTarget, TakesAPathApart) {
  const auto split = split_target("a/b/c");
  ASSERT_TRUE(split);
  EXPECT_EQ(split->parent, "a/b");
  EXPECT_EQ(split->name, "c");
}

TEST(SplitTarget, ABareNameIsInTheCurrentDirectory) {
  const auto split = split_target("c");
  ASSERT_TRUE(split);
  EXPECT_EQ(split->parent, "");
  EXPECT_EQ(split->name, "c");
}

TEST(SplitTarget, ASlashAtTheEndChangesNothing) {
  const auto split = split_target("/a/b/");
  ASSERT_TRUE(split);
  EXPECT_EQ(split->parent, "/a");
  EXPECT_EQ(split->name, "b");
}

TEST(SplitTarget, RefusesWhatNamesNoEntry) {
  for (const std::string_view path : {"", "/", "//", ".", "..", "a/.", "a/..", "./", "../"}) {
    const auto split = split_target(path);
    ASSERT_FALSE(split) << path;
    EXPECT_EQ(split.error().code, ErrorCode::kInvalidArgument) << path;
    EXPECT_EQ(split.error().path, path);
  }
}

TEST_F(StagingTest, AFileAppearsUnderItsNameWithItsContent) {
  ASSERT_TRUE(write_staged("place/file", "text", Replace::kNo));
  EXPECT_EQ(text_of("place/file"), "text");
  EXPECT_THAT(names_in(filesystem_, "place"), ElementsAre("file"));
}

TEST_F(StagingTest, AFileIsDurableOncePublished) {
  ASSERT_TRUE(write_staged("place/file", "text", Replace::kNo));
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_EQ(text_of("place/file"), "text");
}

TEST_F(StagingTest, AFileIsNotThereBeforeItIsPublished) {
  const auto staged = StagedFile::create(filesystem_, "place/file");
  ASSERT_TRUE(staged);
  EXPECT_FALSE(filesystem_.exists("place/file"));
  EXPECT_EQ(names_in(filesystem_, "place").size(), 1U);
}

TEST_F(StagingTest, AFileThatIsNotPublishedLeavesNothing) {
  (void)StagedFile::create(filesystem_, "place/file");
  EXPECT_THAT(names_in(filesystem_, "place"), IsEmpty());
}

TEST_F(StagingTest, MissingParentsAreMade) {
  ASSERT_TRUE(write_staged("place/new/deep/file", "text", Replace::kNo));
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_EQ(text_of("place/new/deep/file"), "text");
}

TEST_F(StagingTest, ABareNameIsMadeInTheCurrentDirectory) {
  ASSERT_TRUE(write_staged("file", "text", Replace::kNo));
  EXPECT_EQ(text_of("file"), "text");
}

TEST_F(StagingTest, AnExistingFileIsNotReplacedUnlessAsked) {
  filesystem_.write_file("place/file", as_bytes("old"));
  const Status published = write_staged("place/file", "new", Replace::kNo);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(text_of("place/file"), "old");
  EXPECT_THAT(names_in(filesystem_, "place"), ElementsAre("file"));
}

TEST_F(StagingTest, AnExistingFileIsReplacedWhole) {
  filesystem_.write_file("place/file", as_bytes("old and longer"));
  ASSERT_TRUE(write_staged("place/file", "new", Replace::kYes));
  EXPECT_EQ(text_of("place/file"), "new");
}

TEST_F(StagingTest, ASymbolicLinkIsReplacedAndNotFollowed) {
  filesystem_.plant_symlink("place/file");
  ASSERT_TRUE(write_staged("place/file", "new", Replace::kYes));
  EXPECT_EQ(text_of("place/file"), "new");
}

TEST_F(StagingTest, ADirectoryIsNotReplacedByAFile) {
  filesystem_.plant_directory("place/file");
  const Status published = write_staged("place/file", "new", Replace::kYes);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, ErrorCode::kNotRegularFile);
  EXPECT_THAT(names_in(filesystem_, "place"), ElementsAre("file"));
}

TEST_F(StagingTest, FilesOfOtherPeopleAreLeftAlone) {
  filesystem_.write_file("place/file.tmp", as_bytes("mine"));
  filesystem_.write_file("place/other.tmp", as_bytes("mine too"));
  ASSERT_TRUE(write_staged("place/file.jsonl", "new", Replace::kYes));
  EXPECT_EQ(text_of("place/file.tmp"), "mine");
  EXPECT_EQ(text_of("place/other.tmp"), "mine too");
}

TEST_F(StagingTest, TwoStagingsOfOneTargetDoNotMeet) {
  auto first = StagedFile::create(filesystem_, "place/file");
  auto second = StagedFile::create(filesystem_, "place/file");
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(first->file().write_at(0, as_bytes("first")));
  ASSERT_TRUE(second->file().write_at(0, as_bytes("second")));
  ASSERT_TRUE(first->publish(Replace::kNo));
  EXPECT_EQ(text_of("place/file"), "first");
  EXPECT_EQ(second->publish(Replace::kNo).error().code, ErrorCode::kAlreadyExists);
}

TEST_F(StagingTest, ATargetNamedLikeATemporaryFileIsStagedToo) {
  filesystem_.write_file("place/file.tmp", as_bytes("old"));
  const auto staged = StagedFile::create(filesystem_, "place/file.tmp");
  ASSERT_TRUE(staged);
  EXPECT_EQ(text_of("place/file.tmp"), "old");
}

TEST_F(StagingTest, AFileThatMovesIsRemovedOnce) {
  auto staged = StagedFile::create(filesystem_, "place/file");
  ASSERT_TRUE(staged);
  {
    StagedFile moved = *std::move(staged);
    ASSERT_TRUE(moved.publish(Replace::kNo));
  }
  EXPECT_TRUE(filesystem_.exists("place/file"));
}

// Each call that can fail fails once; then the file is there whole, or nothing is.
TEST_F(StagingTest, EveryFailureOfAFileLeavesItWholeOrNothing) {
  for (std::uint64_t failing = 1;; ++failing) {
    filesystem_.clear_faults();
    filesystem_.reset_counts();
    filesystem_.inject({.first = failing});
    const Status published = write_staged("place/file", "text", Replace::kYes);
    const bool was_hit = filesystem_.call_count() >= failing;
    filesystem_.clear_faults();
    const bool is_there = filesystem_.exists("place/file");
    EXPECT_EQ(text_of("place/file"), is_there ? "text" : "(no file)");
    EXPECT_TRUE(is_there || !published);
    if (!was_hit) break;
    ASSERT_LT(failing, 100U);
    // Removing the rest is the last call, and may be the one that failed; nothing else stays.
    for (const std::string& name : names_in(filesystem_, "place")) {
      filesystem_.remove("place/" + name);
    }
  }
}

TEST_F(StagingTest, AFileThatCannotBeWrittenLeavesNothing) {
  filesystem_.inject({.call = SimulatedCall::kWrite, .code = ErrorCode::kNoSpace});
  EXPECT_EQ(write_staged("place/file", "text", Replace::kNo).error().code, ErrorCode::kNoSpace);
  EXPECT_THAT(names_in(filesystem_, "place"), IsEmpty());
}

TEST_F(StagingTest, AFileThatCannotBeSyncedLeavesNothing) {
  filesystem_.inject({.call = SimulatedCall::kSync});
  EXPECT_EQ(write_staged("place/file", "text", Replace::kNo).error().code, ErrorCode::kIo);
  EXPECT_THAT(names_in(filesystem_, "place"), IsEmpty());
}

TEST_F(StagingTest, ADirectoryAppearsUnderItsNameWithItsContent) {
  ASSERT_TRUE(fill_staged("place/store"));
  EXPECT_THAT(names_in(filesystem_, "place"), ElementsAre("store"));
  EXPECT_EQ(text_of("place/store/content"), "text");
}

TEST_F(StagingTest, ADirectoryIsDurableOncePublished) {
  ASSERT_TRUE(fill_staged("place/store"));
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_EQ(text_of("place/store/content"), "text");
}

TEST_F(StagingTest, AnEmptyDirectoryIsReplaced) {
  filesystem_.plant_directory("place/store");
  ASSERT_TRUE(fill_staged("place/store"));
  EXPECT_EQ(text_of("place/store/content"), "text");
}

TEST_F(StagingTest, ADirectoryThatIsNotEmptyIsRefusedBeforeAnythingIsDone) {
  filesystem_.write_file("place/store/old", as_bytes("old"));
  const Status published = fill_staged("place/store");
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, ErrorCode::kNotEmpty);
  EXPECT_EQ(published.error().path, "place/store");
  EXPECT_THAT(names_in(filesystem_, "place"), ElementsAre("store"));
  EXPECT_THAT(names_in(filesystem_, "place/store"), ElementsAre("old"));
}

TEST_F(StagingTest, AFileWhereTheDirectoryShouldBeIsRefused) {
  filesystem_.write_file("place/store", as_bytes("a file"));
  const Status published = fill_staged("place/store");
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(text_of("place/store"), "a file");
}

TEST_F(StagingTest, ADirectoryThatFillsMeanwhileIsNotReplaced) {
  auto staged = StagedDirectory::create(filesystem_, "place/store");
  ASSERT_TRUE(staged);
  filesystem_.write_file("place/store/late", as_bytes("late"));
  const Status published = staged->publish();
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, ErrorCode::kNotEmpty);
  EXPECT_EQ(text_of("place/store/late"), "late");
}

TEST_F(StagingTest, ADirectoryThatIsNotPublishedLeavesNothing) {
  {
    auto staged = StagedDirectory::create(filesystem_, "place/store");
    ASSERT_TRUE(staged);
    ASSERT_TRUE(staged->directory().open("one", OpenMode::kCreateExclusive));
    ASSERT_TRUE(staged->directory().open("two", OpenMode::kCreateExclusive));
  }
  EXPECT_THAT(names_in(filesystem_, "place"), IsEmpty());
}

TEST_F(StagingTest, EveryFailureOfADirectoryLeavesItWholeOrNotAtAll) {
  for (std::uint64_t failing = 1;; ++failing) {
    filesystem_.clear_faults();
    filesystem_.reset_counts();
    filesystem_.inject({.first = failing});
    const Status published = fill_staged("place/store");
    const bool was_hit = filesystem_.call_count() >= failing;
    filesystem_.clear_faults();
    const bool is_there = filesystem_.exists("place/store");
    EXPECT_EQ(text_of("place/store/content"), is_there ? "text" : "(no file)");
    EXPECT_TRUE(is_there || !published);
    if (!was_hit) break;
    ASSERT_LT(failing, 100U);
    filesystem_.remove("place");
    filesystem_.plant_directory("place");
  }
}

TEST_F(StagingTest, ADirectoryWhoseRenameFailsAlthoughItHappenedIsWhole) {
  filesystem_.inject({.call = SimulatedCall::kRename, .takes_effect = true});
  EXPECT_FALSE(fill_staged("place/store"));
  EXPECT_THAT(names_in(filesystem_, "place"), ElementsAre("store"));
  EXPECT_EQ(text_of("place/store/content"), "text");
}

TEST_F(StagingTest, ADirectoryThatCannotBeOpenedIsRemovedAgain) {
  filesystem_.inject({.call = SimulatedCall::kOpenDirectory, .path_part = ".datawal-"});
  EXPECT_FALSE(fill_staged("place/store"));
  EXPECT_THAT(names_in(filesystem_, "place"), IsEmpty());
}

TEST(StagingOnDisk, AFileAppearsInTheCurrentDirectoryByABareName) {
  const test::ScratchDirectory scratch;
  const std::string content = test::run_in_child([&]() -> std::string {
    std::filesystem::current_path(scratch.path());
    auto staged = StagedFile::create(posix_filesystem(), "bare");
    if (!staged) return staged.error().to_string();
    if (!staged->file().write_at(0, as_bytes("text"))) return "not written";
    const Status published = staged->publish(Replace::kNo);
    return published ? test::read_text(scratch / "bare") : published.error().to_string();
  });
  EXPECT_EQ(content, "text");
}

TEST(StagingOnDisk, ADirectoryAppearsInTheCurrentDirectoryByABareName) {
  const test::ScratchDirectory scratch;
  const std::string content = test::run_in_child([&]() -> std::string {
    std::filesystem::current_path(scratch.path());
    auto staged = StagedDirectory::create(posix_filesystem(), "bare/");
    if (!staged) return staged.error().to_string();
    auto file = staged->directory().open("content", OpenMode::kCreateExclusive);
    if (!file || !(*file)->write_at(0, as_bytes("text"))) return "not written";
    const Status published = staged->publish();
    return published ? test::read_text(scratch / "bare/content") : published.error().to_string();
  });
  EXPECT_EQ(content, "text");
}

TEST_F(StagingTest, ADirectoryTakesThePlaceOfAnother) {
  filesystem_.write_file("place/target/older", as_bytes("text"));
  ASSERT_TRUE(replace_staged("place/target"));
  EXPECT_THAT(names_in(filesystem_, "place"), ElementsAre("target"));
  EXPECT_THAT(names_in(filesystem_, "place/target"), ElementsAre("newer"));
}

TEST_F(StagingTest, ReplacingStoppedAnywhereLeavesTheOneOrTheOtherWhole) {
  for (std::uint64_t n = 1;; ++n) {
    filesystem_.write_file("place/target/older", as_bytes("text"));
    filesystem_.stop_at_mutation(n);
    const bool replaced = replace_staged("place/target").has_value();
    const bool was_stopped = filesystem_.is_stopped();
    filesystem_.crash(n % 2 == 0 ? PowerCut::kDropPending : PowerCut::kKeepPending);
    const std::vector<std::string> names = names_in(filesystem_, "place/target");
    ASSERT_EQ(names.size(), 1U) << "change " << n;
    EXPECT_TRUE(!replaced || names.front() == "newer") << "change " << n;
    if (!was_stopped) break;
    for (const std::string& name : names_in(filesystem_, "place")) {
      for (const std::string& file : names_in(filesystem_, "place/" + name)) {
        filesystem_.remove("place/" + name + "/" + file);
      }
    }
    ASSERT_LT(n, 50U);
  }
}

TEST_F(StagingTest, AnExchangeThatReportsAFailureLeavesBothWhole) {
  for (const bool takes_effect : {false, true}) {
    SCOPED_TRACE(takes_effect);
    filesystem_.write_file("place/target/older", as_bytes("text"));
    filesystem_.inject({.call = SimulatedCall::kExchange, .takes_effect = takes_effect});
    EXPECT_FALSE(replace_staged("place/target"));
    filesystem_.clear_faults();
    EXPECT_THAT(names_in(filesystem_, "place/target"),
                ElementsAre(takes_effect ? "newer" : "older"));
  }
}

}  // namespace
}  // namespace datawal::staging_test
