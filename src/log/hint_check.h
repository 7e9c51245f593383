// Holds the hints of segments against the segments. A checksum proves that a hint is as it was
// written, not that it says what the segment does.
#pragma once

#include "datawal/maintenance.h"
#include "file/filesystem.h"

namespace datawal {

// Compares the hint of `segment`, which is there, with the segment, record by record: reads both.
[[nodiscard]] SidecarReport check_hint(const Directory& directory, SegmentId segment);
// Of the hint of a segment that is not sealed, or not there.
[[nodiscard]] SidecarReport unused_hint(const Directory& directory, SegmentId segment);

}  // namespace datawal
