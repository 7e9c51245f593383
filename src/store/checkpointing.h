// When an index is saved, and when what was saved is believed.
#pragma once

#include <optional>

#include "datawal/stats.h"
#include "log/log_view.h"
#include "log/log_writer.h"
#include "store/index_image.h"
#include "store/store_index.h"

namespace datawal {

// The index that was saved beside the log of `view`, if it is one of that log: every segment that
// it covers is there, the sealed ones as large as they were, and the first and the last frame that
// it covers are still the same.
[[nodiscard]] std::optional<LoadedIndex> load_checkpoint(const LogView& view);

// What became of the checkpoint in `directory`, if replay begins at `begin`: behind what it covers,
// which is never nothing, or at the start of the log.
[[nodiscard]] CheckpointUse checkpoint_use(const Directory& directory, Position begin);

// Saves the index of the log that `writer` has synced to its end, if there are so many bytes behind
// `covered`, where it was saved before. Gives up to where it has been saved now.
[[nodiscard]] Position save_checkpoint(const StoreIndex& index, const LogWriter& writer,
                                       Position covered, std::uint64_t log_size_min);

}  // namespace datawal
