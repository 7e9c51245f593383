#include "file/posix_mapping.h"

#include <sys/mman.h>

#include <algorithm>
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

}  // namespace

std::unique_ptr<FileMapping> PosixMapping::make(int fd, std::uint64_t size) {
  std::byte* const memory = map_shared(fd, size, PROT_READ | PROT_WRITE);
  if (memory == nullptr) return nullptr;
  return std::unique_ptr<FileMapping>(new PosixMapping(memory, size));
}

PosixMapping::~PosixMapping() {
  (void)::munmap(data_, size_);  // fails for no mapping that mmap gave
}

void PosixMapping::prepare(std::uint64_t offset, std::size_t size) noexcept {
#ifdef MADV_POPULATE_WRITE
  const std::uint64_t begin = offset / kPageSize * kPageSize;
  if (begin >= size_) return;
  const std::size_t length = std::min<std::uint64_t>(offset + size - begin, size_ - begin);
  // Older kernels do not know it; then each store waits for its own page.
  (void)::madvise(data_ + begin, length, MADV_POPULATE_WRITE);
#else
  (void)offset;
  (void)size;
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
