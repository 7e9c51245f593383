// What the key index uses of a hash, and how a slot of it is made of that and an address.
#pragma once

#include <cstddef>
#include <cstdint>

#include "log/log_addresses.h"
#include "store/key_hash.h"

namespace datawal {

inline constexpr unsigned kRegionBits = 64 - kLogAddressBits;
// Regions are numbers below this.
inline constexpr std::uint32_t kRegionCount = 1U << kRegionBits;
inline constexpr unsigned kBucketBits = 10;
inline constexpr std::size_t kBucketCount = std::size_t{1} << kBucketBits;

// What the index uses of a hash.
struct HashParts {
  std::uint32_t region;
  std::uint32_t bucket;
  std::uint32_t other_bucket;
  std::uint8_t tag;

  explicit constexpr HashParts(KeyHash hash) noexcept
      : region(region_of(static_cast<std::uint64_t>(hash) >> 36)),
        bucket(static_cast<std::uint32_t>(hash) % kBucketCount),
        other_bucket(0),
        tag(tag_of(static_cast<std::uint8_t>(static_cast<std::uint64_t>(hash) >> kBucketBits))) {
    other_bucket = other(bucket, tag);
  }

  // The other bucket of an entry with this tag, from either of the two.
  [[nodiscard]] static constexpr std::uint32_t other(std::uint32_t bucket,
                                                     std::uint8_t tag) noexcept {
    return bucket ^ ((tag * 0x2f5U | 1) % kBucketCount);
  }

  [[nodiscard]] constexpr std::uint64_t slot(LogAddress address) const noexcept {
    return std::uint64_t{region} << kLogAddressBits | static_cast<std::uint64_t>(address);
  }

 private:
  // Regions are not equally likely: the density rises along them, from 21/32 to 43/32, close to
  // twice. So tables fill at different rates and divide at different times, evenly spread, however
  // many keys there are; with equal regions all would divide at once, and the memory of a key be
  // anything between that in a full table and twice as much.
  static constexpr std::uint32_t region_of(std::uint64_t upper_28_bits) noexcept {
    constexpr std::uint64_t kOne = std::uint64_t{1} << 28;
    return static_cast<std::uint32_t>(upper_28_bits * (21 * kOne + 11 * upper_28_bits) >>
                                      (28 + 5 + 28 - kRegionBits));
  }
  static constexpr std::uint8_t tag_of(std::uint8_t bits) noexcept {
    return static_cast<std::uint8_t>(bits + (bits == 0));
  }
};

[[nodiscard]] constexpr LogAddress address_in_slot(std::uint64_t slot) noexcept {
  return LogAddress{slot % (std::uint64_t{1} << kLogAddressBits)};
}

[[nodiscard]] constexpr std::uint32_t region_in_slot(std::uint64_t slot) noexcept {
  return static_cast<std::uint32_t>(slot >> kLogAddressBits);
}

}  // namespace datawal
