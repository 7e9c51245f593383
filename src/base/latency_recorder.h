// Latencies as they are measured, and the clock that measures them.
//
// Thread safety: any thread may record and read at any time. Recording takes no lock, but
// processors that do it at the same time wait for each other: what is frequent is sampled.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "datawal/stats.h"

namespace datawal {

class LatencyRecorder {
 public:
  void record(std::chrono::nanoseconds elapsed) noexcept;
  // What has been recorded. What others record meanwhile may be in its count and not in its sum.
  [[nodiscard]] LatencyHistogram read() const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, LatencyHistogram::kBuckets> buckets_{};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::uint64_t> max_{0};
};

// Of what has happened once.
[[nodiscard]] LatencyHistogram histogram_of(std::chrono::nanoseconds elapsed);

// Records how long it lives.
class LatencyTimer {
 public:
  using Clock = std::chrono::steady_clock;

  // Null: does nothing.
  explicit LatencyTimer(LatencyRecorder* recorder) noexcept : recorder_(recorder) {
    if (recorder_ != nullptr) [[unlikely]]
      start_ = Clock::now();
  }
  LatencyTimer(const LatencyTimer&) = delete;
  LatencyTimer& operator=(const LatencyTimer&) = delete;
  ~LatencyTimer() {
    if (recorder_ != nullptr) [[unlikely]]
      recorder_->record(Clock::now() - start_);
  }

 private:
  LatencyRecorder* recorder_;
  Clock::time_point start_;
};

}  // namespace datawal
