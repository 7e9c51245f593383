#include "store/checkpointing.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/endian.h"
#include "base/try.h"
#include "format/names.h"
#include "segment/segment_reader.h"
#include "store/index_checkpoint.h"

namespace datawal {
namespace {

// An index that no log of this size can have asks for more memory than there may be.
constexpr std::uint64_t kImageSizeAllowance = std::uint64_t{4} << 20;

std::unexpected<UnusableImage> unusable(std::string reason) {
  return std::unexpected(UnusableImage{std::move(reason)});
}

Result<std::vector<SegmentFacts>> sizes_of(const LogView& view) {
  std::vector<SegmentFacts> segments;
  for (const SegmentId id : view.segments) {
    DATAWAL_TRY_ASSIGN(const std::shared_ptr<const File> file, view.open(id));
    DATAWAL_TRY_ASSIGN(const std::uint64_t size, file->size_at_open());
    segments.push_back({.id = id, .size = size});
  }
  return segments;
}

std::uint64_t plausible_image_size_max(const std::vector<SegmentFacts>& log) {
  std::uint64_t log_size = 0;
  for (const SegmentFacts& segment : log) log_size += segment.size;
  return log_size + kImageSizeAllowance;
}

bool is_needed_whole(const std::vector<SegmentFacts>& log, const LoadedIndex& loaded) {
  const SegmentFacts& last = log.back();
  return loaded.index->table_count() <= kTablesLoadedAtOnce ||
         loaded.coverage.end != Position{last.id, last.size};
}

bool covers_beginning_of(const std::vector<SegmentFacts>& log, const LoadedIndex& loaded) {
  const std::vector<SegmentFacts>& covered = loaded.segments;
  if (covered.empty() || covered.size() > log.size()) return false;
  for (std::size_t index = 0; index + 1 < covered.size(); ++index) {
    if (covered[index].id != log[index].id || covered[index].size != log[index].size) return false;
  }
  const SegmentFacts& last = log[covered.size() - 1];
  return last.id == covered.back().id && last.size >= covered.back().size;
}

bool has_first_frame(const LogView& view, const IndexCoverage& coverage) {
  if (!coverage.first_segment) return false;
  const auto file = view.open(*coverage.first_segment);
  if (!file) return false;
  const Result<std::uint64_t> size = (*file)->size_at_open();
  if (!size) return false;
  SegmentReader reader(**file, 0, *size);
  const Result<SegmentStep> step = reader.next();
  return step && *step == SegmentStep::kFrame && reader.frame().crc == coverage.first_frame_crc;
}

// The frame itself is not looked for: its checksum stands at its end. Behind a rotation that is in
// an earlier segment.
bool has_last_frame(const LogView& view, const LoadedIndex& loaded) {
  const auto has_frames = [](const SegmentFacts& segment) { return segment.size > 0; };
  const auto last =
      std::ranges::find_if(loaded.segments.rbegin(), loaded.segments.rend(), has_frames);
  if (last == loaded.segments.rend() || last->size < kFrameSizeMin) return false;
  const auto file = view.open(last->id);
  if (!file) return false;
  std::array<std::byte, kFrameCrcSize> stored{};
  const Result<std::size_t> count = (*file)->read_at(last->size - stored.size(), stored);
  return count && *count == stored.size() &&
         load_le<std::uint32_t>(stored.data()) == loaded.coverage.last_frame_crc;
}

// The bytes of `log`, which ends at its last segment's size, behind `covered`.
std::uint64_t size_behind(const std::vector<SegmentFacts>& log, Position covered) {
  std::uint64_t size = 0;
  for (const SegmentFacts& segment : log) {
    if (segment.id < covered.segment) continue;
    size += segment.size;
    if (segment.id == covered.segment) size -= std::min(segment.size, covered.offset);
  }
  return size;
}

}  // namespace

std::expected<FoundCheckpoint, UnusableImage> find_checkpoint(const LogView& view) {
  const Result<std::vector<SegmentFacts>> log = sizes_of(view);
  if (!log) return unusable("the segments cannot be looked at: " + log.error().to_string());
  DATAWAL_TRY_ASSIGN(LoadedIndex loaded,
                     load_index_checkpoint(*view.directory, plausible_image_size_max(*log)));
  if (!covers_beginning_of(*log, loaded)) {
    return unusable("the checkpoint is one of other segments");
  }
  if (!has_first_frame(view, loaded.coverage) || !has_last_frame(view, loaded)) {
    return unusable("the checkpoint is one of other records");
  }
  const bool is_whole = is_needed_whole(*log, loaded);
  return FoundCheckpoint{std::move(loaded), is_whole};
}

CheckpointUse checkpoint_use(const Directory& directory, Position begin) {
  if (begin.offset > 0) return CheckpointUse::kLoaded;
  const auto file = directory.open(kCheckpointName, OpenMode::kRead);
  const bool is_absent = !file && file.error().code == ErrorCode::kNotFound;
  return is_absent ? CheckpointUse::kAbsent : CheckpointUse::kUnfit;
}

std::optional<Checkpoint> begin_checkpoint(const StoreIndex& index, const LogWriter& writer,
                                           Position covered, std::uint64_t log_size_min) {
  const IndexCoverage coverage = writer.coverage();
  if (!coverage.first_segment || covered == coverage.end) return std::nullopt;
  const std::vector<SegmentFacts>& segments = writer.segment_facts();
  if (size_behind(segments, covered) < log_size_min) return std::nullopt;
  Result<SavedIndex> saved = index.freeze_for_saving();
  if (!saved) return std::nullopt;
  return Checkpoint{*std::move(saved), index.secret(), coverage, segments};
}

bool finish_checkpoint(const Checkpoint& checkpoint, Directory& directory) {
  const IndexImageSource source = {*checkpoint.index.frozen, checkpoint.index.units,
                                   checkpoint.secret, checkpoint.coverage, checkpoint.segments};
  return write_index_checkpoint(directory, source).has_value();
}

}  // namespace datawal
