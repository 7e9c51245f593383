// What only a real disk can show: permissions, full and read-only media, failing system calls.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "file/filesystem.h"
#include "file/posix_directory.h"
#include "file/posix_test_support.h"

namespace datawal::posix_filesystem_test {
namespace {

using test::count_calls;
using test::read_text;
using test::run_in_child;
using test::ScratchDirectory;
using test::with_failing_call;
using test::write_text;

// What came out, as text that a child process can hand to its parent: "ok" or the code and errno.
template <typename T>
std::string outcome(const Result<T>& result) {
  if (result) return "ok";
  const Error& error = result.error();
  return std::string(error_code_name(error.code)) + " " + ::strerrorname_np(error.os_error);
}

std::unique_ptr<Directory> open_directory(const std::filesystem::path& path) {
  Result<std::unique_ptr<Directory>> directory = posix_filesystem().open_directory(path);
  EXPECT_TRUE(directory) << directory.error().to_string();
  return directory ? *std::move(directory) : nullptr;
}

std::unique_ptr<File> open_file(const Directory& directory, std::string_view name, OpenMode mode) {
  Result<std::unique_ptr<File>> file = directory.open(name, mode);
  EXPECT_TRUE(file) << file.error().to_string();
  return file ? *std::move(file) : nullptr;
}

bool has_remedy(const Error& error, std::string_view word) {
  return error.message.find(word) != std::string::npos;
}

TEST(PosixFilesystem, SocketsAndDevicesAreRefused) {
  const ScratchDirectory scratch;
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = (scratch / "socket").string();
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  std::ranges::copy(path, std::begin(address.sun_path));
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const auto directory = open_directory(scratch.path());
  const auto socket = directory->open("socket", OpenMode::kRead);
  EXPECT_EQ(outcome(socket), "NotRegularFile ENXIO");
  EXPECT_TRUE(has_remedy(socket.error(), "a socket"));
  EXPECT_EQ(outcome(posix_filesystem().open_file(path)), "NotRegularFile ENXIO");
  const auto device = open_directory("/dev")->open("null", OpenMode::kRead);
  EXPECT_EQ(outcome(device), "NotRegularFile EINVAL");
  EXPECT_TRUE(has_remedy(device.error(), "a device"));
}

TEST(PosixFilesystem, LinksLeadNowhereInsideADirectoryButDoOutside) {
  const ScratchDirectory scratch;
  write_text(scratch / "real", "secret");
  std::filesystem::create_symlink("real", scratch / "link");
  std::filesystem::create_directory_symlink(scratch.path(), scratch / "here");
  const auto directory = open_directory(scratch / "here");
  EXPECT_EQ(outcome(directory->open("link", OpenMode::kRead)), "NotRegularFile ELOOP");
  EXPECT_EQ(outcome(directory->open("link", OpenMode::kReadWrite)), "NotRegularFile ELOOP");
  EXPECT_EQ(outcome(directory->lock("link")), "NotRegularFile ELOOP");
  EXPECT_EQ(read_text(scratch / "real"), "secret");
  EXPECT_EQ(outcome(posix_filesystem().open_file(scratch / "link")), "ok");
  EXPECT_EQ(outcome(posix_filesystem().create_directory(scratch / "here" / "made")), "ok");
  EXPECT_TRUE(std::filesystem::is_directory(scratch / "made"));
}

TEST(PosixFilesystem, LoopsOfLinksAreNamed) {
  const ScratchDirectory scratch;
  std::filesystem::create_symlink("loop", scratch / "loop");
  const auto directory = posix_filesystem().open_directory(scratch / "loop" / "below");
  EXPECT_EQ(outcome(directory), "Io ELOOP");
  EXPECT_TRUE(has_remedy(directory.error(), "loop"));
}

TEST(PosixFilesystem, RelativePathsStartAtTheCurrentDirectory) {
  const ScratchDirectory scratch;
  const std::string text = run_in_child([&]() -> std::string {
    if (::chdir(scratch.path().c_str()) != 0) return "chdir failed";
    Filesystem& filesystem = posix_filesystem();
    const auto made = filesystem.create_directory("a/b/../c");
    const auto here = filesystem.create_directory("");
    const auto created = (*here)->open("file", OpenMode::kCreateExclusive);
    return outcome(made) + ", " + outcome(created) + ", " + outcome(filesystem.open_file("file"));
  });
  EXPECT_EQ(text, "ok, ok, ok");
  EXPECT_TRUE(std::filesystem::is_directory(scratch / "a/c"));
  EXPECT_TRUE(std::filesystem::is_directory(scratch / "a/b"));
}

TEST(PosixFilesystem, NewFilesAndDirectoriesObeyTheUmask) {
  const ScratchDirectory scratch;
  const std::string text = run_in_child([&]() -> std::string {
    ::umask(0027);
    const auto directory = posix_filesystem().create_directory(scratch / "directory");
    const auto file = (*directory)->open("file", OpenMode::kCreateExclusive);
    const auto made = (*directory)->make_directory("inner");
    const auto lock = (*directory)->lock(".lock");
    return outcome(file) + ", " + outcome(made) + ", " + outcome(lock);
  });
  EXPECT_EQ(text, "ok, ok, ok");
  const auto mode_of = [&](const char* name) {
    struct stat status = {};
    EXPECT_EQ(::stat((scratch / name).c_str(), &status), 0);
    return status.st_mode & 0777U;
  };
  EXPECT_EQ(mode_of("directory"), 0750U);
  EXPECT_EQ(mode_of("directory/inner"), 0750U);
  EXPECT_EQ(mode_of("directory/file"), 0640U);
  EXPECT_EQ(mode_of("directory/.lock"), 0640U);
}

TEST(PosixFilesystem, DescriptorsDoNotOutliveExec) {
  const ScratchDirectory scratch;
  const auto directory = open_directory(scratch.path());
  const auto file = open_file(*directory, "file", OpenMode::kCreateExclusive);
  const auto lock = directory->lock(".lock");
  const auto watch = directory->watch();
  ASSERT_TRUE(lock && watch);
  int checked_count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (!target.starts_with(scratch.path().string()) && target != "anon_inode:inotify") continue;
    ++checked_count;
    EXPECT_EQ(::fcntl(std::stoi(entry.path().filename()), F_GETFD), FD_CLOEXEC) << target;
  }
  EXPECT_EQ(checked_count, 4);
}

// A tmpfs of one MiB, in mounts of the child's own, so that nothing is left behind.
std::string on_tmpfs(const std::function<std::string(const std::filesystem::path&)>& body) {
  const ScratchDirectory scratch;
  return run_in_child([&] {
    const std::string trouble = test::mount_tmpfs(scratch.path(), "1m");
    return trouble.empty() ? body(scratch.path()) : trouble;
  });
}

TEST(PosixFilesystem, FullDiskIsNoSpaceAfterAPartOfTheWrite) {
  EXPECT_EQ(on_tmpfs([](const std::filesystem::path& path) {
              const auto directory = open_directory(path);
              const auto file = open_file(*directory, "file", OpenMode::kCreateExclusive);
              const Bytes data(3 << 20, std::byte{7});
              const Status status = file->write_at(0, data);
              const bool is_partial = *file->size() > 0 && *file->size() < data.size();
              std::array<std::byte, 1> last = {};
              const bool is_readable = *file->read_at(*file->size() - 1, last) == 1;
              return outcome(status) + (is_partial ? ", partial" : ", not partial") +
                     (is_readable && last[0] == std::byte{7} ? ", kept" : ", lost") +
                     (has_remedy(status.error(), "Free some space") ? ", remedy" : "");
            }),
            "NoSpace ENOSPC, partial, kept, remedy");
}

TEST(PosixFilesystem, FullDiskStillLocksAnExistingFile) {
  EXPECT_EQ(on_tmpfs([](const std::filesystem::path& path) {
              const auto directory = open_directory(path);
              const auto lock_file = open_file(*directory, ".lock", OpenMode::kCreateExclusive);
              const auto file = open_file(*directory, "file", OpenMode::kCreateExclusive);
              const Status filled = file->write_at(0, Bytes(3 << 20, std::byte{7}));
              const auto lock = directory->lock(".lock");
              const auto refused = directory->lock(".lock");
              const bool names_nobody =
                  refused.error().message.find("by process") == std::string::npos;
              return outcome(filled) + ", " + outcome(lock) + ", " + outcome(refused) +
                     (names_nobody ? ", names nobody" : "");
            }),
            "NoSpace ENOSPC, ok, Locked EAGAIN, names nobody");
}

TEST(PosixFilesystem, FullInodeTableIsNoSpace) {
  EXPECT_EQ(on_tmpfs([](const std::filesystem::path& path) -> std::string {
              if (::mount("tmpfs", path.c_str(), "tmpfs", MS_REMOUNT, "nr_inodes=2") != 0) {
                return "remount failed";
              }
              const auto directory = open_directory(path);
              const auto file = open_file(*directory, "file", OpenMode::kCreateExclusive);
              return outcome(directory->open("next", OpenMode::kCreateExclusive)) + ", " +
                     outcome(directory->make_directory("next")) + ", " +
                     outcome(directory->lock(".lock"));
            }),
            "NoSpace ENOSPC, NoSpace ENOSPC, NoSpace ENOSPC");
}

TEST(PosixFilesystem, ReadOnlyMediaAreReadAndNotChanged) {
  EXPECT_EQ(on_tmpfs([](const std::filesystem::path& path) -> std::string {
              write_text(path / "file", "kept");
              write_text(path / ".lock", "");
              std::string trouble = test::remount_read_only(path);
              if (!trouble.empty()) return trouble;
              const auto directory = open_directory(path);
              const auto write = directory->open("file", OpenMode::kReadWrite);
              std::string text = outcome(write);
              for (const std::string& next :
                   {outcome(directory->open("new", OpenMode::kCreateExclusive)),
                    outcome(directory->rename("file", "new", Replace::kNo)),
                    outcome(directory->rename("file", "new", Replace::kYes)),
                    outcome(directory->remove("file")), outcome(directory->make_directory("new")),
                    outcome(directory->lock(".lock")),
                    outcome(posix_filesystem().create_directory(path / "new"))}) {
                if (next != text) return "unlike the others: " + next;
              }
              return text + (has_remedy(write.error(), "read-only") ? ", remedy" : "") + ", " +
                     outcome(directory->open("file", OpenMode::kRead)) + ", " +
                     outcome(directory->list()) + ", " +
                     outcome(posix_filesystem().create_directory(path));
            }),
            "Io EROFS, remedy, ok, ok, ok");
}

// Lets this user, where it is not root and so cannot become another, do what others may.
void set_mode(const std::filesystem::path& path, unsigned mode) {
  if (::geteuid() != 0) mode = (mode & 07U) << 6U;
  ASSERT_EQ(::chmod(path.c_str(), mode), 0);
}

// What a user without any rights of its own sees of a directory of the mode `mode`.
std::string as_nobody(unsigned mode,
                      const std::function<std::string(const std::filesystem::path&)>& body) {
  const ScratchDirectory scratch;
  EXPECT_EQ(::chmod(scratch.path().c_str(), 0755), 0);
  const std::filesystem::path path = scratch / "directory";
  std::filesystem::create_directories(path / "inner");
  write_text(path / "file", "secret");
  write_text(path / ".lock", "");
  set_mode(path / "inner", 0777);
  set_mode(path / "file", 0600);
  set_mode(path / ".lock", 0444);
  set_mode(path, mode);
  const std::string text = run_in_child([&] {
    test::become_nobody();
    return body(path);
  });
  EXPECT_EQ(::chmod(path.c_str(), 0755), 0);
  return text;
}

TEST(PosixFilesystem, MissingPermissionsNameTheRemedy) {
  EXPECT_EQ(as_nobody(0755,
                      [](const std::filesystem::path& path) {
                        const auto directory = open_directory(path);
                        const auto read = directory->open("file", OpenMode::kRead);
                        const auto lock = directory->lock(".lock");
                        const auto made = directory->make_directory("new");
                        const auto removed = directory->remove("file");
                        const auto below = posix_filesystem().create_directory(path / "a" / "b");
                        const bool has_remedies = has_remedy(read.error(), "permission") &&
                                                  has_remedy(below.error(), "permission");
                        return outcome(read) + ", " + outcome(lock) + ", " + outcome(made) + ", " +
                               outcome(removed) + ", " + outcome(below) +
                               (has_remedies ? ", remedies" : "");
                      }),
            "Io EACCES, Io EACCES, Io EACCES, Io EACCES, Io EACCES, remedies");
}

TEST(PosixFilesystem, DirectoriesThatMayOnlyBePassedThroughAre) {
  EXPECT_EQ(as_nobody(0711,
                      [](const std::filesystem::path& path) {
                        Filesystem& filesystem = posix_filesystem();
                        const auto made = filesystem.create_directory(path / "inner" / "new");
                        const auto inner = filesystem.open_directory(path / "inner");
                        std::string synced;
                        // What cannot be opened cannot be synced by itself.
                        const int count = count_calls(
                            SYS_syncfs, [&] { synced = outcome((*inner)->sync_parent()); });
                        return outcome(filesystem.open_directory(path)) + ", " + outcome(made) +
                               ", " + synced + " " + std::to_string(count);
                      }),
            "Io EACCES, ok, ok 1");
}

TEST(PosixFilesystem, UnreadableDirectoriesAreNotEntered) {
  EXPECT_EQ(as_nobody(0700,
                      [](const std::filesystem::path& path) {
                        Filesystem& filesystem = posix_filesystem();
                        return outcome(filesystem.open_directory(path / "inner")) + ", " +
                               outcome(filesystem.create_directory(path / "inner")) + ", " +
                               outcome(filesystem.open_file(path / "file"));
                      }),
            "Io EACCES, Io EACCES, Io EACCES");
}

TEST(PosixFilesystem, FileSizeLimitIsNamed) {
  const ScratchDirectory scratch;
  const std::string text = run_in_child([&]() -> std::string {
    const auto directory = open_directory(scratch.path());
    const auto file = open_file(*directory, "file", OpenMode::kCreateExclusive);
    const rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return "setrlimit failed";
    (void)::signal(SIGXFSZ, SIG_IGN);
    const Status status = file->write_at(0, Bytes(1500));
    return outcome(status) + " " + std::to_string(*file->size()) +
           (has_remedy(status.error(), "ulimit -f") ? ", remedy" : "");
  });
  EXPECT_EQ(text, "Io EFBIG 1000, remedy");
}

TEST(PosixFilesystem, OpenFilesLimitIsNamed) {
  const ScratchDirectory scratch;
  const std::string text = run_in_child([&]() -> std::string {
    const auto directory = open_directory(scratch.path());
    rlimit before = {};
    if (::getrlimit(RLIMIT_NOFILE, &before) != 0) return "getrlimit failed";
    const rlimit limit = {.rlim_cur = 3, .rlim_max = before.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return "setrlimit failed";
    const auto file = directory->open("file", OpenMode::kCreateExclusive);
    const auto entries = directory->list();
    const auto synced = directory->sync_parent();
    const auto watch = directory->watch();
    const auto made = posix_filesystem().create_directory("/");
    if (::setrlimit(RLIMIT_NOFILE, &before) != 0) return "setrlimit failed";
    (*watch)->wait(std::chrono::milliseconds(1));  // looks at intervals instead
    return outcome(file) + (has_remedy(file.error(), "ulimit -n") ? ", remedy, " : ", ") +
           outcome(entries) + ", " + outcome(synced) + ", " + outcome(watch) + ", " + outcome(made);
  });
  EXPECT_EQ(text, "Io EMFILE, remedy, Io EMFILE, Io EMFILE, ok, Io EMFILE");
}

TEST(PosixFilesystem, LongNamesAreNamed) {
  const ScratchDirectory scratch;
  const auto directory = open_directory(scratch.path());
  const auto file = directory->open(std::string(300, 'n'), OpenMode::kRead);
  EXPECT_EQ(outcome(file), "Io ENAMETOOLONG");
  EXPECT_TRUE(has_remedy(file.error(), "shorter"));
}

TEST(PosixFilesystem, FailedSystemCallsAreIoErrors) {
  const ScratchDirectory scratch;
  const auto directory = open_directory(scratch.path());
  const auto file = open_file(*directory, "file", OpenMode::kCreateExclusive);
  ASSERT_TRUE(file->write_at(0, as_bytes("text")));
  std::array<std::byte, 4> buffer = {};
  struct Case {
    int number;
    int os_error;
    std::function<std::string()> call;
    std::string expected;
  };
  const std::array<Case, 11> cases = {{
      {SYS_fdatasync, EIO, [&] { return outcome(file->sync()); }, "Io EIO"},
      {SYS_fdatasync, ENOSPC, [&] { return outcome(file->sync()); }, "NoSpace ENOSPC"},
      {SYS_pwrite64, EDQUOT, [&] { return outcome(file->write_at(0, buffer)); }, "NoSpace EDQUOT"},
      {SYS_pread64, EIO, [&] { return outcome(file->read_at(0, buffer)); }, "Io EIO"},
      {SYS_newfstatat, EIO, [&] { return outcome(file->size()); }, "Io EIO"},
      {SYS_ftruncate, EPERM, [&] { return outcome(file->truncate(1)); }, "Io EPERM"},
      {SYS_fsync, EIO, [&] { return outcome(directory->sync()); }, "Io EIO"},
      {SYS_fsync, EIO, [&] { return outcome(directory->sync_parent()); }, "Io EIO"},
      {SYS_getdents64, EIO, [&] { return outcome(directory->list()); }, "Io EIO"},
      {SYS_flock, ENOLCK, [&] { return outcome(directory->lock(".lock")); }, "Io ENOLCK"},
      {SYS_unlinkat, EBUSY, [&] { return outcome(directory->remove("file")); }, "Io EBUSY"},
  }};
  for (const Case& tested : cases) {
    std::string actual;
    EXPECT_EQ(with_failing_call(tested.number, tested.os_error, [&] { actual = tested.call(); }),
              "");
    EXPECT_EQ(actual, tested.expected) << "system call " << tested.number;
  }
}

TEST(PosixFilesystem, SignalsDoNotEndSystemCalls) {
  const ScratchDirectory scratch;
  const auto directory = open_directory(scratch.path());
  const auto file = open_file(*directory, "file", OpenMode::kCreateExclusive);
  std::array<std::byte, 4> buffer = {};
  const std::array<std::pair<int, std::function<std::string()>>, 7> cases = {{
      {SYS_pwrite64, [&] { return outcome(file->write_at(0, as_bytes("text"))); }},
      {SYS_pread64, [&] { return outcome(file->read_at(0, buffer)); }},
      {SYS_fdatasync, [&] { return outcome(file->sync()); }},
      {SYS_fsync, [&] { return outcome(directory->sync()); }},
      {SYS_ftruncate, [&] { return outcome(file->truncate(3)); }},
      {SYS_openat, [&] { return outcome(directory->open("file", OpenMode::kRead)); }},
      {SYS_flock, [&] { return outcome(directory->lock(".lock")); }},
  }};
  for (const auto& [number, call] : cases) {
    int call_count = 0;
    std::string actual;
    const auto interrupt_twice = [&] { return ++call_count <= 2 ? EINTR : 0; };
    EXPECT_EQ(test::CallInterceptor::run(number, interrupt_twice, [&] { actual = call(); }), "");
    EXPECT_EQ(actual, "ok") << "system call " << number;
    EXPECT_EQ(call_count, 3) << "system call " << number;
  }
  EXPECT_EQ(as_text(buffer), "text");
}

TEST(PosixFilesystem, FilesOfOthersAreRead) {
  const ScratchDirectory scratch;
  write_text(scratch / "file", "text");
  const auto directory = open_directory(scratch.path());
  // Only the owner of a file may keep the kernel from noting when it was read.
  int call_count = 0;
  std::string actual;
  const auto refuse_once = [&] { return ++call_count == 1 ? EPERM : 0; };
  const auto read = [&] { actual = outcome(directory->open("file", OpenMode::kRead)); };
  EXPECT_EQ(test::CallInterceptor::run(SYS_openat, refuse_once, read), "");
  EXPECT_EQ(actual, "ok");
  EXPECT_EQ(call_count, 2);
  EXPECT_EQ(with_failing_call(SYS_openat, EPERM, read), "");
  EXPECT_EQ(actual, "Io EPERM");
}

TEST(PosixFilesystem, SyncIsOneSystemCall) {
  const ScratchDirectory scratch;
  const auto directory = open_directory(scratch.path());
  const auto file = open_file(*directory, "file", OpenMode::kCreateExclusive);
  EXPECT_EQ(count_calls(SYS_fdatasync, [&] { EXPECT_TRUE(file->sync()); }), 1);
  EXPECT_EQ(count_calls(SYS_fsync, [&] { EXPECT_TRUE(file->sync()); }), 0);
  EXPECT_EQ(count_calls(SYS_fsync, [&] { EXPECT_TRUE(directory->sync()); }), 1);
  EXPECT_EQ(count_calls(SYS_fsync, [&] { EXPECT_TRUE(directory->sync_parent()); }), 1);
  EXPECT_EQ(count_calls(SYS_fsync, [&] { EXPECT_TRUE(directory->lock(".lock")); }), 0);
  EXPECT_EQ(count_calls(SYS_fdatasync, [&] { EXPECT_TRUE(directory->lock(".lock")); }), 0);
}

TEST(PosixFilesystem, DirectoriesWithoutASyncOfTheirOwnCountAsSynced) {
  const ScratchDirectory scratch;
  const auto directory = open_directory(scratch.path());
  EXPECT_EQ(with_failing_call(SYS_fsync, EINVAL,
                              [&] {
                                EXPECT_EQ(outcome(directory->sync()), "ok");
                                EXPECT_EQ(outcome(directory->sync_parent()), "ok");
                              }),
            "");
}

TEST(PosixFilesystem, CreateDirectorySyncsTheNamesOfThoseItMadeAndOfThoseAbove) {
  const ScratchDirectory scratch;
  const auto create = [&](const char* name) {
    return [&, name] { EXPECT_TRUE(posix_filesystem().create_directory(scratch / name)); };
  };
  // Above them are at least the scratch directory and the one that holds it: who made those may not
  // have synced their names.
  const int outer_count = count_calls(SYS_fsync, create("a"));
  EXPECT_GE(outer_count, 2);
  EXPECT_EQ(count_calls(SYS_fsync, create("b/c/d")), outer_count + 2);
  EXPECT_EQ(count_calls(SYS_fsync, create("b/c/d")), 0);
  EXPECT_EQ(count_calls(SYS_fsync, create("b/c/e")), outer_count + 2);
}

TEST(PosixFilesystem, CreateDirectoryFailsIfTheNameIsNotSynced) {
  const ScratchDirectory scratch;
  const auto create = [&] {
    EXPECT_EQ(outcome(posix_filesystem().create_directory(scratch / "new")), "Io EIO");
  };
  EXPECT_EQ(with_failing_call(SYS_fsync, EIO, create), "");
}

TEST(PosixFilesystem, CreateDirectoryDoesNotMindCompany) {
  const ScratchDirectory scratch;
  std::string actual;
  const auto make_it_first = [&] {
    std::filesystem::create_directory(scratch / "new");
    return 0;
  };
  const auto create = [&] {
    actual = outcome(posix_filesystem().create_directory(scratch / "new"));
  };
  EXPECT_EQ(test::CallInterceptor::run(SYS_mkdirat, make_it_first, create), "");
  EXPECT_EQ(actual, "ok");
  // Something else under that name in the same moment is what it is.
  const auto put_a_file_there = [&] {
    write_text(scratch / "other", "");
    return 0;
  };
  const auto create_other = [&] {
    actual = outcome(posix_filesystem().create_directory(scratch / "other"));
  };
  EXPECT_EQ(test::CallInterceptor::run(SYS_mkdirat, put_a_file_there, create_other), "");
  EXPECT_EQ(actual, "InvalidArgument ENOTDIR");
}

TEST(PosixFilesystem, CreateDirectoryGivesUpOnOneThatIsRemovedAllTheTime) {
  const ScratchDirectory scratch;
  std::string actual;
  const auto remove_it = [&] {
    std::filesystem::remove(scratch / "new");
    return 0;
  };
  const auto create = [&] {
    actual = outcome(posix_filesystem().create_directory(scratch / "new"));
  };
  EXPECT_EQ(test::CallInterceptor::run(SYS_openat, remove_it, create), "");
  EXPECT_EQ(actual, "NotFound ENOENT");
}

TEST(PosixFilesystem, RenameWithoutReplacingWorksWhereTheKernelHasNone) {
  for (const int os_error : {EINVAL, ENOSYS}) {
    const ScratchDirectory scratch;
    write_text(scratch / "source", "new");
    write_text(scratch / "target", "old");
    std::filesystem::create_directories(scratch / "directory" / "inner");
    std::filesystem::create_directory(scratch / "empty");
    const auto directory = open_directory(scratch.path());
    const auto rename = [&](std::string_view from, std::string_view to) {
      return outcome(directory->rename(from, to, Replace::kNo));
    };
    const auto body = [&] {
      EXPECT_EQ(rename("source", "target"), "AlreadyExists EEXIST");
      EXPECT_EQ(rename("source", "moved"), "ok");
      EXPECT_EQ(rename("missing", "moved"), "NotFound ENOENT");
      EXPECT_EQ(rename("directory", "empty"), "AlreadyExists EEXIST");
      EXPECT_EQ(rename("directory", "target"), "AlreadyExists EEXIST");
      EXPECT_EQ(rename("directory", "gone"), "ok");
    };
    EXPECT_EQ(with_failing_call(SYS_renameat2, os_error, body), "");
    EXPECT_EQ(read_text(scratch / "moved"), "new");
    EXPECT_EQ(std::filesystem::hard_link_count(scratch / "moved"), 1U);
    EXPECT_EQ(read_text(scratch / "target"), "old");
    EXPECT_FALSE(std::filesystem::exists(scratch / "source"));
    EXPECT_TRUE(std::filesystem::exists(scratch / "gone" / "inner"));
  }
}

TEST(PosixFilesystem, EntryKindsAreAskedForWhereTheListingHasNone) {
  const ScratchDirectory scratch;
  write_text(scratch / "file", "");
  std::filesystem::create_directory(scratch / "directory");
  std::filesystem::create_symlink("file", scratch / "link");
  const UniqueFd fd(::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const unsigned char unknown = 0;
  EXPECT_EQ(entry_kind(fd.get(), "file", unknown), EntryKind::kFile);
  EXPECT_EQ(entry_kind(fd.get(), "directory", unknown), EntryKind::kDirectory);
  EXPECT_EQ(entry_kind(fd.get(), "link", unknown), EntryKind::kOther);
  EXPECT_EQ(entry_kind(fd.get(), "gone", unknown), std::nullopt);
}

TEST(PosixFilesystem, MissingBootIdIsZeros) {
  std::array<std::byte, 16> id = {std::byte{1}};
  EXPECT_EQ(with_failing_call(SYS_openat, ENOENT, [&] { id = posix_filesystem().boot_id(); }), "");
  EXPECT_EQ(id, (std::array<std::byte, 16>{}));
}

TEST(PosixFilesystem, BootIdIsTheKernels) {
  std::string text = read_text("/proc/sys/kernel/random/boot_id");
  std::erase_if(text, [](char character) { return character == '-' || character == '\n'; });
  std::string actual;
  for (const std::byte byte : posix_filesystem().boot_id()) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    actual += kDigits[std::to_integer<std::size_t>(byte >> 4U)];
    actual += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  EXPECT_EQ(actual, text);
}

TEST(PosixFilesystem, RandomBytesDifferEvenWithoutTheKernelsHelp) {
  std::array<std::byte, 16> first = {};
  std::array<std::byte, 16> second = {};
  const auto fill = [&] {
    posix_filesystem().fill_random(first);
    posix_filesystem().fill_random(second);
  };
  EXPECT_EQ(with_failing_call(SYS_getrandom, ENOSYS, fill), "");
  EXPECT_NE(first, second);
}

TEST(PosixFilesystem, WatchNoticesOtherProcesses) {
  const ScratchDirectory scratch;
  const auto directory = open_directory(scratch.path());
  const auto watch = directory->watch();
  ASSERT_TRUE(watch);
  EXPECT_EQ(run_in_child([&] {
              write_text(scratch / "file", "new");
              return std::string("written");
            }),
            "written");
  constexpr std::chrono::milliseconds kLong{60'000};
  const auto begin = std::chrono::steady_clock::now();
  (*watch)->wait(kLong);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kLong);
}

}  // namespace
}  // namespace datawal::posix_filesystem_test
