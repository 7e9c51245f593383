// The ways to compute CRC-32C, each by name, so that tests can hold them against one another.
// Everybody else calls datawal::crc32c(), which chooses.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "datawal/bytes.h"

namespace datawal {

// Blocks of bytes that have nothing to do with each other.
using FourBlocks = std::array<ByteView, 4>;
using FourCrcs = std::array<std::uint32_t, 4>;

struct Crc32cImplementation {
  std::string_view name;
  std::uint32_t (*extend)(std::uint32_t crc, const std::byte* data, std::size_t size) noexcept;
  FourCrcs (*four)(const FourBlocks& blocks) noexcept;
};

// Those that run on this processor; the last is the one that crc32c() uses.
[[nodiscard]] std::vector<Crc32cImplementation> crc32c_implementations();

// The CRC-32C of each of four blocks: where they are short, in half the time of one after the
// other, because the processor's instruction takes another block while it is not done with one.
[[nodiscard]] FourCrcs crc32c_four(const FourBlocks& blocks) noexcept;

}  // namespace datawal
