// Which segments a compaction rewrites, and which of them together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "format/segment_facts.h"

namespace datawal {

// A sealed segment, as a plan sees it.
struct PlannedSegment {
  SegmentFacts summary;
  std::uint64_t dead_bytes = 0;              // of Puts that are not live
  std::uint64_t needed_tombstone_bytes = 0;  // of those Deletes that cannot go, as far as known

  // What rewriting it can gain at most.
  [[nodiscard]] std::uint64_t garbage() const noexcept;
};

struct PlanRule {
  double garbage_ratio_min = 0;
  std::uint64_t segment_size_max = 0;
};

// Neighbours that become one segment, under the name of the first.
using CompactionGroup = std::vector<PlannedSegment>;

// `sealed` are all segments but the active one, in order. A segment is joined to the one before
// only if it has no Raw record: between the two steps that this takes it is there twice, which is
// the same for who looks at keys and values, but not for who reads Raw records.
[[nodiscard]] std::vector<CompactionGroup> plan_compaction(std::span<const PlannedSegment> sealed,
                                                           const PlanRule& rule);

}  // namespace datawal
