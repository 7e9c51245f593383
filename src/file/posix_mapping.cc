#include "file/posix_mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>

namespace datawal {
namespace {

constexpr std::uint64_t kPageSize = 4096;

std::byte* map_shared(int fd, std::uint64_t size, int protection) {
  if (size == 0 || size > std::numeric_limits<std::size_t>::max()) return nullptr;
  void* const memory = ::mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

// A failure is found by whoever stores there, or syncs.
void write_zeros(int fd, std::uint64_t begin, std::uint64_t end) noexcept {
  alignas(kPageSize) static std::array<std::byte, std::size_t{256} << 10>
      zeros{};  // constant, but in no file
  while (begin < end) {
    const auto wanted = std::min<std::uint64_t>(end - begin, zeros.size());
    const ssize_t count = ::pwrite(fd, zeros.data(), wanted, static_cast<off_t>(begin));
    if (count <= 0) return;
    begin += static_cast<std::uint64_t>(count);
  }
}

}  // namespace

std::unique_ptr<FileMapping> PosixMapping::make(int fd, std::uint64_t size) {
  std::byte* const memory = map_shared(fd, size, PROT_READ | PROT_WRITE);
  if (memory == nullptr) return nullptr;
  UniqueFd own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));  // without, pages are made by the system
  return std::unique_ptr<FileMapping>(new PosixMapping(std::move(own), memory, size));
}

PosixMapping::~PosixMapping() {
  (void)::munmap(data_, size_);  // fails for no mapping that mmap gave
}

void PosixMapping::prepare(std::uint64_t offset, std::size_t size) noexcept {
  const std::uint64_t end = std::min<std::uint64_t>(offset + size, size_);
  if (offset >= end) return;
  if (fd_.valid()) write_zeros(fd_.get(), offset, end);
#ifdef MADV_POPULATE_WRITE
  const std::uint64_t begin = offset / kPageSize * kPageSize;
  // Older kernels do not know it; then each store waits for its own page.
  (void)::madvise(data_ + begin, end - begin, MADV_POPULATE_WRITE);
#endif
}

MutableByteView PosixMapping::at(std::uint64_t offset, std::size_t size) {
  first_ = data_ + offset;
  return {first_, size};
}

Status PosixMapping::publish(std::byte first) {
  std::atomic_ref<std::byte>(*first_).store(first, std::memory_order_release);
  return {};
}

std::unique_ptr<FileView> PosixView::make(int fd, std::uint64_t size) {
  std::byte* const memory = map_shared(fd, size, PROT_READ);
  if (memory == nullptr) return nullptr;
  // Records are read at random: reading ahead would only push others out of the page cache.
  (void)::madvise(memory, size, MADV_RANDOM);
  return std::unique_ptr<FileView>(new PosixView(memory, size));
}

PosixView::~PosixView() {
  (void)::munmap(data_, size_);  // fails for no mapping that mmap gave
}

}  // namespace datawal
