#include "log/log_stats.h"

#include <algorithm>

#include "log/log_writer.h"
#include "log/shared_log.h"

namespace datawal {

// What lies behind the place up to which the log is known to be durable.
std::uint64_t LogWriter::unsynced_bytes() const {
  std::uint64_t bytes = 0;
  for (const SegmentFacts& segment : facts_.segments) {
    if (segment.id < durable_.segment) continue;
    bytes += segment.size;
    if (segment.id == durable_.segment) bytes -= std::min(segment.size, durable_.offset);
  }
  return bytes;
}

void LogWriter::count_into(Stats& stats) const {
  const auto appended = [this](RecordType type) {
    return stats_->appended[std::to_underlying(type)];
  };
  SegmentWriteCounts segments = stats_->segments;
  if (active_) segments += active_->counts();
  stats.appends = {.puts = appended(RecordType::kPut),
                   .removals = appended(RecordType::kDelete),
                   .raw = appended(RecordType::kRaw),
                   .stored = segments.stored,
                   .written = segments.written,
                   .reservations_refused = segments.reservations_refused,
                   .mappings_refused = segments.mappings_refused,
                   .reserve_space = policy_.may_reserve,
                   .map_files = policy_.may_map};
  stats.syncs = stats_->syncs;
  stats.sync_failures = stats_->sync_failures;
  stats.rotations = stats_->rotations;
  stats.tails_quarantined = stats_->tails_quarantined;
  for (const SegmentFacts& segment : facts_.segments) {
    stats.space.log_bytes += segment.size;
    stats.space.tombstone_bytes += segment.tombstone_bytes;
  }
  stats.space.segments = facts_.segments.size();
  stats.last_txid = last_txid_;
  stats.durable_txid = durable_txid_;
  stats.unsynced_bytes = unsynced_bytes();
  stats.poisoned = is_poisoned();
}

Stats SharedLog::stats() const {
  Stats stats;
  read([&stats](const LogWriter& writer) { writer.count_into(stats); });
  stats.open = opened_;
  const LogStats& recorded = writer_->stats();
  stats.latencies.append = recorded.append.read();
  stats.latencies.durable_wait = recorded.durable_wait.read();
  stats.latencies.sync = recorded.sync.read();
  stats.latencies.rotation = recorded.rotation.read();
  stats.latencies.open = histogram_of(opened_.elapsed);
  return stats;
}

}  // namespace datawal
