#include "file/posix_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <limits>
#include <string>

#include "base/try.h"
#include "file/posix_error.h"
#include "file/posix_held_file.h"
#include "file/posix_mapping.h"

namespace datawal {
namespace {

constexpr auto kOffsetMax = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());

// For some kinds of entry errno says badly why open failed (ENXIO for a socket): look at the entry
// itself.
Error open_error(int os_error, const FilePlace& place, int stat_flags, std::string_view action) {
  struct stat status = {};
  const std::string name(place.name);
  const bool is_odd_error =
      os_error == ELOOP || os_error == EISDIR || os_error == ENXIO || os_error == ENODEV;
  if (is_odd_error && ::fstatat(place.directory_fd, name.c_str(), &status, stat_flags) == 0 &&
      !S_ISREG(status.st_mode)) {
    return not_regular_error(status.st_mode, os_error, place.path());
  }
  return posix_error(os_error, action, place.path());
}

FileIdentity identity_in(const struct stat& status) {
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = status.st_mtim.tv_sec * kNanosecondsPerSecond + status.st_mtim.tv_nsec};
}

Result<OpenedFile> check_regular(UniqueFd fd, bool is_writable, const std::filesystem::path& path,
                                 std::string_view action) {
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(posix_error(errno, action, path));
  if (!S_ISREG(status.st_mode)) {
    return std::unexpected(not_regular_error(status.st_mode, EINVAL, path));
  }
  if (is_writable) {
    // Its last name went away between open and here.
    if (status.st_nlink == 0) return std::unexpected(posix_error(ENOENT, action, path));
    if (status.st_nlink > 1) return std::unexpected(links_error(status.st_nlink, path));
  }
  return OpenedFile{std::move(fd), identity_in(status)};
}

// Whether fallocate sets blocks aside that nothing takes back: a filesystem that copies on write
// (btrfs) needs others when it comes to writing, and others only pretend.
bool reserves_for_good(int fd) {
  struct statfs status = {};
  if (::fstatfs(fd, &status) != 0) return false;
  const auto type = static_cast<std::uint64_t>(status.f_type);
  return type == EXT4_SUPER_MAGIC || type == XFS_SUPER_MAGIC || type == TMPFS_MAGIC;
}

}  // namespace

PosixFile::PosixFile(OpenedFile opened, std::filesystem::path path)
    : fd_(std::move(opened.fd)), opened_(opened.identity), path_(std::move(path)) {}

Result<std::size_t> PosixFile::read_at(std::uint64_t offset, MutableByteView buffer) const {
  // No file reaches beyond the largest off_t, and the kernel refuses a range that does.
  if (offset > kOffsetMax) return std::size_t{0};
  const std::size_t size_max =
      static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), kOffsetMax - offset));
  std::size_t done = 0;
  while (done < size_max) {
    const ssize_t count = retry_interrupted([&] {
      return ::pread(fd_.get(), buffer.data() + done, size_max - done,
                     static_cast<off_t>(offset + done));
    });
    if (count < 0) return std::unexpected(posix_error(errno, "read from the file", path_));
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Status PosixFile::write_at(std::uint64_t offset, ByteView data) {
  if (offset > kOffsetMax || data.size() > kOffsetMax - offset) {
    return std::unexpected(posix_error(EFBIG, "write to the file", path_));
  }
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t count = retry_interrupted([&] {
      return ::pwrite(fd_.get(), data.data() + done, data.size() - done,
                      static_cast<off_t>(offset + done));
    });
    if (count < 0) return std::unexpected(posix_error(errno, "write to the file", path_));
    // A write of nothing that is no error would repeat for ever.
    if (count == 0) return std::unexpected(posix_error(EIO, "write to the file", path_));
    done += static_cast<std::size_t>(count);
  }
  return {};
}

Result<std::uint64_t> PosixFile::size() const {
  struct stat status = {};
  if (::fstat(fd_.get(), &status) != 0) {
    return std::unexpected(posix_error(errno, "get the size of the file", path_));
  }
  return static_cast<std::uint64_t>(status.st_size);
}

std::optional<FileIdentity> PosixFile::identity() const {
  struct stat status = {};
  if (::fstat(fd_.get(), &status) != 0) return std::nullopt;
  return identity_in(status);
}

Status PosixFile::truncate(std::uint64_t size) {
  if (size > kOffsetMax) return std::unexpected(posix_error(EFBIG, "resize the file", path_));
  if (retry_interrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
    return std::unexpected(posix_error(errno, "resize the file", path_));
  }
  return {};
}

Status PosixFile::sync() {
  // Going on after a signal is the one repetition that is safe: EINTR says that the call did not
  // finish, and takes no earlier write error from the file. After any other error a second call may
  // lie.
  if (retry_interrupted([&] { return ::fdatasync(fd_.get()); }) != 0) {
    return std::unexpected(posix_error(errno, "sync the file to the disk", path_));
  }
  return {};
}

void PosixFile::begin_sync(std::uint64_t offset, std::uint64_t size) noexcept {
#if defined(SYNC_FILE_RANGE_WRITE)
  if (offset > kOffsetMax || size > kOffsetMax - offset) return;
  // Without the flags that wait, for these would take errors away from the sync.
  (void)::sync_file_range(fd_.get(), static_cast<off64_t>(offset), static_cast<off64_t>(size),
                          SYNC_FILE_RANGE_WRITE);
#else
  (void)offset;
  (void)size;
#endif
}

Result<bool> PosixFile::reserve(std::uint64_t size) {
  DATAWAL_TRY_ASSIGN(const std::uint64_t present, this->size());
  if (size <= present) return true;
  if (size > kOffsetMax || !reserves_for_good(fd_.get())) return false;
  const auto begin = static_cast<off_t>(present);
  const auto growth = static_cast<off_t>(size - present);
  if (retry_interrupted([&] { return ::fallocate(fd_.get(), 0, begin, growth); }) == 0) return true;
  // What of it has been reserved all the same is given back: others may need it more.
  DATAWAL_TRY(truncate(present));
  return false;
}

std::unique_ptr<FileMapping> PosixFile::map(std::uint64_t size) {
  return PosixMapping::make(fd_.get(), size);
}

std::unique_ptr<FileView> PosixFile::view(std::uint64_t size) const {
  return PosixView::make(fd_.get(), size);
}

std::unique_ptr<const File> PosixFile::hold() const {
  return PosixHeldFile::make(fd_.get(), opened_, path_);
}

Result<OpenedFile> open_regular(const FilePlace& place, int flags, std::string_view action) {
  constexpr int kSafeFlags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  constexpr mode_t kMode = 0666;
  const std::string name(place.name);
  const auto open_with = [&](int more_flags) {
    return retry_interrupted([&] {
      return ::openat(place.directory_fd, name.c_str(), flags | kSafeFlags | more_flags, kMode);
    });
  };
  const bool is_writable = (flags & O_ACCMODE) != O_RDONLY;
  // Noting the time of every read makes a small one a seventh dearer. Only the owner may leave it
  // out.
  UniqueFd fd(open_with(is_writable ? 0 : O_NOATIME));
  if (!fd.valid() && errno == EPERM) fd = UniqueFd(open_with(0));
  if (!fd.valid()) {
    return std::unexpected(open_error(errno, place, AT_SYMLINK_NOFOLLOW, action));
  }
  return check_regular(std::move(fd), is_writable, place.path(), action);
}

Result<OpenedFile> open_for_reading(const std::filesystem::path& path) {
  constexpr std::string_view kAction = "open the file for reading";
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  UniqueFd fd(retry_interrupted([&] { return ::open(path.c_str(), kFlags); }));
  if (!fd.valid()) {
    const int os_error = errno;
    const std::filesystem::path here;
    const FilePlace place = {
        .directory_fd = AT_FDCWD, .directory_path = here, .name = path.native()};
    return std::unexpected(open_error(os_error, place, 0, kAction));
  }
  return check_regular(std::move(fd), false, path, kAction);
}

}  // namespace datawal
