// The places in some segments where records can begin, numbered in the order of the log, and at
// which of them the records are that keys lead to. What is known by place is found without asking
// the index for a key, which is a wait for memory each; one walk through the index is fast.
//
// Thread safety: these do not change.
// Memory: 8 bytes for each unit of addresses that the log has, and one byte for 128 of the
// segments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "log/log_addresses.h"
#include "store/frozen_index.h"

namespace datawal {

class RecordPlaces {
 public:
  struct Segment {
    SegmentAddresses addresses;
    std::uint64_t size;  // in bytes
  };
  explicit RecordPlaces(std::span<const Segment> segments);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  // The place of a frame at `offset`, which is within the segment with this index.
  [[nodiscard]] std::uint64_t at(std::size_t segment, std::uint64_t offset) const noexcept {
    return begins_[segment] + offset / kPlaceSize;
  }
  // The place that `address` leads to: kNowhere where that is in none of the segments.
  static constexpr std::uint64_t kNowhere = std::numeric_limits<std::uint64_t>::max();
  [[nodiscard]] std::uint64_t find(LogAddress address) const noexcept {
    const std::uint32_t unit = LogAddresses::unit_number(address);
    if (unit >= unit_begins_.size() || unit_begins_[unit] == kNowhere) return kNowhere;
    return unit_begins_[unit] + LogAddresses::offset_in_unit(address) / kPlaceSize;
  }

 private:
  static constexpr std::uint64_t kPlaceSize = 16;  // no two frames begin in one
  static_assert(kPlaceSize <= kFrameSizeMin);

  std::vector<std::uint64_t> begins_;       // of the segments
  std::vector<std::uint64_t> unit_begins_;  // by the numbers of units
  std::uint64_t count_ = 0;
};

// A bit for each place.
class PlaceBits {
 public:
  explicit PlaceBits(std::uint64_t count) : words_(count / 64 + 1) {}

  void set(std::uint64_t place) noexcept { words_[place / 64] |= std::uint64_t{1} << place % 64; }
  [[nodiscard]] bool has(std::uint64_t place) const noexcept {
    return place / 64 < words_.size() && (words_[place / 64] >> place % 64 & 1) != 0;
  }
  [[nodiscard]] const std::vector<std::uint64_t>& words() const noexcept { return words_; }

 private:
  std::vector<std::uint64_t> words_;
};

// The places of the records that keys lead to, as it was when the index was frozen. What is not
// among them by then will not be any more: records are only ever superseded.
[[nodiscard]] PlaceBits live_places(const FrozenIndex& index, const RecordPlaces& places);

}  // namespace datawal
