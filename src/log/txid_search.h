// Finds where in a log a txid is, by the first record of each segment.
#pragma once

#include <optional>

#include "datawal/record_log.h"
#include "log/log_view.h"

namespace datawal {

// The start of the last segment whose first record has a txid of at most `txid`: a record with that
// txid, if there is one, is not before it. Nullopt where that cannot be told, or is the log's
// start. Cost: one header per segment.
[[nodiscard]] std::optional<Position> find_txid(const LogView& view, Txid txid);

// The txid of a segment's first record, or nullopt if no header decodes there.
[[nodiscard]] std::optional<Txid> first_txid(const LogView& view, SegmentId segment);

// The txid of the last frame before `position`, 0 if there is none. Cost: reads the segment that
// has it, up to there.
[[nodiscard]] Result<Txid> last_txid_before(const LogView& view, Position position);

}  // namespace datawal
