#include "store/needed_tombstones.h"

#include <algorithm>
#include <tuple>

namespace datawal {

void NeededTombstones::add_tombstone(KeyHash key, SegmentId segment) {
  if (tombstones_.size() == kCountMax) {
    is_full_ = true;
  } else {
    tombstones_.push_back({key, segment, false});
  }
}

void NeededTombstones::seal() {
  const auto order = [](const Tombstone& tombstone) {
    return std::tuple(tombstone.key, tombstone.segment);
  };
  std::ranges::sort(tombstones_, {}, order);
  const auto same = std::ranges::unique(tombstones_, {}, order);
  tombstones_.erase(same.begin(), same.end());
}

void NeededTombstones::note_put(KeyHash key, SegmentId segment) {
  const auto of_key = std::ranges::equal_range(tombstones_, key, {}, &Tombstone::key);
  for (Tombstone& tombstone : of_key) {
    if (tombstone.segment > segment) tombstone.is_needed = true;
  }
}

bool NeededTombstones::is_needed(KeyHash key, SegmentId segment) const {
  const auto of_key = std::ranges::equal_range(tombstones_, key, {}, &Tombstone::key);
  const auto found = std::ranges::find(of_key, segment, &Tombstone::segment);
  if (found == of_key.end()) return is_full_;
  return found->is_needed;
}

}  // namespace datawal
