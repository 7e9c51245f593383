// Little-endian integers in byte buffers, whatever the machine's own order and alignment rules.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace datawal {

template <std::unsigned_integral T>
[[nodiscard]] inline T load_le(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  return value;
}

template <std::unsigned_integral T>
inline void store_le(std::byte* to, T value) noexcept {
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  std::memcpy(to, &value, sizeof value);
}

}  // namespace datawal
