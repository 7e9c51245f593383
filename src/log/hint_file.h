// Writing and removing the hints of sealed segments.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "datawal/record_log.h"
#include "file/filesystem.h"

namespace datawal {

// A hint has at most one byte for so many of its segment: where it would have more, reading the
// segment takes no longer than what an index does with either.
inline constexpr std::uint64_t kHintShare = 8;
// Segments that are smaller have none.
inline constexpr std::uint64_t kHintSegmentSizeMin = std::uint64_t{1} << 20;

// Writes the hint of a sealed segment, in place of one that may be there, if it is worth it: where
// the outlines are found to have more than their share, it is given up. Reads the segment. Asks
// `goes_on` from time to time, and gives up where it says no. Gives whether there is one now: it is
// a cache, without it the next open takes longer. Nobody may replace the segment meanwhile.
bool write_hint(Directory& directory, SegmentId segment, const std::function<bool()>& goes_on,
                std::uint64_t share = kHintShare);

// Removes it, best effort: one that stays describes another file than the one that comes.
void remove_hint(Directory& directory, SegmentId segment);

// Of the files in `directory`, removes hints of other segments than the sealed ones among
// `segments`, which ascend. Best effort.
void remove_foreign_hints(Directory& directory, std::span<const DirectoryEntry> entries,
                          std::span<const SegmentId> segments);

}  // namespace datawal
