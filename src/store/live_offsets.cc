#include "store/live_offsets.h"

#include <limits>

namespace datawal {

LiveOffsets::LiveOffsets(const FrozenIndex& index, const SegmentAddresses& addresses)
    : words_(addresses.unit_numbers().size() * LogAddresses::kUnitSize / kPlaceSize / 64) {
  constexpr std::uint64_t kElsewhere = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint64_t> begins;  // of units in the segment, by their numbers
  std::uint64_t begin = 0;
  for (const std::uint32_t unit : addresses.unit_numbers()) {
    if (unit != SegmentAddresses::kNoUnit) {
      if (unit >= begins.size()) begins.resize(unit + 1, kElsewhere);
      begins[unit] = begin;
    }
    begin += LogAddresses::kUnitSize;
  }
  index.visit_slots([&](std::uint64_t slot) {
    const LogAddress address = address_in_slot(slot);
    const std::uint32_t unit = LogAddresses::unit_number(address);
    if (unit >= begins.size() || begins[unit] == kElsewhere) return;
    const std::uint64_t offset = begins[unit] + LogAddresses::offset_in_unit(address);
    words_[offset / kPlaceSize / 64] |= std::uint64_t{1} << offset / kPlaceSize % 64;
  });
}

}  // namespace datawal
