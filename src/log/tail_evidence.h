// Looks at the bytes behind the last valid frame, to tell what a crash has left from what is
// damage.
#pragma once

#include <cstdint>

#include "datawal/frame.h"
#include "file/filesystem.h"
#include "log/tail_verdict.h"

namespace datawal {

struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct TailFindings {
  TailEvidence evidence;  // all of it but what only the watermark tells
  std::uint64_t intact_frames_beyond = 0;
  std::uint64_t data_size = 0;  // of the tail without the zeros at its end
};

// Examines the bytes of `range`, which ends with the file and at whose begin decoding gave
// `failure`. Reads them twice. `batch_size` is that of the batch that begins there and is not
// whole, the announcement included; 0 if it is something else.
[[nodiscard]] Result<TailFindings> examine_tail(const File& file, ByteRange range,
                                                const DecodeOutcome& failure, Txid last_txid,
                                                std::uint64_t batch_size = 0);

}  // namespace datawal
