// Copying of what is mostly as short as a key.
//
// A call of memcpy() takes longer than to copy so few bytes; where they are this many, what is
// copied overlaps instead.
#pragma once

#include <cstddef>
#include <cstring>

#include "datawal/bytes.h"

namespace datawal {

// Copies `bytes` to `to`, which is somewhere else.
inline void copy_short(std::byte* to, ByteView bytes) noexcept {
  const std::byte* const from = bytes.data();
  const std::size_t size = bytes.size();
  constexpr std::size_t kHalf = 8;
  if (size >= kHalf && size <= 2 * kHalf) [[likely]] {
    std::memcpy(to, from, kHalf);
    std::memcpy(to + size - kHalf, from + size - kHalf, kHalf);
  } else if (size > 0) {
    std::memcpy(to, from, size);
  }
}

}  // namespace datawal
