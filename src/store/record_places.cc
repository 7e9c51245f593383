#include "store/record_places.h"

#include <algorithm>

namespace datawal {

RecordPlaces::RecordPlaces(std::span<const Segment> segments) {
  for (const Segment& segment : segments) {
    begins_.push_back(count_);
    std::uint64_t unit_begin = count_;
    for (const std::uint32_t unit : segment.addresses.unit_numbers()) {
      if (unit != SegmentAddresses::kNoUnit) {
        if (unit >= unit_begins_.size()) unit_begins_.resize(unit + 1, kNowhere);
        unit_begins_[unit] = unit_begin;
      }
      unit_begin += LogAddresses::kUnitSize / kPlaceSize;
    }
    count_ = std::max(unit_begin, count_ + segment.size / kPlaceSize + 1);
  }
}

PlaceBits live_places(const FrozenIndex& index, const RecordPlaces& places) {
  PlaceBits live(places.count());
  index.visit_slots([&](std::uint64_t slot) {
    const std::uint64_t place = places.find(address_in_slot(slot));
    if (place != RecordPlaces::kNowhere) live.set(place);
  });
  return live;
}

}  // namespace datawal
