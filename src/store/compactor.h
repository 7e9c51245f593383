// Compaction in place: one pass over the sealed segments of a store that is open for writing,
// beside reads and writes.
//
// For each group of segments, in log order:
//   1. what is still needed of them is written to a file of its own, and that is synced;
//   2. the log is synced: a record counts as dead because of a later one, and a power cut must not
//      take the later one after this has taken the earlier;
//   3. the file is renamed over the first of the segments, the index is led to the new places, and
//      the directory is synced;
//   4. the others, whose records are in that file now, are removed in order, each followed by a
//      sync of the directory.
// After each of these the directory folds to the same keys and values, so that none has to be
// undone or gone on with after a crash.
//
// A Delete is dropped when no earlier segment has a Put of its key, as it stands on disk: those
// that are rewritten are so durably before later ones are.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/latency_recorder.h"
#include "datawal/compaction.h"
#include "log/shared_log.h"
#include "store/compaction_plan.h"
#include "store/needed_tombstones.h"
#include "store/segment_rewrite.h"
#include "store/store_index.h"

namespace datawal {

// The bytes of Deletes that a compaction has found to be needed, by segment.
using NeededTombstoneBytes = std::unordered_map<SegmentId, std::uint64_t>;

class Compactor {
 public:
  // `pace` is called with a number of bytes that have been read and written, waits for as long as
  // these are to take, and says whether to go on. All must outlive the compactor.
  Compactor(StoreIndex& index, SharedLog& log, std::uint64_t segment_size_max,
            NeededTombstoneBytes& needed_bytes, std::function<bool(std::uint64_t)> pace,
            LatencyRecorder& steps);

  [[nodiscard]] Result<CompactionReport> run(double garbage_ratio_min);
  // What has been done so far, also where run() fails.
  [[nodiscard]] const CompactionReport& report() const { return report_; }
  // Whether it has come to replacing anything.
  [[nodiscard]] bool has_replaced() const { return is_checkpoint_removed_; }

 private:
  [[nodiscard]] std::vector<PlannedSegment> sealed_segments() const;
  [[nodiscard]] Result<bool> find_needed_tombstones(std::span<const PlannedSegment> sealed,
                                                    std::span<const CompactionGroup> groups);
  [[nodiscard]] Result<bool> for_each_record(const PlannedSegment& segment, RecordType type,
                                             const std::function<void(KeyHash)>& visit);
  [[nodiscard]] Result<SegmentSource> open(SegmentId segment) const;
  [[nodiscard]] std::optional<LivePlaces> live_places(const CompactionGroup& group) const;
  [[nodiscard]] Result<bool> rewrite(const CompactionGroup& group);
  [[nodiscard]] Result<bool> build(SegmentRewrite& rewriting, const CompactionGroup& group,
                                   const std::vector<SegmentSource>& sources);
  [[nodiscard]] static bool is_worth_it(const SegmentRewrite& rewriting,
                                        const CompactionGroup& group);
  [[nodiscard]] Status put_in_place(SegmentRewrite& rewriting, std::vector<SegmentSource> sources);
  [[nodiscard]] Status remove_checkpoint();
  [[nodiscard]] Status sync_directory();
  [[nodiscard]] Status poison(std::string_view reason, Status failed);
  void note(const SegmentRewrite& rewriting, const CompactionGroup& group);

  StoreIndex& index_;
  SharedLog& log_;
  std::uint64_t segment_size_max_;
  NeededTombstoneBytes& needed_bytes_;
  std::function<bool(std::uint64_t)> pace_;
  LatencyRecorder& steps_;
  NeededTombstones needed_;
  CompactionReport report_;
  bool is_checkpoint_removed_ = false;
};

}  // namespace datawal
