#include "base/latency_recorder.h"

#include <algorithm>
#include <cmath>

namespace datawal {

void LatencyRecorder::record(std::chrono::nanoseconds elapsed) noexcept {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed.count(), 0));
  std::uint64_t max = max_.load(std::memory_order_relaxed);
  while (max < nanoseconds &&
         !max_.compare_exchange_weak(max, nanoseconds, std::memory_order_relaxed)) {
  }
  sum_.fetch_add(nanoseconds, std::memory_order_relaxed);
  buckets_[LatencyHistogram::bucket_of(nanoseconds)].fetch_add(1, std::memory_order_relaxed);
}

LatencyHistogram LatencyRecorder::read() const noexcept {
  LatencyHistogram histogram;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    histogram.buckets[bucket] = buckets_[bucket].load(std::memory_order_relaxed);
    histogram.count += histogram.buckets[bucket];
  }
  histogram.sum = sum_.load(std::memory_order_relaxed);
  histogram.max = max_.load(std::memory_order_relaxed);
  return histogram;
}

LatencyHistogram histogram_of(std::chrono::nanoseconds elapsed) {
  LatencyRecorder recorder;
  recorder.record(elapsed);
  return recorder.read();
}

std::uint64_t LatencyHistogram::percentile(double percent) const noexcept {
  if (count == 0) return 0;
  const double wanted =
      std::ceil(std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count));
  const std::uint64_t rank = std::max<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets[bucket];
    if (seen >= rank) return std::min(bucket_max(bucket), max);
  }
  return max;
}

}  // namespace datawal
