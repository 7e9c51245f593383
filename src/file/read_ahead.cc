#include "file/read_ahead.h"

#include <sys/mman.h>

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

}  // namespace

void read_ahead(ByteView mapped) noexcept {
  if (mapped.empty()) return;
  const std::size_t skipped = reinterpret_cast<std::uintptr_t>(mapped.data()) % kPageSize;
  auto* begin = const_cast<std::byte*>(mapped.data() - skipped);
  std::size_t left = mapped.size() + skipped;
  while (left > 0) {
    const std::size_t size = std::min(left, kStretchPages * kPageSize);
    if (!is_in_memory(begin, size)) (void)::madvise(begin, size, MADV_WILLNEED);
    begin += size;
    left -= size;
  }
}

}  // namespace datawal
