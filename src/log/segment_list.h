// Which segments a store has: the directory listing is the truth.
#pragma once

#include <vector>

#include "datawal/error.h"
#include "file/filesystem.h"

namespace datawal {

// The ids of all segments, ascending. Fails with kNotRegularFile where something else than a
// regular file has a segment's name: passing it over would silently leave its records out.
[[nodiscard]] Result<std::vector<SegmentId>> list_segments(const Directory& directory);

// The same of a listing of `directory`.
[[nodiscard]] Result<std::vector<SegmentId>> segments_among(
    const std::vector<DirectoryEntry>& entries, const Directory& directory);

}  // namespace datawal
