// The ways to compute CRC-32C, each by name, so that tests can hold them against one another.
// Everybody else calls datawal::crc32c(), which chooses.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "datawal/bytes.h"

namespace datawal {

struct Crc32cImplementation {
  std::string_view name;
  std::uint32_t (*extend)(std::uint32_t crc, const std::byte* data, std::size_t size) noexcept;
};

// Those that run on this processor; the last is the one that crc32c() uses.
[[nodiscard]] std::vector<Crc32cImplementation> crc32c_implementations();

}  // namespace datawal
