// Arithmetic on CRC-32C values: the checksum of a range from those of its neighbours, without
// reading it.
#pragma once

#include <cstdint>

namespace datawal {

// The CRC-32C of A followed by B, from those of A and of B, which has `b_size` bytes.
//
// It is linear, so the checksum of B alone also follows from those of A and of A followed by B:
// crc32c_combine(crc_a, crc_ab, b_size). Cost: one multiplication for each byte of `b_size` that is
// not zero.
[[nodiscard]] std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b,
                                           std::uint64_t b_size) noexcept;

}  // namespace datawal
