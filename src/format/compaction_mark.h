// The control record that a rewritten segment has in place of the records that were dropped from
// it: up to which txid the log had come when they were. The byte table stands in docs/format.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "datawal/frame.h"

namespace datawal {

struct CompactionMark {
  // Every record that was dropped had been superseded by one with a txid of at most this: as the
  // log was from then on, it can still be seen.
  Txid horizon = 0;
};

inline constexpr std::string_view kCompactionMarkKey{"\0dwal/compacted", 15};
inline constexpr std::size_t kCompactionMarkPayloadSize = 9;

// The frame of a mark.
using CompactionMarkFrame =
    std::array<std::byte, frame_size(kCompactionMarkKey.size(), kCompactionMarkPayloadSize)>;

[[nodiscard]] CompactionMarkFrame encode_compaction_mark(Txid txid, const CompactionMark& mark);

// What `record` says, if it is such a mark. Whoever understands only this version takes one of a
// later version for a horizon that nothing is beyond.
[[nodiscard]] std::optional<CompactionMark> decode_compaction_mark(const RecordView& record);

}  // namespace datawal
