#include <mutex>
#include <utility>

#include "base/try.h"
#include "datawal/data_wal.h"
#include "store/compactor.h"
#include "store/data_wal_impl.h"
#include "store/pace.h"

namespace datawal {
namespace {

Status check(const CompactionOptions& options) {
  if (options.garbage_ratio_min >= 0 && options.garbage_ratio_min <= 1) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kInvalidArgument,
            .message = "CompactionOptions::garbage_ratio_min must be a number from 0 to 1"});
}

}  // namespace

SpaceUse DataWal::Impl::space_use() const {
  SpaceUse use;
  const auto add = [&](std::span<const SegmentFacts> segments) {
    for (const SegmentFacts& segment : segments) {
      use.log_bytes += segment.size;
      use.tombstone_bytes += segment.tombstone_bytes;
      use.dead_bytes += index_.records().addresses().dead_bytes(segment.id);
    }
    use.segments = segments.size();
  };
  if (shared_log_ != nullptr) {
    settle_index();
    shared_log_->read([&](const LogWriter& writer) { add(writer.segment_facts()); });
  } else {
    add(segment_facts_);
  }
  return use;
}

// What is garbage in the active segment can be rewritten only once that is sealed.
Status DataWal::Impl::seal_garbage(Seal seal) {
  return shared_log_->alone([&](LogWriter& writer) -> Status {
    DATAWAL_TRY(writer.prepare());
    // Afterwards, what is pending is in segments that this compaction does not look at.
    DATAWAL_TRY(index_.settle());
    const SegmentFacts& active = writer.segment_facts().back();
    const std::uint64_t garbage =
        active.tombstone_bytes + index_.records().addresses().dead_bytes(active.id);
    const bool is_enough =
        seal == Seal::kAnyGarbage ? garbage > 0 : garbage >= AutoCompaction::kGarbageMin / 2;
    return is_enough ? writer.rotate() : Status{};
  });
}

Result<CompactionReport> DataWal::Impl::compact(const CompactionOptions& options) {
  return compact(options, Seal::kAnyGarbage);
}

Result<CompactionReport> DataWal::Impl::compact(const CompactionOptions& options, Seal seal) {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, writable_log());
  DATAWAL_TRY(check(options));
  const EventQueue::Delivery delivery(log->events());
  std::unique_lock lock(compacting_);
  const auto start = LatencyTimer::Clock::now();
  DATAWAL_TRY(load_index());
  if (Status sealed = seal_garbage(seal); !sealed) {
    compactions_.note(sealed, {}, start, log->events());
    return std::unexpected(std::move(sealed).error());
  }
  Pace pace(options.bytes_per_second_max, options.stop, closing_.get_token());
  Compactor compactor(
      index_, *log, segment_size_max_, needed_bytes_,
      [&](std::uint64_t bytes) { return pace.spend(bytes); }, compactions_.steps());
  Result<CompactionReport> report = compactor.run(options.garbage_ratio_min);
  if (compactor.has_replaced()) {
    log->read([this](const LogWriter&) { covered_ = {}; });  // the checkpoint is gone
  }
  const Status outcome = report ? Status{} : Status(std::unexpected(report.error()));
  compactions_.note(outcome, compactor.report(), start, log->events());
  lock.unlock();  // close() waits for the thread that is asked next, and that thread for the lock
  if (compactor.has_replaced()) write_sidecars_later();
  return report;
}

Result<CompactionReport> DataWal::compact(const CompactionOptions& options) {
  return impl_->compact(options);
}

SpaceUse DataWal::space_use() const {
  return impl_->space_use();
}

}  // namespace datawal
