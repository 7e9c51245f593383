// Which Deletes of a log must stay where the segments that they are in are rewritten.
//
// A Delete is needed for as long as an earlier segment, as it stands on disk, has a Put of its key:
// without it that Put would be there again. The Puts that can be meant are dead ones, in segments
// that are not rewritten; those are read for them.
#pragma once

#include <cstdint>
#include <vector>

#include "datawal/record_log.h"
#include "store/key_hash.h"

namespace datawal {

class NeededTombstones {
 public:
  // With more Deletes than this, all that come later are taken for needed: they can go another
  // time. Bounds the memory to 128 MiB.
  static constexpr std::size_t kCountMax = std::size_t{1} << 23;

  // First the Deletes, in any order;
  void add_tombstone(KeyHash key, SegmentId segment);
  // then the Puts of segments that stay.
  void seal();
  void note_put(KeyHash key, SegmentId segment);

  [[nodiscard]] bool empty() const { return tombstones_.empty(); }
  // Whether a Delete of `key` in `segment` is needed. Keys that share a hash are taken for one.
  [[nodiscard]] bool is_needed(KeyHash key, SegmentId segment) const;

 private:
  struct Tombstone {
    KeyHash key;
    SegmentId segment;
    bool is_needed;
  };

  std::vector<Tombstone> tombstones_;  // ascending by key and segment
  bool is_full_ = false;
};

}  // namespace datawal
