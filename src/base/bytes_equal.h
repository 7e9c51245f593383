// Equality of bytes by memcmp: comparing spans of std::byte element by element is several times
// slower.
#pragma once

#include "datawal/bytes.h"

namespace datawal {

[[nodiscard]] inline bool bytes_equal(ByteView left, ByteView right) noexcept {
  return as_text(left) == as_text(right);
}

}  // namespace datawal
