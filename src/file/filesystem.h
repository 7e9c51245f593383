// The operating system, as far as a store needs it. Everything above this interface is the same on
// a real disk and in a simulation in which any call can fail and the machine can stop at any
// instant.
//
// Thread safety: const member functions of one object may run at the same time; anything else needs
// the caller's own order. Different objects are independent.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/error.h"

namespace datawal {

enum class OpenMode {
  kRead,             // an existing regular file, for reading
  kReadWrite,        // an existing regular file with exactly one link, for reading and writing
  kCreateExclusive,  // a new file, for reading and writing; kAlreadyExists if anything has its name
};

// Stores to a file through memory that it shares with every other program that has the file open:
// what is stored is as good as written, without a system call. For bytes that have been reserved
// only, by File::reserve: a store to any other place may end the process.
class FileMapping {
 public:
  FileMapping() = default;
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;
  virtual ~FileMapping() = default;

  // Brings the pages of [offset, offset + size) into memory, so that storing there soon does not
  // have to wait for them. There must be zeros, and nothing may be stored or written there
  // meanwhile, for zeros are written: that takes a third of the time that the system takes to make
  // such pages by itself. A hint only. Another thread may call it, beside at() and publish() for
  // other bytes.
  virtual void prepare(std::uint64_t offset, std::size_t size) noexcept = 0;
  // Where to put the bytes [offset, offset + size) of the file, all but the first of them. Valid
  // until publish().
  [[nodiscard]] virtual MutableByteView at(std::uint64_t offset, std::size_t size) = 0;
  // Ends what at() began: stores the first byte too, after all others, so that whoever sees it not
  // zero sees them. Fails only where there is no machine behind the memory any more, as in a
  // simulation that has stopped.
  [[nodiscard]] virtual Status publish(std::byte first) = 0;
};

// The bytes of a file as memory, read-only and shared: what is written to the file is seen. Bytes
// behind the file's end must not be touched, now or after the file has been cut.
class FileView {
 public:
  FileView() = default;
  FileView(const FileView&) = delete;
  FileView& operator=(const FileView&) = delete;
  virtual ~FileView() = default;

  [[nodiscard]] virtual ByteView bytes() const noexcept = 0;
};

// What tells a file from any other, and from what it was before it was last written to.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;  // may be used again once the file has no name and is open nowhere
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;

  [[nodiscard]] bool is_same_file(const FileIdentity& other) const noexcept {
    return device == other.device && inode == other.inode;
  }
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// One open regular file.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  // Reads from `offset` until `buffer` is full or the file ends; gives the number of bytes read.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset,
                                                    MutableByteView buffer) const = 0;
  // Writes all of `data` at `offset`. After a failure any prefix of it may be in the file.
  [[nodiscard]] virtual Status write_at(std::uint64_t offset, ByteView data) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
  // Nullopt where that is not to be known. The second is as of the opening, and asks no one again.
  [[nodiscard]] virtual std::optional<FileIdentity> identity() const { return std::nullopt; }
  [[nodiscard]] virtual std::optional<FileIdentity> identity_at_open() const { return identity(); }
  [[nodiscard]] Result<std::uint64_t> size_at_open() const {
    return identity_at_open() ? identity_at_open()->size : size();
  }
  // Cuts the file, or extends it with zeros, to `size` bytes.
  [[nodiscard]] virtual Status truncate(std::uint64_t size) = 0;
  // Returns when the file's bytes and size would outlive a power cut (fdatasync). Not its name:
  // that is Directory::sync. May run beside write_at and stores through a mapping; what these bring
  // meanwhile may be covered or not.
  [[nodiscard]] virtual Status sync() = 0;
  // Begins to bring the bytes [offset, offset + size) to the disk, so that a sync() to come has
  // less to wait for. A hint only: what fails is told by that.
  virtual void begin_sync(std::uint64_t /*offset*/, std::uint64_t /*size*/) noexcept {}
  // Extends the file to at least `size` bytes with zeros for which the disk has set room aside, so
  // that nothing there fails for want of it. False, and nothing done, where that is not to be had.
  [[nodiscard]] virtual Result<bool> reserve(std::uint64_t /*size*/) { return false; }
  // A mapping of the first `size` bytes, reserved or not; null where that is not to be had. Lives
  // on its own after the file is closed.
  [[nodiscard]] virtual std::unique_ptr<FileMapping> map(std::uint64_t /*size*/) { return nullptr; }
  // The same for reading at random, and of bytes that are there already or not.
  [[nodiscard]] virtual std::unique_ptr<FileView> view(std::uint64_t /*size*/) const {
    return nullptr;
  }
  // The same file for reading what it has now, without a descriptor, whatever becomes of its names.
  // Reading what has been cut off since is an error, and no signal. Null where not to be had.
  [[nodiscard]] virtual std::unique_ptr<const File> hold() const { return nullptr; }
};

enum class EntryKind { kFile, kDirectory, kOther };

struct DirectoryEntry {
  std::string name;
  EntryKind kind;  // of the entry itself; a symbolic link is kOther
  // FileIdentity::inode of what had the name at that moment; 0 where that is not to be known.
  std::uint64_t inode = 0;
};

// An advisory lock, held until destruction or the death of the process.
class FileLock {
 public:
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  virtual ~FileLock() = default;
};

// Notices changes in a directory.
class DirectoryWatch {
 public:
  DirectoryWatch() = default;
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;
  virtual ~DirectoryWatch() = default;

  // Returns when something in the directory was written, created or renamed since the watch was
  // made or last waited for, or after `timeout`. A hint only: it may return early, and may miss
  // changes made through mappings or on network filesystems, so callers look again at intervals of
  // their own.
  virtual void wait(std::chrono::milliseconds timeout) = 0;
};

enum class Replace { kNo, kYes };

// One open directory. Names are single path components; files are opened relative to the
// directory's own descriptor, without following symbolic links.
class Directory {
 public:
  Directory() = default;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  virtual ~Directory() = default;

  // The path it was opened by, for messages.
  [[nodiscard]] virtual const std::filesystem::path& path() const = 0;
  // All entries but "." and "..", in no particular order.
  [[nodiscard]] virtual Result<std::vector<DirectoryEntry>> list() const = 0;
  // kNotFound if there is no such name, kNotRegularFile if it is not what `mode` asks for,
  // kAlreadyExists. Never blocks on a FIFO, never follows a link, never truncates.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(std::string_view name,
                                                           OpenMode mode) const = 0;
  // Renames a file or directory inside this directory, atomically. With Replace::kNo:
  // kAlreadyExists if `to` is taken. With Replace::kYes a file replaces a file, a directory
  // replaces an empty directory (kNotEmpty).
  [[nodiscard]] virtual Status rename(std::string_view from, std::string_view to,
                                      Replace replace) = 0;
  // Gives `file` the further name `name` in this directory, whatever its other names have come to
  // mean since it was opened. False where it cannot have one: it is in another filesystem, or of
  // another kind than this directory, has too many names or none any more, or may not be linked.
  // kAlreadyExists.
  [[nodiscard]] virtual Result<bool> link(const File& file, std::string_view name) = 0;
  // Exchanges what two names in this directory lead to, atomically; both must be there (kNotFound).
  // kInvalidArgument, with nothing done, where the filesystem cannot do that.
  [[nodiscard]] virtual Status exchange(std::string_view name, std::string_view other) = 0;
  // Removes a file, or an empty directory.
  [[nodiscard]] virtual Status remove(std::string_view name) = 0;
  // Makes the directory `name`, one level; kAlreadyExists if the name is taken.
  [[nodiscard]] virtual Status make_directory(std::string_view name) = 0;
  // Returns when the names in this directory would outlive a power cut. May run beside anything
  // else; what that brings meanwhile may be covered or not.
  [[nodiscard]] virtual Status sync() = 0;
  // Returns when this directory's own name in its parent would outlive a power cut.
  [[nodiscard]] virtual Status sync_parent() = 0;
  // Takes the exclusive writer lock (flock) on the file `name`, which is created if missing, never
  // removed, and afterwards holds the process id. kLocked if another open file description holds
  // it. Checked to be still the file of that name after locking. Works where the disk is full, if
  // the file exists.
  [[nodiscard]] virtual Result<std::unique_ptr<FileLock>> lock(std::string_view name) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<DirectoryWatch>> watch() const = 0;
};

// What a log does ahead of the end of its active segment, so that nobody has to wait for it there.
struct AheadOfRotation {
  std::uint64_t segment_size_min = 4ULL << 20;  // nothing for segments that may be no larger
  // By a thread; otherwise by whoever comes to the place where it is due: only what one thread does
  // repeats exactly.
  bool on_thread = true;
};

class Filesystem {
 public:
  Filesystem() = default;
  Filesystem(const Filesystem&) = delete;
  Filesystem& operator=(const Filesystem&) = delete;
  virtual ~Filesystem() = default;

  // kNotFound if there is nothing, kInvalidArgument if it is not a directory. An
  // empty path is the current directory.
  [[nodiscard]] virtual Result<std::unique_ptr<Directory>> open_directory(
      const std::filesystem::path& path) = 0;
  // Opens a directory after making it and whatever parents are missing. If it made any, their names
  // and those of the directories above are synced.
  [[nodiscard]] virtual Result<std::unique_ptr<Directory>> create_directory(
      const std::filesystem::path& path) = 0;
  // Opens a regular file that is not part of a store for reading, following symbolic links.
  // kNotFound, kNotRegularFile.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open_file(
      const std::filesystem::path& path) = 0;
  // Sixteen bytes that change with every boot of the machine; all zeros where that is not to be
  // known.
  [[nodiscard]] virtual std::array<std::byte, 16> boot_id() const = 0;
  // Fills `buffer` with unpredictable bytes.
  virtual void fill_random(MutableByteView buffer) = 0;
  // A clock that never goes back; for timeouts only.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
  // After a sync, so many bytes are cheaper brought to a file by File::write_at than stored through
  // a mapping: a sync leaves the pages of a mapping such that the next store to each is dear, and
  // the sync after it as well.
  [[nodiscard]] virtual std::uint64_t write_through_size() const { return 64ULL << 10; }
  [[nodiscard]] virtual AheadOfRotation ahead_of_rotation() const { return {}; }
};

// The operating system's own. One object for the whole process; it has no state.
[[nodiscard]] Filesystem& posix_filesystem();

}  // namespace datawal
