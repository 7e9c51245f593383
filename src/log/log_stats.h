// What a log counts and measures of itself.
//
// Thread safety: the counters belong to the thread that may write. Latencies may be recorded and
// read by any thread at any time.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "base/latency_recorder.h"
#include "datawal/frame.h"
#include "datawal/stats.h"
#include "segment/segment_writer.h"

namespace datawal {

struct LogStats {
  // Looking at the clock twice costs half as much as an append, and several times that where what
  // it looks at has left the processor's caches.
  static constexpr std::uint32_t kSampleEvery = 256;

  std::array<RecordCount, 3> appended;  // by RecordType
  SegmentWriteCounts segments;          // those that are no longer the active one
  std::uint64_t syncs = 0;
  std::uint64_t sync_failures = 0;
  std::uint64_t rotations = 0;
  std::uint64_t tails_quarantined = 0;

  LatencyRecorder append;
  LatencyRecorder durable_wait;
  LatencyRecorder sync;
  LatencyRecorder rotation;

  void note_append(RecordType type, std::size_t frame_size) noexcept {
    RecordCount& count = appended[std::to_underlying(type)];
    ++count.records;
    count.bytes += frame_size;
  }
};

}  // namespace datawal
