#include "file/read_ahead.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace datawal {
namespace {

constexpr std::size_t kPageSize = 4096;
constexpr std::size_t kStretchPages = 256;

// The calls take what they must not change for something that they may.
bool is_in_memory(std::byte* begin, std::size_t size) noexcept {
  std::array<unsigned char, kStretchPages> pages{};
  if (::mincore(begin, size, pages.data()) != 0) return true;
  const std::size_t count = (size + kPageSize - 1) / kPageSize;
  return std::ranges::all_of(pages.begin(), pages.begin() + static_cast<std::ptrdiff_t>(count),
                             [](unsigned char page) { return (page & 1) != 0; });
}

bool begin_stretch(std::byte* begin, std::size_t size) noexcept {
  if (is_in_memory(begin, size)) return false;
  (void)::madvise(begin, size, MADV_WILLNEED);
  return true;
}

// Where the page begins that the first of the bytes is in.
std::byte* page_of(ByteView mapped) noexcept {
  const std::size_t skipped = reinterpret_cast<std::uintptr_t>(mapped.data()) % kPageSize;
  return const_cast<std::byte*>(mapped.data() - skipped);
}

}  // namespace

void read_ahead(ByteView mapped) noexcept {
  if (mapped.empty()) return;
  std::byte* begin = page_of(mapped);
  auto left = static_cast<std::size_t>(mapped.data() + mapped.size() - begin);
  while (left > 0) {
    const std::size_t size = std::min(left, kStretchPages * kPageSize);
    begin_stretch(begin, size);
    begin += size;
    left -= size;
  }
}

bool begin_reading(ByteView mapped) noexcept {
  std::byte* const begin = page_of(mapped);
  return begin_stretch(begin, static_cast<std::size_t>(mapped.data() + mapped.size() - begin));
}

std::uint64_t awaited_page_count() noexcept {
  struct rusage usage{};
  (void)::getrusage(RUSAGE_SELF, &usage);  // fails for no process that calls it
  return static_cast<std::uint64_t>(usage.ru_majflt);
}

}  // namespace datawal
