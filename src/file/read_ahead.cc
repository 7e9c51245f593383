#include "file/read_ahead.h"

#include <sys/mman.h>

#include <cstdint>

namespace datawal {
namespace {

constexpr std::uintptr_t kPageSize = 4096;

}  // namespace

void read_ahead(ByteView mapped) noexcept {
  if (mapped.empty()) return;
  const auto skipped = reinterpret_cast<std::uintptr_t>(mapped.data()) % kPageSize;
  // The calls take what they must not change for something that they may.
  auto* const begin = const_cast<std::byte*>(mapped.data() - skipped);
  unsigned char is_in_memory = 0;
  if (::mincore(begin, 1, &is_in_memory) != 0 || (is_in_memory & 1) != 0) return;
  (void)::madvise(begin, mapped.size() + skipped, MADV_WILLNEED);
}

}  // namespace datawal
