// When an index is saved, and when what was saved is believed.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>

#include "datawal/stats.h"
#include "log/log_view.h"
#include "log/log_writer.h"
#include "store/index_image.h"
#include "store/store_index.h"

namespace datawal {

// An index of so few tables is loaded as the store is opened.
inline constexpr std::size_t kTablesLoadedAtOnce = 4;

// The index that was saved beside the log of `view`, if it is one of that log: every segment that
// it covers is there, the sealed ones as large as they were, and the first and the last frame that
// it covers are still the same. Its tables are loaded later, and may turn out to be damaged then.
struct FoundCheckpoint {
  LoadedIndex index;
  // Whether the tables had best be loaded at once: where records are behind it, and where there are
  // so few that it takes no longer than what else is done to open a store. Otherwise see
  // StoreIndex::is_broken.
  bool is_needed_whole = false;
};
[[nodiscard]] std::expected<FoundCheckpoint, UnusableImage> find_checkpoint(const LogView& view);

// What became of the checkpoint in `directory`, if replay begins at `begin`: behind what it covers,
// which is never nothing, or at the start of the log.
[[nodiscard]] CheckpointUse checkpoint_use(const Directory& directory, Position begin);

// An index that is about to be saved, with what it covers.
struct Checkpoint {
  SavedIndex index;
  SipHashKey secret;
  IndexCoverage coverage;
  std::vector<SegmentFacts> segments;
};

// The index of the log of `writer` as it is now, if there are so many bytes of log behind
// `covered`, where it was saved before, and anything to save. For the thread that may change it.
[[nodiscard]] std::optional<Checkpoint> begin_checkpoint(const StoreIndex& index,
                                                         const LogWriter& writer, Position covered,
                                                         std::uint64_t log_size_min);

// Saves it beside the segments, of which none may be replaced meanwhile. All that it covers must be
// durable: a checkpoint is never ahead of its log. Gives whether it has been saved: it is a cache,
// without it the next open takes longer, and the one before it may still be there.
bool finish_checkpoint(const Checkpoint& checkpoint, Directory& directory);

}  // namespace datawal
