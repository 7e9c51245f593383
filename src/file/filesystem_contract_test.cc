// What every Filesystem promises, checked on the real one and on the simulated one.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <utility>

#include "file/filesystem.h"
#include "file/posix_test_support.h"
#include "file/simulated_filesystem.h"

namespace datawal::filesystem_contract_test {
namespace {

using std::chrono::milliseconds;

// A filesystem, an empty directory on it, and the means to put odd things there.
class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  virtual Filesystem& filesystem() = 0;
  virtual std::filesystem::path base() = 0;
  virtual void plant_symlink(std::string_view name) = 0;
  virtual void plant_fifo(std::string_view name) = 0;
  virtual void plant_hard_link(std::string_view file, std::string_view name) = 0;
};

class PosixWorld final : public World {
 public:
  Filesystem& filesystem() override { return posix_filesystem(); }
  std::filesystem::path base() override { return scratch_.path(); }
  void plant_symlink(std::string_view name) override {
    std::filesystem::create_symlink("nowhere", scratch_ / name);
  }
  void plant_fifo(std::string_view name) override {
    ASSERT_EQ(::mkfifo((scratch_ / name).c_str(), 0666), 0);
  }
  void plant_hard_link(std::string_view file, std::string_view name) override {
    std::filesystem::create_hard_link(scratch_ / file, scratch_ / name);
  }

 private:
  test::ScratchDirectory scratch_;
};

class SimulatedWorld final : public World {
 public:
  SimulatedWorld() { filesystem_.plant_directory(base()); }
  Filesystem& filesystem() override { return filesystem_; }
  std::filesystem::path base() override { return "/tmp/contract"; }
  void plant_symlink(std::string_view name) override { filesystem_.plant_symlink(base() / name); }
  void plant_fifo(std::string_view name) override { filesystem_.plant_fifo(base() / name); }
  void plant_hard_link(std::string_view file, std::string_view name) override {
    filesystem_.plant_hard_link(base() / file, base() / name);
  }

 private:
  SimulatedFilesystem filesystem_;
};

struct WorldKind {
  std::string name;
  std::function<std::unique_ptr<World>()> make;

  friend std::ostream& operator<<(std::ostream& stream, const WorldKind& kind) {
    return stream << kind.name;
  }
};

// The value of a result that must be one.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().to_string();
    std::abort();
  }
  return *std::move(result);
}

#define EXPECT_OK(expression)                                    \
  do {                                                           \
    const auto& expected_ok = (expression);                      \
    EXPECT_TRUE(expected_ok) << expected_ok.error().to_string(); \
  } while (false)

// Every error says what it is, and carries the operating system's number and a path.
#define EXPECT_ERROR(expression, expected_code)                                       \
  do {                                                                                \
    const auto& failed = (expression);                                                \
    ASSERT_FALSE(failed) << #expression;                                              \
    EXPECT_EQ(error_code_name(failed.error().code), error_code_name(expected_code));  \
    EXPECT_NE(failed.error().os_error, 0) << failed.error().to_string();              \
    EXPECT_FALSE(failed.error().path.empty()) << failed.error().to_string();          \
    EXPECT_TRUE(failed.error().message.ends_with('.')) << failed.error().to_string(); \
  } while (false)

class FilesystemContract : public testing::TestWithParam<WorldKind> {
 protected:
  FilesystemContract() { directory_ = must(world_->filesystem().open_directory(world_->base())); }

  std::unique_ptr<File> create(std::string_view name, std::string_view text = "") {
    auto file = must(directory_->open(name, OpenMode::kCreateExclusive));
    EXPECT_OK(file->write_at(0, as_bytes(text)));
    return file;
  }
  static std::string content(const File& file) {
    std::string text(must(file.size()), '?');
    EXPECT_EQ(must(file.read_at(0, std::as_writable_bytes(std::span(text)))), text.size());
    return text;
  }
  std::string content(std::string_view name) {
    return content(*must(directory_->open(name, OpenMode::kRead)));
  }
  std::map<std::string, EntryKind> listing() { return listing(*directory_); }
  static std::map<std::string, EntryKind> listing(const Directory& directory) {
    std::map<std::string, EntryKind> result;
    for (const DirectoryEntry& entry : must(directory.list())) result[entry.name] = entry.kind;
    return result;
  }

  std::unique_ptr<World> world_ = GetParam().make();
  std::unique_ptr<Directory> directory_;
};

INSTANTIATE_TEST_SUITE_P(
    Both, FilesystemContract,
    testing::Values(WorldKind{"Posix", [] { return std::make_unique<PosixWorld>(); }},
                    WorldKind{"Simulated", [] { return std::make_unique<SimulatedWorld>(); }}),
    [](const auto& tested) { return tested.param.name; });

TEST_P(FilesystemContract, OpenDirectoryKeepsThePathItWasGiven) {
  EXPECT_EQ(directory_->path(), world_->base());
  EXPECT_EQ(must(world_->filesystem().open_directory(""))->path(), ".");
}

TEST_P(FilesystemContract, OpenDirectorySaysWhatIsWrong) {
  (void)create("file");
  Filesystem& filesystem = world_->filesystem();
  const std::filesystem::path base = world_->base();
  EXPECT_ERROR(filesystem.open_directory(base / "missing"), ErrorCode::kNotFound);
  EXPECT_ERROR(filesystem.open_directory(base / "file"), ErrorCode::kInvalidArgument);
  EXPECT_ERROR(filesystem.open_directory(base / "file" / "below"), ErrorCode::kInvalidArgument);
  EXPECT_ERROR(filesystem.open_directory(std::string("a\0b", 3)), ErrorCode::kInvalidArgument);
}

TEST_P(FilesystemContract, CreateDirectoryMakesWhatIsMissing) {
  const std::filesystem::path path = world_->base() / "a" / "." / "b" / "c/";
  for (int round = 0; round < 2; ++round) {
    const auto made = must(world_->filesystem().create_directory(path));
    EXPECT_EQ(made->path(), path);
    EXPECT_EQ(listing(*made).size(), 0U);
  }
  EXPECT_EQ(listing(), (std::map<std::string, EntryKind>{{"a", EntryKind::kDirectory}}));
  EXPECT_OK(world_->filesystem().open_directory(world_->base() / "a/b/c"));
  EXPECT_OK(world_->filesystem().create_directory(world_->base() / "a/../d/e"));
  EXPECT_OK(world_->filesystem().open_directory(world_->base() / "d/e"));
}

TEST_P(FilesystemContract, CreateDirectoryNamesWhatIsInTheWay) {
  (void)create("file");
  world_->plant_symlink("link");
  for (const std::string_view obstacle : {"file", "link"}) {
    const std::filesystem::path path = world_->base() / obstacle;
    const auto made = world_->filesystem().create_directory(path / "below" / "it");
    EXPECT_ERROR(made, ErrorCode::kInvalidArgument);
    EXPECT_EQ(made.error().path, path.string());
    EXPECT_ERROR(world_->filesystem().create_directory(path), ErrorCode::kInvalidArgument);
  }
  EXPECT_ERROR(world_->filesystem().create_directory(std::string("a\0b", 3)),
               ErrorCode::kInvalidArgument);
}

TEST_P(FilesystemContract, NamesAreSingleComponents) {
  using std::string_view;
  for (const string_view name : {string_view(""), string_view("."), string_view(".."),
                                 string_view("a/b"), string_view("/a"), string_view("a\0b", 3)}) {
    EXPECT_ERROR(directory_->open(name, OpenMode::kRead), ErrorCode::kInvalidArgument);
    EXPECT_ERROR(directory_->open(name, OpenMode::kCreateExclusive), ErrorCode::kInvalidArgument);
    EXPECT_ERROR(directory_->rename(name, "b", Replace::kYes), ErrorCode::kInvalidArgument);
    EXPECT_ERROR(directory_->rename("b", name, Replace::kYes), ErrorCode::kInvalidArgument);
    EXPECT_ERROR(directory_->remove(name), ErrorCode::kInvalidArgument);
    EXPECT_ERROR(directory_->make_directory(name), ErrorCode::kInvalidArgument);
    EXPECT_ERROR(directory_->lock(name), ErrorCode::kInvalidArgument);
  }
}

TEST_P(FilesystemContract, OpenReadsAndWritesWhatExists) {
  (void)create("file", "hello");
  EXPECT_EQ(content("file"), "hello");
  const auto file = must(directory_->open("file", OpenMode::kReadWrite));
  EXPECT_EQ(content(*file), "hello");  // opening has not cut it
  EXPECT_OK(file->write_at(0, as_bytes("J")));
  EXPECT_EQ(content("file"), "Jello");
  EXPECT_ERROR(directory_->open("missing", OpenMode::kRead), ErrorCode::kNotFound);
  EXPECT_ERROR(directory_->open("missing", OpenMode::kReadWrite), ErrorCode::kNotFound);
}

TEST_P(FilesystemContract, CreateRefusesEveryNameThatIsTaken) {
  (void)create("file", "kept");
  EXPECT_OK(directory_->make_directory("directory"));
  world_->plant_symlink("link");
  world_->plant_fifo("fifo");
  for (const std::string_view name : {"file", "directory", "link", "fifo"}) {
    const auto file = directory_->open(name, OpenMode::kCreateExclusive);
    EXPECT_ERROR(file, ErrorCode::kAlreadyExists);
    EXPECT_EQ(file.error().path, (world_->base() / name).string());
    EXPECT_ERROR(directory_->make_directory(name), ErrorCode::kAlreadyExists);
  }
  EXPECT_EQ(content("file"), "kept");
}

TEST_P(FilesystemContract, OpenTakesNothingButRegularFiles) {
  EXPECT_OK(directory_->make_directory("directory"));
  world_->plant_symlink("symbolic link");
  world_->plant_fifo("FIFO");
  for (const std::string name : {"directory", "symbolic link", "FIFO"}) {
    for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite}) {
      const auto file = directory_->open(name, mode);
      EXPECT_ERROR(file, ErrorCode::kNotRegularFile);
      EXPECT_NE(file.error().message.find("a " + name), std::string::npos) << file.error().message;
      EXPECT_EQ(file.error().path, (world_->base() / name).string());
    }
    const auto lock = directory_->lock(name);
    EXPECT_ERROR(lock, ErrorCode::kNotRegularFile);
  }
}

TEST_P(FilesystemContract, FilesWithSeveralLinksAreOnlyRead) {
  (void)create("file", "shared");
  world_->plant_hard_link("file", "other");
  EXPECT_EQ(content("other"), "shared");
  const auto file = directory_->open("other", OpenMode::kReadWrite);
  EXPECT_ERROR(file, ErrorCode::kNotRegularFile);
  EXPECT_NE(file.error().message.find("2 links"), std::string::npos) << file.error().message;
  EXPECT_ERROR(directory_->lock("other"), ErrorCode::kNotRegularFile);
  EXPECT_EQ(content("file"), "shared");  // no process id in it
  EXPECT_OK(directory_->rename("other", "file", Replace::kYes));
  EXPECT_EQ(listing().count("other"), 1U);  // two names of one file are left alone
  (void)create("new");
  EXPECT_OK(directory_->rename("new", "file", Replace::kYes));
  EXPECT_OK(directory_->open("other", OpenMode::kReadWrite));
}

TEST_P(FilesystemContract, OpenFileReadsAnyPath) {
  (void)create("file", "input");
  world_->plant_fifo("fifo");
  world_->plant_symlink("link");
  Filesystem& filesystem = world_->filesystem();
  EXPECT_EQ(content(*must(filesystem.open_file(world_->base() / "file"))), "input");
  EXPECT_ERROR(filesystem.open_file(world_->base() / "missing"), ErrorCode::kNotFound);
  EXPECT_ERROR(filesystem.open_file(world_->base() / "link"), ErrorCode::kNotFound);
  EXPECT_ERROR(filesystem.open_file(world_->base()), ErrorCode::kNotRegularFile);
  EXPECT_ERROR(filesystem.open_file(world_->base() / "fifo"), ErrorCode::kNotRegularFile);
  EXPECT_ERROR(filesystem.open_file(std::string("a\0b", 3)), ErrorCode::kInvalidArgument);
}

TEST_P(FilesystemContract, ReadEndsWhereTheFileEnds) {
  const auto file = create("file", "0123456789");
  std::array<std::byte, 4> buffer = {};
  EXPECT_EQ(must(file->read_at(0, buffer)), 4U);
  EXPECT_EQ(as_text(buffer), "0123");
  EXPECT_EQ(must(file->read_at(8, buffer)), 2U);
  EXPECT_EQ(as_text(buffer), "8923");
  EXPECT_EQ(must(file->read_at(10, buffer)), 0U);
  EXPECT_EQ(must(file->read_at(11, buffer)), 0U);
  EXPECT_EQ(must(file->read_at(0, {})), 0U);
  for (const std::uint64_t offset :
       {0x7FFFFFFFFFFFFFFEU, 0x7FFFFFFFFFFFFFFFU, 0x8000000000000000U, 0xFFFFFFFFFFFFFFFFU}) {
    EXPECT_EQ(must(file->read_at(offset, buffer)), 0U) << offset;
  }
}

TEST_P(FilesystemContract, WriteBehindTheEndLeavesZeros) {
  const auto file = create("file", "ab");
  EXPECT_OK(file->write_at(4, as_bytes("ef")));
  EXPECT_EQ(content(*file), std::string("ab\0\0ef", 6));
  EXPECT_OK(file->write_at(1, as_bytes("BC")));
  EXPECT_EQ(content(*file), std::string("aBC\0ef", 6));
  EXPECT_OK(file->write_at(100, {}));  // nothing written, nothing grown
  EXPECT_EQ(must(file->size()), 6U);
}

TEST_P(FilesystemContract, WriteBeyondAllLimitsIsRefused) {
  const auto file = create("file", "ab");
  for (const std::uint64_t offset :
       {0x7FFFFFFFFFFFFFFFU, 0x8000000000000000U, 0xFFFFFFFFFFFFFFFFU}) {
    const Status status = file->write_at(offset, as_bytes("c"));
    EXPECT_ERROR(status, ErrorCode::kIo);
    EXPECT_EQ(status.error().os_error, EFBIG);
    EXPECT_EQ(status.error().path, (world_->base() / "file").string());
  }
  EXPECT_ERROR(file->truncate(0x8000000000000000U), ErrorCode::kIo);
  EXPECT_EQ(content(*file), "ab");
}

TEST_P(FilesystemContract, TruncateCutsAndExtends) {
  const auto file = create("file", "0123456789");
  EXPECT_OK(file->truncate(4));
  EXPECT_EQ(content(*file), "0123");
  EXPECT_OK(file->truncate(6));
  EXPECT_EQ(content(*file), std::string("0123\0\0", 6));
  EXPECT_OK(file->truncate(6));
  EXPECT_OK(file->truncate(0));
  EXPECT_EQ(must(file->size()), 0U);
}

TEST_P(FilesystemContract, LargeFilesKeepEveryByte) {
  std::string text(1'000'000, '\0');
  for (std::size_t index = 0; index < text.size(); ++index) {
    text[index] = static_cast<char>('a' + index % 23);
  }
  const auto file = create("file", text);
  EXPECT_OK(file->sync());
  EXPECT_OK(file->write_at(4095, as_bytes("ABC")));
  text.replace(4095, 3, "ABC");
  EXPECT_TRUE(content("file") == text);
  EXPECT_OK(file->truncate(8191));
  EXPECT_OK(file->truncate(8193));
  EXPECT_TRUE(content("file") == text.substr(0, 8191) + std::string(2, '\0'));
}

TEST_P(FilesystemContract, RenameWithoutReplacingSparesTheTarget) {
  (void)create("source", "new");
  (void)create("target", "old");
  const Status refused = directory_->rename("source", "target", Replace::kNo);
  EXPECT_ERROR(refused, ErrorCode::kAlreadyExists);
  EXPECT_EQ(refused.error().path, (world_->base() / "target").string());
  EXPECT_EQ(content("target"), "old");
  EXPECT_OK(directory_->rename("source", "free", Replace::kNo));
  EXPECT_EQ(content("free"), "new");
  EXPECT_ERROR(directory_->open("source", OpenMode::kRead), ErrorCode::kNotFound);
  EXPECT_ERROR(directory_->rename("free", "free", Replace::kNo), ErrorCode::kAlreadyExists);
  const Status missing = directory_->rename("missing", "name", Replace::kNo);
  EXPECT_ERROR(missing, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().path, (world_->base() / "missing").string());
}

TEST_P(FilesystemContract, RenameReplacesFiles) {
  (void)create("source", "new");
  const auto old = create("target", "old");
  EXPECT_OK(directory_->rename("source", "target", Replace::kYes));
  EXPECT_EQ(content("target"), "new");
  EXPECT_EQ(content(*old), "old");  // whoever has it open keeps it
  EXPECT_OK(directory_->rename("target", "target", Replace::kYes));
  EXPECT_OK(directory_->rename("target", "free", Replace::kYes));
  EXPECT_EQ(listing(), (std::map<std::string, EntryKind>{{"free", EntryKind::kFile}}));
  EXPECT_ERROR(directory_->rename("missing", "free", Replace::kYes), ErrorCode::kNotFound);
}

TEST_P(FilesystemContract, RenameKeepsFilesAndDirectoriesApart) {
  (void)create("file", "kept");
  EXPECT_OK(directory_->make_directory("empty"));
  EXPECT_OK(directory_->make_directory("full"));
  EXPECT_OK(world_->filesystem().create_directory(world_->base() / "full" / "inner"));
  EXPECT_ERROR(directory_->rename("file", "empty", Replace::kYes), ErrorCode::kNotRegularFile);
  EXPECT_ERROR(directory_->rename("file", "full", Replace::kYes), ErrorCode::kNotRegularFile);
  EXPECT_ERROR(directory_->rename("empty", "file", Replace::kYes), ErrorCode::kAlreadyExists);
  EXPECT_ERROR(directory_->rename("empty", "full", Replace::kYes), ErrorCode::kNotEmpty);
  EXPECT_ERROR(directory_->rename("full", "empty", Replace::kNo), ErrorCode::kAlreadyExists);
  EXPECT_OK(directory_->rename("full", "empty", Replace::kYes));
  EXPECT_OK(world_->filesystem().open_directory(world_->base() / "empty" / "inner"));
  EXPECT_OK(directory_->rename("empty", "moved", Replace::kNo));
  EXPECT_EQ(listing(), (std::map<std::string, EntryKind>{{"file", EntryKind::kFile},
                                                         {"moved", EntryKind::kDirectory}}));
}

TEST_P(FilesystemContract, DirectoriesStayOpenWhenTheyAreRenamed) {
  EXPECT_OK(directory_->make_directory("before"));
  const auto inner = must(world_->filesystem().open_directory(world_->base() / "before"));
  EXPECT_OK(directory_->rename("before", "after", Replace::kNo));
  EXPECT_OK(inner->open("file", OpenMode::kCreateExclusive));
  EXPECT_OK(inner->sync());
  EXPECT_OK(inner->sync_parent());
  const auto found = must(world_->filesystem().open_directory(world_->base() / "after"));
  EXPECT_EQ(listing(*found).count("file"), 1U);
}

TEST_P(FilesystemContract, LinkGivesAFileOneMoreName) {
  const auto file = create("file", "shared");
  EXPECT_OK(directory_->make_directory("other"));
  const auto other = must(world_->filesystem().open_directory(world_->base() / "other"));
  EXPECT_TRUE(must(other->link(*file, "linked")));
  EXPECT_EQ(content(*must(other->open("linked", OpenMode::kRead))), "shared");
  EXPECT_EQ(must(other->open("linked", OpenMode::kRead))->identity(), file->identity());
  EXPECT_ERROR(directory_->open("file", OpenMode::kReadWrite), ErrorCode::kNotRegularFile);
  EXPECT_ERROR(other->open("linked", OpenMode::kReadWrite), ErrorCode::kNotRegularFile);
  EXPECT_ERROR(other->link(*file, "linked"), ErrorCode::kAlreadyExists);
  EXPECT_ERROR(other->link(*file, "a/b"), ErrorCode::kInvalidArgument);
  EXPECT_OK(directory_->remove("file"));
  EXPECT_OK(other->open("linked", OpenMode::kReadWrite));
}

TEST_P(FilesystemContract, LinkTakesTheFileThatIsOpenAndNotWhatHasItsNameNow) {
  (void)create("file", "old");
  const auto opened = must(directory_->open("file", OpenMode::kRead));
  EXPECT_OK(directory_->rename("file", "moved", Replace::kNo));
  (void)create("file", "new");
  EXPECT_TRUE(must(directory_->link(*opened, "linked")));
  EXPECT_EQ(content("linked"), "old");
  EXPECT_OK(directory_->remove("moved"));
  EXPECT_OK(directory_->remove("linked"));
  EXPECT_FALSE(must(directory_->link(*opened, "linked")));
  EXPECT_EQ(listing().size(), 1U);
}

TEST_P(FilesystemContract, AnIdentityChangesWithTheFileAndItsContent) {
  const auto file = create("file", "text");
  const auto before = must(directory_->open("file", OpenMode::kRead))->identity();
  ASSERT_TRUE(before);
  EXPECT_EQ(file->identity(), before);
  EXPECT_EQ(before->size, 4U);
  const auto other = create("other", "text");
  EXPECT_FALSE(other->identity()->is_same_file(*before));
  EXPECT_OK(directory_->rename("other", "file", Replace::kYes));
  EXPECT_EQ(must(directory_->open("file", OpenMode::kRead))->identity(), other->identity());
  EXPECT_OK(other->truncate(3));
  EXPECT_EQ(other->identity()->size, 3U);
}

TEST_P(FilesystemContract, AnOpenFileKnowsWhatItWasWhenItWasOpened) {
  const auto file = create("file", "text");
  const auto opened = must(directory_->open("file", OpenMode::kRead));
  const auto before = opened->identity();
  ASSERT_TRUE(before);
  EXPECT_OK(file->write_at(4, as_bytes("more")));
  EXPECT_EQ(opened->identity_at_open(), before);
  EXPECT_EQ(must(opened->size_at_open()), 4U);
  EXPECT_EQ(must(opened->size()), 8U);
  const auto again = must(world_->filesystem().open_file(world_->base() / "file"));
  EXPECT_EQ(again->identity_at_open(), file->identity());
}

TEST_P(FilesystemContract, ExchangeSwapsTwoNames) {
  EXPECT_OK(world_->filesystem().create_directory(world_->base() / "full" / "inner"));
  EXPECT_OK(directory_->make_directory("empty"));
  (void)create("file", "kept");
  const auto held = must(world_->filesystem().open_directory(world_->base() / "full"));
  EXPECT_OK(directory_->exchange("full", "empty"));
  EXPECT_EQ(listing(*must(world_->filesystem().open_directory(world_->base() / "empty"))).size(),
            1U);
  EXPECT_EQ(listing(*must(world_->filesystem().open_directory(world_->base() / "full"))).size(),
            0U);
  EXPECT_EQ(listing(*held).count("inner"), 1U);
  EXPECT_OK(held->sync_parent());
  EXPECT_OK(directory_->exchange("file", "empty"));
  EXPECT_EQ(content("empty"), "kept");
  EXPECT_ERROR(directory_->exchange("missing", "file"), ErrorCode::kNotFound);
  EXPECT_ERROR(directory_->exchange("file", "missing"), ErrorCode::kNotFound);
  EXPECT_ERROR(directory_->exchange("a/b", "file"), ErrorCode::kInvalidArgument);
}

TEST_P(FilesystemContract, RemoveTakesFilesAndEmptyDirectories) {
  const auto file = create("file", "lives on");
  world_->plant_symlink("link");
  EXPECT_OK(world_->filesystem().create_directory(world_->base() / "directory" / "inner"));
  EXPECT_OK(directory_->remove("file"));
  EXPECT_OK(directory_->remove("link"));
  EXPECT_ERROR(directory_->remove("directory"), ErrorCode::kNotEmpty);
  const auto outer = must(world_->filesystem().open_directory(world_->base() / "directory"));
  EXPECT_OK(outer->remove("inner"));
  EXPECT_OK(directory_->remove("directory"));
  EXPECT_ERROR(directory_->remove("directory"), ErrorCode::kNotFound);
  EXPECT_EQ(listing().size(), 0U);
  EXPECT_EQ(content(*file), "lives on");
  EXPECT_OK(file->write_at(0, as_bytes("L")));
  EXPECT_OK(file->sync());
}

TEST_P(FilesystemContract, RemovedDirectoriesTakeNothing) {
  EXPECT_OK(directory_->make_directory("gone"));
  const auto gone = must(world_->filesystem().open_directory(world_->base() / "gone"));
  EXPECT_OK(directory_->remove("gone"));
  EXPECT_EQ(listing(*gone).size(), 0U);
  EXPECT_ERROR(gone->open("file", OpenMode::kCreateExclusive), ErrorCode::kNotFound);
  EXPECT_ERROR(gone->make_directory("inner"), ErrorCode::kNotFound);
  EXPECT_ERROR(gone->lock(".lock"), ErrorCode::kNotFound);
}

TEST_P(FilesystemContract, ListTellsKindsOfTheEntriesThemselves) {
  (void)create("file");
  EXPECT_OK(directory_->make_directory("directory"));
  world_->plant_symlink("link");
  world_->plant_fifo("fifo");
  const std::map<std::string, EntryKind> expected = {{"file", EntryKind::kFile},
                                                     {"directory", EntryKind::kDirectory},
                                                     {"link", EntryKind::kOther},
                                                     {"fifo", EntryKind::kOther}};
  EXPECT_EQ(listing(), expected);
  EXPECT_EQ(listing(), expected);  // from the start again
}

TEST_P(FilesystemContract, ListGivesEachOfManyEntriesOnce) {
  std::set<std::string> expected;
  for (int number = 0; number < 1'500; ++number) {
    const std::string name = std::to_string(number) + std::string(30, 'n');
    (void)create(name);
    expected.insert(name);
  }
  const auto entries = must(directory_->list());
  EXPECT_EQ(entries.size(), expected.size());
  for (const DirectoryEntry& entry : entries) EXPECT_EQ(expected.erase(entry.name), 1U);
}

TEST_P(FilesystemContract, LockExcludesUntilItIsDestroyed) {
  auto lock = must(directory_->lock(".lock"));
  const auto refused = directory_->lock(".lock");
  EXPECT_ERROR(refused, ErrorCode::kLocked);
  EXPECT_NE(refused.error().message.find("already locked"), std::string::npos);
  EXPECT_EQ(refused.error().path, (world_->base() / ".lock").string());
  const auto elsewhere = must(world_->filesystem().open_directory(world_->base()));
  EXPECT_ERROR(elsewhere->lock(".lock"), ErrorCode::kLocked);
  lock.reset();
  lock = must(elsewhere->lock(".lock"));
  EXPECT_ERROR(directory_->lock(".lock"), ErrorCode::kLocked);
}

TEST_P(FilesystemContract, LockFileNamesItsHolderAndStays) {
  (void)create(".lock", "what another program left here, longer than a process id");
  auto lock = must(directory_->lock(".lock"));
  const std::string text = content(".lock");
  ASSERT_GE(text.size(), 2U);
  EXPECT_EQ(text.find_first_not_of("0123456789"), text.size() - 1) << text;
  EXPECT_EQ(text.back(), '\n');
  const auto refused = directory_->lock(".lock");
  const std::string holder = "process " + text.substr(0, text.size() - 1);
  EXPECT_NE(refused.error().message.find(holder), std::string::npos) << refused.error().message;
  lock.reset();
  EXPECT_EQ(content(".lock"), text);
}

TEST_P(FilesystemContract, WatchSeesEveryKindOfChange) {
  constexpr milliseconds kLong{60'000};
  const auto file = create("file");
  const auto watch = must(directory_->watch());
  const std::array<std::function<void()>, 4> changes = {{
      [&] { EXPECT_OK(file->write_at(0, as_bytes("x"))); },
      [&] { (void)create("another"); },
      [&] { EXPECT_OK(directory_->rename("another", "renamed", Replace::kNo)); },
      [&] { EXPECT_OK(directory_->remove("renamed")); },
  }};
  for (const std::function<void()>& change : changes) {
    change();
    const auto begin = world_->filesystem().now();
    watch->wait(kLong);
    EXPECT_LT(world_->filesystem().now() - begin, kLong);
  }
}

TEST_P(FilesystemContract, WatchEndsWithoutAChange) {
  const auto watch = must(directory_->watch());
  watch->wait(milliseconds(1));
  watch->wait(milliseconds(0));
  watch->wait(milliseconds(-1));
}

TEST_P(FilesystemContract, SyncsSucceed) {
  const auto file = create("file", "text");
  EXPECT_OK(file->sync());
  EXPECT_OK(directory_->sync());
  EXPECT_OK(directory_->sync_parent());
  EXPECT_OK(must(world_->filesystem().open_directory("/"))->sync_parent());
}

TEST_P(FilesystemContract, MachineHasAnIdentityAClockAndRandomBytes) {
  Filesystem& filesystem = world_->filesystem();
  EXPECT_EQ(filesystem.boot_id(), filesystem.boot_id());
  EXPECT_NE(filesystem.boot_id(), (std::array<std::byte, 16>{}));
  const auto earlier = filesystem.now();
  EXPECT_LE(earlier, filesystem.now());
  std::array<std::byte, 32> first = {};
  std::array<std::byte, 32> second = {};
  filesystem.fill_random(first);
  filesystem.fill_random(second);
  EXPECT_NE(first, second);
  filesystem.fill_random({});
}

}  // namespace
}  // namespace datawal::filesystem_contract_test
