// Compaction in place: what it is told, what it did, and what it would gain.
//
//   store->compact();                                     // all there is to gain, now
//   store->compact({.garbage_ratio_min = 0.5, .bytes_per_second_max = 20 << 20});
//
// Segments are rewritten one after the other without the records that no read can find any more. A
// rewritten segment takes the place of the old one by rename(2), so that after every step, and
// after a crash or a power cut at any moment, the directory holds the same keys and values, for
// this library and for any other reader of the format.
#pragma once

#include <cstdint>
#include <stop_token>

namespace datawal {

struct CompactionOptions {
  // Segments of which a smaller part is garbage stay as they are: from 0, where everything is
  // rewritten that becomes smaller by it, to 1.
  double garbage_ratio_min = 0;
  // Reads and writes at most so many bytes a second, so that others get their share of the disk;
  // 0 is no limit.
  std::uint64_t bytes_per_second_max = 0;
  // Asks it to end early, as closing the store does: what has been rewritten by then stays so.
  std::stop_token stop = {};
};

// What a compaction did.
struct CompactionReport {
  std::uint64_t segments_rewritten = 0;
  std::uint64_t segments_removed = 0;  // of those, which were joined to the one before
  std::uint64_t bytes_before = 0;      // of the segments rewritten
  std::uint64_t bytes_after = 0;
  std::uint64_t records_kept = 0;
  std::uint64_t records_dropped = 0;
  bool stopped = false;  // whether it was asked to end early, and did

  [[nodiscard]] std::uint64_t bytes_gained() const noexcept { return bytes_before - bytes_after; }
};

// What the bytes of a store's log are. The numbers of one moment; no input or output.
struct SpaceUse {
  std::uint64_t log_bytes = 0;        // of all frames
  std::uint64_t dead_bytes = 0;       // of those, in values that were replaced or removed
  std::uint64_t tombstone_bytes = 0;  // in records that remove a key, needed or not
  std::uint64_t segments = 0;

  // What compaction can gain at most.
  [[nodiscard]] std::uint64_t garbage_bytes() const noexcept {
    return dead_bytes + tombstone_bytes;
  }
  // The bytes there are for each one that is needed; 1 for an empty log.
  [[nodiscard]] double amplification() const noexcept {
    const std::uint64_t needed = log_bytes - garbage_bytes();
    if (needed == 0) return log_bytes == 0 ? 1 : static_cast<double>(log_bytes);
    return static_cast<double>(log_bytes) / static_cast<double>(needed);
  }
};

}  // namespace datawal
