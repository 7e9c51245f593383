// Little-endian integers in byte buffers, whatever the machine's own order and alignment rules.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

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

// Turns words in the machine's own order into little-endian ones, or the reverse: nothing to do on
// most machines.
inline void convert_le([[maybe_unused]] std::span<std::uint64_t> words) noexcept {
  if constexpr (std::endian::native == std::endian::big) {
    for (std::uint64_t& word : words) word = std::byteswap(word);
  }
}

}  // namespace datawal
