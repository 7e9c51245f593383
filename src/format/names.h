// The names of the files in a store: built and parsed here and nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "datawal/error.h"

namespace datawal {

inline constexpr std::string_view kLockName = ".lock";
inline constexpr std::string_view kWatermarkName = "watermark";
inline constexpr std::string_view kCheckpointName = "keydir.ckpt";
// In a backup: what it was made of.
inline constexpr std::string_view kBackupManifestName = "backup-manifest";
// What is to replace the checkpoint.
inline constexpr std::string_view kCheckpointStagingName = "keydir.ckpt.tmp";

// The highest id that a segment's name has room for.
inline constexpr SegmentId kSegmentIdMax{99'999'999};

// "00000042.dwal"
[[nodiscard]] std::string segment_name(SegmentId id);

// The id in `name`, or nullopt unless it is eight digits and ".dwal".
[[nodiscard]] std::optional<SegmentId> parse_segment_name(std::string_view name);

// "00000042.dwal.4096.quarantine"; from the second on, "00000042.dwal.4096.2.quarantine".
[[nodiscard]] std::string quarantine_name(SegmentId id, std::uint64_t offset, unsigned number = 1);

// Whether `name` ends as those names do.
[[nodiscard]] bool is_quarantine_name(std::string_view name);

// "00000042.dwal.compact": what is to replace the segment, with fewer records.
[[nodiscard]] std::string compacted_name(SegmentId id);
// Whether `name` is such a name.
[[nodiscard]] bool is_compacted_name(std::string_view name);

// "00000042.dwal.next": what is to become the segment once the one before it has ended.
[[nodiscard]] std::string prepared_name(SegmentId id);
// Whether `name` is such a name.
[[nodiscard]] bool is_prepared_name(std::string_view name);

// "00000042.dwal.hint": what an index is built from instead of the segment.
[[nodiscard]] std::string hint_name(SegmentId id);
// The segment that a file of this name is the hint of; nullopt if it is no such name.
[[nodiscard]] std::optional<SegmentId> parse_hint_name(std::string_view name);

// "00000042.dwal.repair": what is to replace the segment.
[[nodiscard]] std::string replacement_name(SegmentId id);

}  // namespace datawal
