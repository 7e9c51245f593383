// Reads a segment to its end to know that every frame of it is intact, and what it holds.
#pragma once

#include <limits>

#include "file/filesystem.h"
#include "format/backup_manifest.h"

namespace datawal {

struct SegmentReading {
  SegmentContents contents;  // of the frames up to the limit; `size` is where they end
  bool ascends = true;       // each txid is above the one before it
  Txid last_gap = 0;         // of the last frame whose txid does not follow the one before, inside
  Txid horizon = 0;          // of the compaction marks, the highest
  Txid batch_end = 0;        // the last of the last batch that is announced
};

// Reads the first `size` bytes of `file`, up to the frame with the txid `txid_max`, or before the
// first with a higher one.
// Fails with kCorruption, naming the offset, where no frame decodes, and as reading does. Cost: one
// read, one CRC; memory bounded by the largest frame.
[[nodiscard]] Result<SegmentReading> read_contents(
    const File& file, std::uint64_t size, Txid txid_max = std::numeric_limits<Txid>::max());

}  // namespace datawal
