#include "file/posix_held_file.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <limits>
#include <utility>

#include "file/posix_error.h"
#include "file/unique_fd.h"

namespace datawal {
namespace {

// Of the process, as the mappings are that there may be.
std::atomic<std::size_t> held_count = 0;

// As pread, from the memory of this process.
ssize_t copy_memory(const std::byte* from, MutableByteView to) {
  const iovec local = {.iov_base = to.data(), .iov_len = to.size()};
  const iovec remote = {.iov_base = const_cast<std::byte*>(from), .iov_len = to.size()};
  return retry_interrupted(
      [&] { return ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0); });
}

// A filter of system calls, as containers have them, may forbid it.
bool may_copy_memory() {
  const std::byte from{};
  std::byte to{};
  return copy_memory(&from, {&to, 1}) == 1;
}

// Whoever limits the address space means what is used of it, which these are many times as much as.
bool has_ample_address_space() {
  rlimit limit = {};
  return sizeof(void*) > sizeof(std::uint32_t) && ::getrlimit(RLIMIT_AS, &limit) == 0 &&
         limit.rlim_cur == RLIM_INFINITY;
}

// Something is mapped of an empty file as well, so that it is held.
std::size_t mapped_size(std::uint64_t size) {
  return static_cast<std::size_t>(std::max<std::uint64_t>(size, 1));
}

}  // namespace

std::unique_ptr<const File> PosixHeldFile::make(int fd, const FileIdentity& identity,
                                                const std::filesystem::path& path) {
  if (!may_copy_memory() || !has_ample_address_space()) return nullptr;
  if (held_count.fetch_add(1, std::memory_order_relaxed) < kCountMax) {
    void* const memory = ::mmap(nullptr, mapped_size(identity.size), PROT_READ, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED) {
      const auto* const data = static_cast<const std::byte*>(memory);
      return std::unique_ptr<const File>(new PosixHeldFile(data, identity, path));
    }
  }
  held_count.fetch_sub(1, std::memory_order_relaxed);
  return nullptr;
}

PosixHeldFile::PosixHeldFile(const std::byte* data, const FileIdentity& identity,
                             std::filesystem::path path)
    : data_(data), identity_(identity), path_(std::move(path)) {}

PosixHeldFile::~PosixHeldFile() {
  // Fails for no mapping that mmap gave.
  (void)::munmap(const_cast<std::byte*>(data_), mapped_size(identity_.size));
  held_count.fetch_sub(1, std::memory_order_relaxed);
}

Result<std::size_t> PosixHeldFile::read_at(std::uint64_t offset, MutableByteView buffer) const {
  if (offset >= identity_.size) return std::size_t{0};
  const auto size_max =
      static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), identity_.size - offset));
  std::size_t done = 0;
  while (done < size_max) {
    const ssize_t count = copy_memory(data_ + offset + done, buffer.subspan(done, size_max - done));
    if (count <= 0) {
      return std::unexpected(posix_error(
          count < 0 && errno != EFAULT ? errno : EIO,
          "read from the file, which has been cut or which the disk cannot read,", path_));
    }
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Status PosixHeldFile::write_at(std::uint64_t /*offset*/, ByteView /*data*/) {
  return read_only();
}

Status PosixHeldFile::truncate(std::uint64_t /*size*/) {
  return read_only();
}

Status PosixHeldFile::sync() {
  return read_only();
}

std::unexpected<Error> PosixHeldFile::read_only() const {
  return std::unexpected(Error{.code = ErrorCode::kReadOnly,
                               .message = "The file is held for reading only. Open it to write.",
                               .path = path_.string()});
}

}  // namespace datawal
