#include <algorithm>

#include "datawal/data_wal.h"
#include "store/data_wal_impl.h"

namespace datawal {

Stats DataWal::Impl::stats_of_view() const {
  Stats stats;
  stats.open = opened_;
  stats.latencies.open = histogram_of(opened_.elapsed);
  stats.last_txid = report_.last_txid_seen;
  stats.durable_txid = std::min(durable_txid_, stats.last_txid);
  const Position durable = report_.durable.value_or(Position{});
  for (const SegmentFacts& segment : segment_facts_) {
    if (segment.id < durable.segment) continue;
    stats.unsynced_bytes += segment.size;
    if (segment.id == durable.segment)
      stats.unsynced_bytes -= std::min(segment.size, durable.offset);
  }
  return stats;
}

Stats DataWal::Impl::stats() const {
  Stats stats = shared_log_ != nullptr ? shared_log_->stats() : stats_of_view();
  if (is_mended_.load(std::memory_order_relaxed)) stats.open.checkpoint = CheckpointUse::kUnfit;
  stats.reads = lookups_.counts();
  stats.latencies.get = lookups_.latency();
  stats.compactions = compactions_.totals();
  stats.latencies.compaction_step = compactions_.step_latency();
  settle_index();
  stats.live_keys = index_.size();
  stats.index_bytes = index_.memory_size();
  stats.space = space_use();
  return stats;
}

Stats DataWal::stats() const {
  return impl_->stats();
}

}  // namespace datawal
