// Which sealed segments of a store get a hint, and when: those that its writer has sealed or
// rewritten, and those that had to be read for want of one, but for small ones.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "file/filesystem.h"
#include "format/segment_facts.h"

namespace datawal {

class HintWriting {
 public:
  // `segments` are those that the store has been opened with, `lacking` those of them that a hint
  // would have been used of.
  HintWriting(std::span<const SegmentFacts> segments, std::span<const SegmentId> lacking);

  // Writes what is missing of the hints of `segments`, all of them sealed, until `goes_on` says no.
  // Those of less than `size_min` get none.
  void run(std::span<const SegmentFacts> segments, std::uint64_t size_min, Directory& directory,
           const std::function<bool()>& goes_on);

 private:
  std::unordered_map<SegmentId, SegmentFacts>
      settled_;  // nothing is missing as long as they are so
};

}  // namespace datawal
