#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <string>

#include "base/try.h"
#include "file/filesystem.h"
#include "file/path_check.h"
#include "file/posix_directory.h"
#include "file/posix_error.h"
#include "file/posix_file.h"
#include "file/unique_fd.h"

namespace datawal {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
// Enough to pass through a directory that may not be read.
constexpr int kPassFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

int open_at(int fd, const std::string& name, int flags) {
  return retry_interrupted([&] { return ::openat(fd, name.c_str(), flags); });
}

// Whether the entry is a symbolic link, which then leads nowhere: it exists and cannot be opened.
bool is_link(int fd, const std::string& name) {
  struct stat status = {};
  return ::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

// Whether the directories open at the two descriptors lie in one filesystem, one above the other.
bool is_below_in_filesystem(int fd, int parent_fd) {
  struct stat status = {};
  struct stat parent_status = {};
  return ::fstat(fd, &status) == 0 && ::fstat(parent_fd, &parent_status) == 0 &&
         status.st_dev == parent_status.st_dev && status.st_ino != parent_status.st_ino;
}

// Syncs the name of the directory open at `fd`, and those of the directories above it in its
// filesystem: whoever made one of them may have died before he got round to that.
Status sync_names_above(int fd, const std::filesystem::path& path) {
  UniqueFd below(open_at(fd, ".", kPassFlags));
  while (below.valid()) {
    DATAWAL_TRY(sync_parent_of(below.get(), path));
    UniqueFd parent(open_at(below.get(), "..", kPassFlags));
    if (!parent.valid() || !is_below_in_filesystem(below.get(), parent.get())) break;
    below = std::move(parent);
  }
  return {};
}

struct EnteredDirectory {
  UniqueFd fd;
  bool was_missing;
};

// Opens the directory `name` in the one open at `fd`, making it if it is missing. If it was missing
// its name is synced even if somebody else made it in that moment, who may not have got round to it
// yet, and so are those above unless `above_is_synced`. If that fails it goes again, so that nobody
// later takes it for durable. `path` is for messages.
Result<EnteredDirectory> enter_directory(int fd, const std::string& name, bool above_is_synced,
                                         const std::filesystem::path& path) {
  constexpr std::string_view kAction = "make the directory";
  // More than one attempt only if somebody removes what was there in that moment.
  constexpr int kAttemptCountMax = 10;
  bool was_missing = false;
  for (int attempt = 0; attempt < kAttemptCountMax; ++attempt) {
    UniqueFd entered(open_at(fd, name, kPassFlags));
    if (entered.valid()) {
      Status synced;
      if (was_missing) {
        synced = above_is_synced ? sync_parent_of(entered.get(), path)
                                 : sync_names_above(entered.get(), path);
      }
      if (synced) return EnteredDirectory{std::move(entered), was_missing};
      (void)::unlinkat(fd, name.c_str(), AT_REMOVEDIR);  // unless somebody uses it already
      return std::unexpected(synced.error());
    }
    const int os_error = errno;
    if (os_error == ENOTDIR || (os_error == ENOENT && is_link(fd, name))) {
      return std::unexpected(not_directory_error(os_error, path));
    }
    if (os_error != ENOENT) return std::unexpected(posix_error(os_error, kAction, path));
    was_missing = true;
    if (::mkdirat(fd, name.c_str(), 0777) != 0 && errno != EEXIST) {
      return std::unexpected(posix_error(errno, kAction, path));
    }
  }
  return std::unexpected(posix_error(ENOENT, kAction, path));
}

// The bytes of "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"; all zeros if `text` is anything else.
std::array<std::byte, 16> parse_boot_id(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::byte, 16> id = {};
  std::size_t digit_count = 0;
  for (const char character : text) {
    if (character == '-' || character == '\n') continue;
    const std::size_t value = kDigits.find(character);
    if (value == std::string_view::npos || digit_count == 2 * id.size()) return {};
    const unsigned shift = digit_count % 2 == 0 ? 4U : 0U;
    id[digit_count / 2] |= static_cast<std::byte>(value << shift);
    ++digit_count;
  }
  return digit_count == 2 * id.size() ? id : std::array<std::byte, 16>{};
}

// For a kernel or sandbox without getrandom: differs from run to run, but can be guessed.
void fill_from_clock(MutableByteView buffer) {
  const auto ticks = std::chrono::system_clock::now().time_since_epoch().count();
  auto state = static_cast<std::uint64_t>(ticks) ^ reinterpret_cast<std::uintptr_t>(&ticks) ^
               (static_cast<std::uint64_t>(::getpid()) << 32U);
  for (std::byte& byte : buffer) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::byte>(state >> 56U);
  }
}

using BootId = std::array<std::byte, 16>;

BootId read_boot_id() {
  const UniqueFd fd(open_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  std::array<char, 64> text = {};
  const ssize_t size =
      retry_interrupted([&] { return ::read(fd.get(), text.data(), text.size()); });
  if (size <= 0) return {};
  return parse_boot_id({text.data(), static_cast<std::size_t>(size)});
}

class PosixFilesystem final : public Filesystem {
 public:
  [[nodiscard]] Result<std::unique_ptr<Directory>> open_directory(
      const std::filesystem::path& path) override {
    DATAWAL_TRY(check_path(path));
    const std::filesystem::path named = path.empty() ? "." : path;
    UniqueFd fd(open_at(AT_FDCWD, named.native(), kDirectoryFlags));
    if (fd.valid()) return std::make_unique<PosixDirectory>(std::move(fd), named);
    if (errno == ENOTDIR) return std::unexpected(not_directory_error(errno, named));
    return std::unexpected(posix_error(errno, "open the directory", named));
  }

  [[nodiscard]] Result<std::unique_ptr<Directory>> create_directory(
      const std::filesystem::path& path) override {
    // Mostly it is there, and nothing is to be made or synced.
    if (auto present = open_directory(path)) return present;
    DATAWAL_TRY(check_path(path));
    const std::filesystem::path named = path.empty() ? "." : path;
    std::filesystem::path walked = named.is_absolute() ? "/" : "";
    UniqueFd fd(open_at(AT_FDCWD, named.is_absolute() ? "/" : ".", kPassFlags));
    if (!fd.valid()) {
      return std::unexpected(posix_error(errno, "open the current directory", named));
    }
    bool has_made_any = false;
    for (const std::filesystem::path& part : named.relative_path()) {
      if (part.empty()) continue;  // what follows a slash at the end
      walked /= part;
      DATAWAL_TRY_ASSIGN(EnteredDirectory entered,
                         enter_directory(fd.get(), part.native(), has_made_any, walked));
      fd = std::move(entered.fd);
      has_made_any = has_made_any || entered.was_missing;
    }
    UniqueFd readable(open_at(fd.get(), ".", kDirectoryFlags));
    if (!readable.valid()) return std::unexpected(posix_error(errno, "open the directory", named));
    return std::make_unique<PosixDirectory>(std::move(readable), named);
  }

  [[nodiscard]] Result<std::unique_ptr<File>> open_file(
      const std::filesystem::path& path) override {
    DATAWAL_TRY(check_path(path));
    DATAWAL_TRY_ASSIGN(OpenedFile opened, open_for_reading(path));
    return std::make_unique<PosixFile>(std::move(opened), path);
  }

  // As long as a process lives, the machine has not been started again.
  [[nodiscard]] BootId boot_id() const override {
    if (const BootId known = known_boot_id(); known != BootId{}) return known;
    const BootId id = read_boot_id();
    const std::lock_guard lock(mutex_);
    boot_id_ = id;
    return id;
  }

  void fill_random(MutableByteView buffer) override {
    while (!buffer.empty()) {
      const ssize_t count =
          retry_interrupted([&] { return ::getrandom(buffer.data(), buffer.size(), 0); });
      if (count <= 0) return fill_from_clock(buffer);
      buffer = buffer.subspan(static_cast<std::size_t>(count));
    }
  }

  [[nodiscard]] std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::now();
  }

 private:
  [[nodiscard]] BootId known_boot_id() const {
    const std::lock_guard lock(mutex_);
    return boot_id_;
  }

  mutable std::mutex mutex_;  // guards the next
  mutable BootId boot_id_ = {};
};

}  // namespace

Filesystem& posix_filesystem() {
  // Never destroyed, so that a store with static storage duration can still be closed at exit.
  static Filesystem& filesystem = *new PosixFilesystem;
  return filesystem;
}

}  // namespace datawal
