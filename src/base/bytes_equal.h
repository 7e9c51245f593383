// Equality of bytes by words or by memcmp: comparing spans of std::byte element by element is
// several times slower.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/endian.h"
#include "datawal/bytes.h"

namespace datawal {

[[nodiscard]] inline bool bytes_equal(ByteView left, ByteView right) noexcept {
  const std::size_t size = left.size();
  if (size != right.size()) return false;
  if (size < 8 || size > 16) return as_text(left) == as_text(right);
  // The size of most keys: the first word and the last, which may overlap.
  const auto differ = [&](std::size_t at) {
    return load_le<std::uint64_t>(left.data() + at) ^ load_le<std::uint64_t>(right.data() + at);
  };
  return (differ(0) | differ(size - 8)) == 0;
}

}  // namespace datawal
