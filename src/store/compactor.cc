#include "store/compactor.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/try.h"
#include "format/names.h"
#include "log/hint_file.h"
#include "segment/frame_batches.h"

namespace datawal {
namespace {

std::vector<SegmentId> ids_of(const std::vector<SegmentSource>& sources) {
  std::vector<SegmentId> ids;
  ids.reserve(sources.size());
  for (const SegmentSource& source : sources) ids.push_back(source.id);
  return ids;
}

}  // namespace

Compactor::Compactor(StoreIndex& index, SharedLog& log, std::uint64_t segment_size_max,
                     NeededTombstoneBytes& needed_bytes, std::function<bool(std::uint64_t)> pace,
                     LatencyRecorder& steps)
    : index_(index),
      log_(log),
      segment_size_max_(segment_size_max),
      needed_bytes_(needed_bytes),
      pace_(std::move(pace)),
      steps_(steps) {}

Result<CompactionReport> Compactor::run(double garbage_ratio_min) {
  const std::vector<PlannedSegment> sealed = sealed_segments();
  const std::vector<CompactionGroup> groups = plan_compaction(
      sealed, {.garbage_ratio_min = garbage_ratio_min, .segment_size_max = segment_size_max_});
  DATAWAL_TRY_ASSIGN(bool goes_on, find_needed_tombstones(sealed, groups));
  for (const CompactionGroup& group : groups) {
    if (!goes_on || !pace_(0)) {
      goes_on = false;
      break;
    }
    DATAWAL_TRY_ASSIGN(goes_on, rewrite(group));
  }
  report_.stopped = !goes_on;
  return report_;
}

std::vector<PlannedSegment> Compactor::sealed_segments() const {
  const std::vector<SegmentFacts> segment_facts =
      log_.read([](const LogWriter& writer) { return writer.segment_facts(); });
  std::vector<PlannedSegment> sealed;
  for (const SegmentFacts& summary : std::span(segment_facts).first(segment_facts.size() - 1)) {
    const auto needed = needed_bytes_.find(summary.id);
    sealed.push_back(
        {.summary = summary,
         .dead_bytes = index_.records().addresses().dead_bytes(summary.id),
         .needed_tombstone_bytes = needed == needed_bytes_.end() ? 0 : needed->second});
  }
  return sealed;
}

// Gives whether to go on.
Result<bool> Compactor::find_needed_tombstones(std::span<const PlannedSegment> sealed,
                                               std::span<const CompactionGroup> groups) {
  std::vector<SegmentId> rewritten;
  for (const CompactionGroup& group : groups) {
    for (const PlannedSegment& segment : group) rewritten.push_back(segment.summary.id);
  }
  const auto stays_with_dead_puts = [&](const PlannedSegment& segment) {
    return segment.dead_bytes > 0 && !std::ranges::binary_search(rewritten, segment.summary.id);
  };
  if (std::ranges::none_of(sealed, stays_with_dead_puts)) return true;
  for (const CompactionGroup& group : groups) {
    for (const PlannedSegment& segment : group) {
      if (segment.summary.tombstone_bytes == 0) continue;
      const auto add = [&](KeyHash key) { needed_.add_tombstone(key, segment.summary.id); };
      DATAWAL_TRY_ASSIGN(const bool goes_on, for_each_record(segment, RecordType::kDelete, add));
      if (!goes_on) return false;
    }
  }
  needed_.seal();
  if (needed_.empty()) return true;
  for (const PlannedSegment& segment : sealed) {
    if (!stays_with_dead_puts(segment)) continue;
    const auto note = [&](KeyHash key) { needed_.note_put(key, segment.summary.id); };
    DATAWAL_TRY_ASSIGN(const bool goes_on, for_each_record(segment, RecordType::kPut, note));
    if (!goes_on) return false;
  }
  return true;
}

Result<bool> Compactor::for_each_record(const PlannedSegment& segment, RecordType type,
                                        const std::function<void(KeyHash)>& visit) {
  DATAWAL_TRY_ASSIGN(const SegmentSource source, open(segment.summary.id));
  FrameBatches frames(*source.file, segment.summary.size);
  while (true) {
    const std::uint64_t before = frames.offset();
    DATAWAL_TRY_ASSIGN(const std::span<const BatchedFrame> batch, frames.next());
    if (batch.empty()) break;
    for (const BatchedFrame& frame : batch) {
      if (frame.record.type == type) visit(index_.hash_of(frame.record.key));
    }
    if (!pace_(frames.offset() - before)) return false;
  }
  if (!frames.is_at_end()) return std::unexpected(sealed_damage(source.id, frames));
  return true;
}

Result<SegmentSource> Compactor::open(SegmentId segment) const {
  DATAWAL_TRY_ASSIGN(std::shared_ptr<const File> file,
                     log_.directory()->open(segment_name(segment), OpenMode::kRead));
  return SegmentSource{segment, std::move(file)};
}

// Gives whether to go on.
Result<bool> Compactor::rewrite(const CompactionGroup& group) {
  const LatencyTimer timer(&steps_);
  Directory& directory = *log_.directory();
  const std::string staging_name = compacted_name(group.front().summary.id);
  // Of a process that was killed. If it cannot be removed, making it anew says why.
  (void)directory.remove(staging_name);
  std::vector<SegmentSource> sources;
  for (const PlannedSegment& segment : group) {
    DATAWAL_TRY_ASSIGN(SegmentSource source, open(segment.summary.id));
    sources.push_back(std::move(source));
  }
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> file,
                     directory.open(staging_name, OpenMode::kCreateExclusive));
  const std::optional<LivePlaces> live = live_places(group);
  SegmentRewrite rewriting(index_, needed_, live ? &*live : nullptr, *file);
  Result<bool> built = build(rewriting, group, sources);
  if (built && *built && is_worth_it(rewriting, group)) {
    const Status placed = put_in_place(rewriting, std::move(sources));
    if (placed) {
      note(rewriting, group);
      return true;
    }
    built = std::unexpected(placed.error());
  }
  (void)directory.remove(staging_name);  // if it stays, the next open removes it
  return built;
}

Result<bool> Compactor::build(SegmentRewrite& rewriting, const CompactionGroup& group,
                              const std::vector<SegmentSource>& sources) {
  for (std::size_t index = 0; index < group.size(); ++index) {
    DATAWAL_TRY_ASSIGN(const bool goes_on,
                       rewriting.add(sources[index], group[index].summary, pace_));
    if (!goes_on) return false;
  }
  // Whatever was superseded was so by now.
  const Txid horizon = log_.read([](const LogWriter& writer) { return writer.last_txid(); });
  DATAWAL_TRY(rewriting.finish(horizon));
  return true;
}

// Nothing where a walk through the index takes longer than asking it for the segments' keys.
std::optional<LivePlaces> Compactor::live_places(const CompactionGroup& group) const {
  constexpr std::uint64_t kKeysPerRecord = 8;
  std::uint64_t records = 0;
  std::vector<RecordPlaces::Segment> segments;
  for (const PlannedSegment& segment : group) {
    records += segment.summary.records;
    segments.push_back(
        {index_.records().addresses().addresses_in(segment.summary.id), segment.summary.size});
  }
  if (index_.size() > kKeysPerRecord * records) return std::nullopt;
  const auto frozen = log_.read([this](const LogWriter&) { return index_.freeze(); });
  if (!frozen) return std::nullopt;
  RecordPlaces places(segments);
  PlaceBits live = datawal::live_places(*frozen->frozen, places);
  return LivePlaces{std::move(places), std::move(live)};
}

// A segment from which a Put has been left out must be replaced, for the Deletes of later ones are
// left out because of that.
bool Compactor::is_worth_it(const SegmentRewrite& rewriting, const CompactionGroup& group) {
  return rewriting.records_dropped() > 0 || group.size() > 1;
}

Status Compactor::put_in_place(SegmentRewrite& rewriting, std::vector<SegmentSource> sources) {
  Directory& directory = *log_.directory();
  DATAWAL_TRY(log_.sync());
  DATAWAL_TRY(remove_checkpoint());
  for (const SegmentSource& source : sources) remove_hint(directory, source.id);
  const SegmentFacts& summary = rewriting.summary();
  const auto rename = [&] {
    return directory.rename(compacted_name(summary.id), segment_name(summary.id), Replace::kYes);
  };
  const auto replace = [&] {
    return index_.records().replace(sources, rewriting.moved().last_in_units(summary.id), rename);
  };
  DATAWAL_TRY(log_.alone([&](LogWriter& writer) {
    return writer.replace_segments(ids_of(sources), summary, replace);
  }));
  rewriting.moved().lead(index_, log_, summary.id);
  DATAWAL_TRY(sync_directory());
  for (const SegmentSource& source : std::span(sources).subspan(1)) {
    if (Status removed = directory.remove(segment_name(source.id)); !removed) {
      return poison("removing a segment that was joined to another failed", std::move(removed));
    }
    DATAWAL_TRY(sync_directory());
  }
  sources.clear();
  index_.records().release_replaced();
  return {};
}

// An index that was saved for other segments than these must not be taken for one of these: their
// sizes can be the same by chance.
Status Compactor::remove_checkpoint() {
  if (is_checkpoint_removed_) return {};
  const Status removed = log_.directory()->remove(kCheckpointName);
  if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
  is_checkpoint_removed_ = true;
  return removed ? sync_directory() : Status{};
}

// What is done next relies on what has been done, and after a failure nobody knows what a power cut
// would leave of it.
Status Compactor::sync_directory() {
  Status synced = log_.directory()->sync();
  return synced ? synced
                : poison("fsync fsync_dir after segment replace failed", std::move(synced));
}

Status Compactor::poison(std::string_view reason, Status failed) {
  return log_.alone([&](LogWriter& writer) -> Status {
    return writer.poison_after(reason, std::move(failed).error());
  });
}

void Compactor::note(const SegmentRewrite& rewriting, const CompactionGroup& group) {
  const SegmentFacts& summary = rewriting.summary();
  report_.segments_rewritten += group.size();
  report_.segments_removed += group.size() - 1;
  std::uint64_t bytes_before = 0;
  for (const PlannedSegment& segment : group) bytes_before += segment.summary.size;
  log_.events().push(SegmentCompacted{summary.id, group.size(), bytes_before, summary.size});
  report_.bytes_before += bytes_before;
  report_.bytes_after += summary.size;
  report_.records_kept += summary.records;
  report_.records_dropped += rewriting.records_dropped();
  // With fewer Puts before them, Deletes that were needed may not be any more.
  std::erase_if(needed_bytes_, [&](const auto& entry) { return entry.first >= summary.id; });
  needed_bytes_[summary.id] = summary.tombstone_bytes;
}

}  // namespace datawal
