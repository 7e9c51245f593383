// What a log counts and measures of itself.
//
// Thread safety: the counters belong to the thread that may write. Latencies may be recorded and
// read by any thread at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

#include "base/latency_recorder.h"
#include "datawal/frame.h"
#include "datawal/stats.h"
#include "segment/segment_writer.h"

namespace datawal {

struct LogStats {
  // Looking at the clock twice costs half as much as an append.
  static constexpr std::uint32_t kSampleEvery = 64;

  std::array<RecordCount, 3> appended;  // by RecordType
  SegmentWriteCounts segments;          // those that are no longer the active one
  std::uint64_t syncs = 0;
  std::uint64_t sync_failures = 0;
  std::uint64_t rotations = 0;
  std::uint64_t tails_quarantined = 0;

  LatencyRecorder append;
  LatencyRecorder durable_append;
  LatencyRecorder sync;
  LatencyRecorder rotation;

  void note_append(RecordType type, std::size_t frame_size) noexcept {
    RecordCount& count = appended[std::to_underlying(type)];
    ++count.records;
    count.bytes += frame_size;
  }

  // Where the next append is to be recorded, if it is to be: before any lock. Threads that append
  // at the same time can take the same turn, which only makes a sample more or less.
  [[nodiscard]] LatencyRecorder* next_append(bool is_durable) noexcept {
    if (is_durable) return &durable_append;
    const std::uint32_t turn = turn_.load(std::memory_order_relaxed);
    turn_.store(turn + 1, std::memory_order_relaxed);
    return turn % kSampleEvery == 0 ? &append : nullptr;
  }

 private:
  std::atomic<std::uint32_t> turn_{0};
};

}  // namespace datawal
