// Counts the compactions of a store, and tells of their end.
//
// Thread safety: any thread may call anything at any time.
#pragma once

#include <chrono>
#include <mutex>

#include "base/latency_recorder.h"
#include "datawal/compaction.h"
#include "datawal/error.h"
#include "datawal/stats.h"
#include "log/event_queue.h"

namespace datawal {

class CompactionRecorder {
 public:
  // Takes over how a compaction has ended that began at `start`. `done` is what it has done,
  // whether it failed or not.
  void note(const Status& outcome, const CompactionReport& done,
            std::chrono::steady_clock::time_point start, EventQueue& events);

  [[nodiscard]] CompactionTotals totals() const {
    const std::lock_guard lock(mutex_);
    return totals_;
  }
  // Of the single rewritings.
  [[nodiscard]] LatencyRecorder& steps() { return steps_; }
  [[nodiscard]] LatencyHistogram step_latency() const { return steps_.read(); }

 private:
  mutable std::mutex mutex_;  // guards the next
  CompactionTotals totals_;
  LatencyRecorder steps_;
};

}  // namespace datawal
