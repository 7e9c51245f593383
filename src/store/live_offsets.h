// Where in one segment the records are that keys lead to, as it was at one moment: a bit for each
// place, from one walk through the index. Asking the index for every record of the segment by its
// key would be a wait for memory each.
//
// What is not here by then will not be any more: records are only ever superseded.
//
// Thread safety: it does not change.
// Memory: one byte for 64 of the segment.
#pragma once

#include <cstdint>
#include <vector>

#include "log/log_addresses.h"
#include "store/frozen_index.h"

namespace datawal {

class LiveOffsets {
 public:
  LiveOffsets(const FrozenIndex& index, const SegmentAddresses& addresses);

  // Whether a key leads to the frame at `offset`.
  [[nodiscard]] bool has(std::uint64_t offset) const noexcept {
    const std::uint64_t place = offset / kPlaceSize;
    return place / 64 < words_.size() && (words_[place / 64] >> place % 64 & 1) != 0;
  }

 private:
  static constexpr std::uint64_t kPlaceSize = 8;  // no two frames begin in one
  static_assert(kPlaceSize <= kFrameSizeMin);

  std::vector<std::uint64_t> words_;
};

}  // namespace datawal
