#include "file/posix_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/try.h"
#include "file/path_check.h"
#include "file/posix_error.h"
#include "file/posix_file.h"
#include "file/posix_lock.h"
#include "file/posix_watch.h"

namespace datawal {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

// Room for so many entries at a time: what the kernel gives in one piece is of one moment.
constexpr std::size_t kListingSize = std::size_t{32} << 10;

// fsync of a directory. A filesystem that answers EINVAL has no such operation, because its names
// need none or because it cannot promise anything; asking again would change neither.
int sync_names(int fd) {
  const int result = retry_interrupted([&] { return ::fsync(fd); });
  return result != 0 && errno == EINVAL ? 0 : result;
}

struct RenamePair {
  int fd;
  const char* source;
  const char* target;
};

// Renames without replacing on a filesystem that has no such call. For a file, a second name fails
// if it is taken, and then the first one goes. For a directory there is no second name; but all
// that a rename could replace, should one appear after the check, is an empty directory.
int rename_by_steps(const RenamePair& pair) {
  struct stat status = {};
  if (::fstatat(pair.fd, pair.source, &status, AT_SYMLINK_NOFOLLOW) != 0) return -1;
  if (!S_ISDIR(status.st_mode)) {
    if (::linkat(pair.fd, pair.source, pair.fd, pair.target, 0) != 0) return -1;
    return ::unlinkat(pair.fd, pair.source, 0);
  }
  if (::fstatat(pair.fd, pair.target, &status, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return -1;
  }
  return errno == ENOENT ? ::renameat(pair.fd, pair.source, pair.fd, pair.target) : -1;
}

int rename_without_replacing(const RenamePair& pair) {
  const int result = ::renameat2(pair.fd, pair.source, pair.fd, pair.target, RENAME_NOREPLACE);
  if (result == 0 || (errno != EINVAL && errno != ENOSYS)) return result;
  return rename_by_steps(pair);
}

// Whether a file of this machine, or of this filesystem, cannot have that name, so that a copy has
// to do. Without /proc there is no way to name an open file, and no file has nothing for a name.
bool means_no_link(int os_error) {
  return os_error == EXDEV || os_error == EMLINK || os_error == EPERM || os_error == EACCES ||
         os_error == EOPNOTSUPP || os_error == ENOSYS || os_error == ENOENT;
}

}  // namespace

PosixDirectory::PosixDirectory(UniqueFd fd, std::filesystem::path path)
    : fd_(std::move(fd)), path_(std::move(path)) {}

Result<std::vector<DirectoryEntry>> PosixDirectory::list() const {
  constexpr std::string_view kAction = "list the directory";
  // A descriptor of its own, because the place in the listing is shared by all copies of one.
  const UniqueFd fd(retry_interrupted([&] { return ::openat(fd_.get(), ".", kDirectoryFlags); }));
  if (!fd.valid()) return std::unexpected(posix_error(errno, kAction, path_));
  std::vector<DirectoryEntry> entries;
  alignas(dirent64) std::array<char, kListingSize> listing;
  while (true) {
    // What readdir() does, but without its calls to make and check a stream.
    const ssize_t size = ::getdents64(fd.get(), listing.data(), listing.size());
    const bool is_removed = size < 0 && errno == ENOENT;  // the directory, which has no names then
    if (size == 0 || is_removed) return entries;
    if (size < 0) return std::unexpected(posix_error(errno, kAction, path_));
    const char* const end = listing.data() + size;
    for (const char* next = listing.data(); next != end;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(next);
      next += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      const std::optional<EntryKind> kind = entry_kind(fd_.get(), entry->d_name, entry->d_type);
      if (kind) {
        entries.push_back({.name = std::string(name), .kind = *kind, .inode = entry->d_ino});
      }
    }
  }
}

Result<std::unique_ptr<File>> PosixDirectory::open(std::string_view name, OpenMode mode) const {
  DATAWAL_TRY(check_entry_name(name, path_));
  int flags = O_RDONLY;
  std::string_view action = "open the file for reading";
  if (mode == OpenMode::kReadWrite) {
    flags = O_RDWR;
    action = "open the file for writing";
  } else if (mode == OpenMode::kCreateExclusive) {
    flags = O_RDWR | O_CREAT | O_EXCL;
    action = "create the file";
  }
  const FilePlace place = {.directory_fd = fd_.get(), .directory_path = path_, .name = name};
  DATAWAL_TRY_ASSIGN(OpenedFile opened, open_regular(place, flags, action));
  return std::make_unique<PosixFile>(std::move(opened), place.path());
}

Status PosixDirectory::rename(std::string_view from, std::string_view to, Replace replace) {
  DATAWAL_TRY(check_entry_name(from, path_));
  DATAWAL_TRY(check_entry_name(to, path_));
  const std::string source(from);
  const std::string target(to);
  const RenamePair pair = {.fd = fd_.get(), .source = source.c_str(), .target = target.c_str()};
  if (replace == Replace::kNo) {
    if (rename_without_replacing(pair) == 0) return {};
    const int os_error = errno;
    const std::string& subject = os_error == EEXIST ? target : source;
    return std::unexpected(posix_error(os_error, "rename without replacing", path_ / subject));
  }
  if (::renameat(pair.fd, pair.source, pair.fd, pair.target) == 0) return {};
  const int os_error = errno;
  if (os_error == ENOENT) return std::unexpected(posix_error(os_error, "rename", path_ / source));
  return std::unexpected(replace_error(os_error, path_ / target));
}

Result<bool> PosixDirectory::link(const File& file, std::string_view name) {
  DATAWAL_TRY(check_entry_name(name, path_));
  const auto* const opened = dynamic_cast<const PosixFile*>(&file);
  if (opened == nullptr) return false;
  // By its descriptor: its name may lead to another file by now.
  const std::string source = "/proc/self/fd/" + std::to_string(opened->fd());
  const std::string target(name);
  if (::linkat(AT_FDCWD, source.c_str(), fd_.get(), target.c_str(), AT_SYMLINK_FOLLOW) == 0) {
    return true;
  }
  const int os_error = errno;
  if (means_no_link(os_error)) return false;
  return std::unexpected(posix_error(os_error, "link the file", path_ / target));
}

Status PosixDirectory::exchange(std::string_view name, std::string_view other) {
  DATAWAL_TRY(check_entry_name(name, path_));
  DATAWAL_TRY(check_entry_name(other, path_));
  const std::string first(name);
  const std::string second(other);
  if (::renameat2(fd_.get(), first.c_str(), fd_.get(), second.c_str(), RENAME_EXCHANGE) == 0) {
    return {};
  }
  const int os_error = errno;
  if (os_error == EINVAL || os_error == ENOSYS) {
    return std::unexpected(
        Error{.code = ErrorCode::kInvalidArgument,
              .message = "This filesystem cannot exchange two names at one instant. Choose a "
                         "target that does not exist yet.",
              .path = (path_ / second).string(),
              .os_error = os_error});
  }
  const std::filesystem::path path = path_ / (os_error == ENOENT ? first : second);
  return std::unexpected(posix_error(os_error, "exchange with another", path));
}

Status PosixDirectory::remove(std::string_view name) {
  DATAWAL_TRY(check_entry_name(name, path_));
  const std::string entry(name);
  if (::unlinkat(fd_.get(), entry.c_str(), 0) == 0) return {};
  int os_error = errno;
  if (os_error == EISDIR) {
    if (::unlinkat(fd_.get(), entry.c_str(), AT_REMOVEDIR) == 0) return {};
    // POSIX allows both for a directory that is not empty.
    os_error = errno == EEXIST ? ENOTEMPTY : errno;
  }
  return std::unexpected(posix_error(os_error, "remove", path_ / entry));
}

Status PosixDirectory::make_directory(std::string_view name) {
  DATAWAL_TRY(check_entry_name(name, path_));
  const std::string entry(name);
  if (::mkdirat(fd_.get(), entry.c_str(), 0777) == 0) return {};
  const int os_error = errno;
  return std::unexpected(posix_error(os_error, "make the directory", path_ / entry));
}

Status PosixDirectory::sync() {
  if (sync_names(fd_.get()) == 0) return {};
  return std::unexpected(posix_error(errno, "sync the directory to the disk", path_));
}

Status PosixDirectory::sync_parent() {
  return sync_parent_of(fd_.get(), path_);
}

Result<std::unique_ptr<FileLock>> PosixDirectory::lock(std::string_view name) {
  DATAWAL_TRY(check_entry_name(name, path_));
  return lock_file({.directory_fd = fd_.get(), .directory_path = path_, .name = name});
}

Result<std::unique_ptr<DirectoryWatch>> PosixDirectory::watch() const {
  return watch_directory(fd_.get());
}

std::optional<EntryKind> entry_kind(int directory_fd, const char* name, unsigned char type) {
  if (type == DT_REG) return EntryKind::kFile;
  if (type == DT_DIR) return EntryKind::kDirectory;
  if (type != DT_UNKNOWN) return EntryKind::kOther;
  struct stat status = {};
  if (::fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? std::nullopt : std::optional(EntryKind::kOther);
  }
  if (S_ISREG(status.st_mode)) return EntryKind::kFile;
  return S_ISDIR(status.st_mode) ? EntryKind::kDirectory : EntryKind::kOther;
}

Status sync_parent_of(int fd, const std::filesystem::path& path) {
  constexpr std::string_view kAction = "sync the directory that holds this one";
  const UniqueFd parent(retry_interrupted([&] { return ::openat(fd, "..", kDirectoryFlags); }));
  if (parent.valid()) {
    if (sync_names(parent.get()) == 0) return {};
    return std::unexpected(posix_error(errno, kAction, path));
  }
  if (errno != EACCES) return std::unexpected(posix_error(errno, kAction, path));
  // A parent that may be passed through but not read: sync the whole filesystem instead.
  const UniqueFd readable(retry_interrupted([&] { return ::openat(fd, ".", kDirectoryFlags); }));
  if (readable.valid() && retry_interrupted([&] { return ::syncfs(readable.get()); }) == 0) {
    return {};
  }
  return std::unexpected(posix_error(errno, kAction, path));
}

}  // namespace datawal
