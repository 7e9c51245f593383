#include "file/posix_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "base/try.h"
#include "file/posix_error.h"

namespace datawal {
namespace {

constexpr std::string_view kAction = "lock the file";

// The lock goes with the last descriptor of its open file description: closing is enough. Unlocking
// by hand would also take it from a parent process that has forked this one.
class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

// The process that the file names; whoever holds the lock writes it there, as far as that succeeds.
std::optional<pid_t> read_holder(int fd) {
  std::array<char, 32> text = {};
  const ssize_t size = retry_interrupted([&] { return ::pread(fd, text.data(), text.size(), 0); });
  if (size <= 0) return std::nullopt;
  pid_t holder = 0;
  const char* const end = text.data() + size;
  const auto [rest, status] = std::from_chars(text.data(), end, holder);
  if (status != std::errc() || holder <= 0) return std::nullopt;
  if (rest != end && *rest != '\n') return std::nullopt;
  return holder;
}

struct LockedFile {
  UniqueFd fd;
  off_t size;  // since it is locked
};

// For people only, and best effort: not synced, and a full disk must not keep anyone from locking.
void write_holder(const LockedFile& file) {
  const std::string text = std::to_string(::getpid()) + "\n";
  const auto size = static_cast<ssize_t>(text.size());
  // Cutting first would be simpler, and is what takes the most time of opening a small store.
  const bool is_written = ::pwrite(file.fd.get(), text.data(), text.size(), 0) == size;
  if (is_written && file.size <= size) return;
  (void)!::ftruncate(file.fd.get(), is_written ? size : 0);
}

// What has the name of the file that was locked. If it is another, or none, the lock excludes
// nobody.
Result<std::optional<struct stat>> look_at_name(const FilePlace& place) {
  struct stat named = {};
  const std::string name(place.name);
  if (::fstatat(place.directory_fd, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0) return named;
  const int os_error = errno;
  if (os_error == ENOENT) return std::nullopt;
  return std::unexpected(posix_error(os_error, kAction, place.path()));
}

Error replaced_error(const FilePlace& place) {
  return Error{.code = ErrorCode::kIo,
               .message =
                   "Cannot lock the file: another program keeps replacing it. Find and stop "
                   "that program.",
               .path = place.path().string(),
               .os_error = ESTALE};
}

// One attempt; gives nothing if the file was replaced meanwhile.
Result<std::optional<LockedFile>> try_lock(const FilePlace& place) {
  DATAWAL_TRY_ASSIGN(OpenedFile opened, open_regular(place, O_RDWR | O_CREAT, kAction));
  const int fd = opened.fd.get();
  if (retry_interrupted([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) != 0) {
    const int os_error = errno;
    if (os_error == EWOULDBLOCK)
      return std::unexpected(locked_error(read_holder(fd), place.path()));
    return std::unexpected(posix_error(os_error, kAction, place.path()));
  }
  DATAWAL_TRY_ASSIGN(const std::optional<struct stat> named, look_at_name(place));
  const FileIdentity& locked = opened.identity;
  if (!named || named->st_dev != locked.device || named->st_ino != locked.inode) {
    return std::nullopt;
  }
  return LockedFile{std::move(opened.fd), named->st_size};
}

}  // namespace

Result<std::unique_ptr<FileLock>> lock_file(const FilePlace& place) {
  // Nobody replaces lock files for a living; a bound keeps someone who does from holding us up for
  // ever.
  constexpr int kAttemptCountMax = 100;
  Error last_error = replaced_error(place);
  for (int attempt = 0; attempt < kAttemptCountMax; ++attempt) {
    Result<std::optional<LockedFile>> locked = try_lock(place);
    if (locked && *locked) {
      write_holder(**locked);
      return std::make_unique<PosixFileLock>(std::move((*locked)->fd));
    }
    if (locked) continue;
    // Removed between our opening it and looking at it is the same as replaced; unless the
    // directory itself is gone, in which case this is what the last attempt says too.
    last_error = std::move(locked).error();
    if (last_error.code != ErrorCode::kNotFound) break;
  }
  return std::unexpected(std::move(last_error));
}

}  // namespace datawal
