// What a log or a store has done since it was opened, and what it is like now.
//
//   const datawal::Stats stats = store->stats();
//   std::cout << stats.reads.hits << ' ' << stats.latencies.get.percentile(99) << " ns\n";
//   respond("text/plain; version=0.0.4", datawal::to_prometheus(stats, {{"store", "state"}}));
//
// Plain values; docs/operations.md lists the names of the metrics.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "datawal/compaction.h"
#include "datawal/export.h"
#include "datawal/frame.h"

namespace datawal {

// How often something took how long, in nanoseconds. Every power of two is divided into eight
// buckets, so that a percentile is at most an eighth too high.
struct LatencyHistogram {
  static constexpr std::size_t kSubBucketBits = 3;
  static constexpr std::size_t kSubBuckets = std::size_t{1} << kSubBucketBits;
  static constexpr std::size_t kExponentMax = 39;  // everything above 18 minutes is one bucket
  static constexpr std::size_t kBuckets = (kExponentMax - 1) * kSubBuckets;

  std::array<std::uint64_t, kBuckets> buckets{};
  std::uint64_t count = 0;  // of all buckets
  std::uint64_t sum = 0;    // nanoseconds
  std::uint64_t max = 0;    // nanoseconds

  // The bucket that counts a latency.
  [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t nanoseconds) noexcept {
    const std::uint64_t value = nanoseconds == 0 ? 0 : nanoseconds - 1;  // bounds are inclusive
    if (value < kSubBuckets) return static_cast<std::size_t>(value);
    const auto exponent = static_cast<std::size_t>(std::bit_width(value)) - 1;
    if (exponent > kExponentMax) return kBuckets - 1;
    const auto sub_bucket =
        static_cast<std::size_t>(value >> (exponent - kSubBucketBits)) % kSubBuckets;
    return (exponent - kSubBucketBits + 1) * kSubBuckets + sub_bucket;
  }
  // The greatest latency that a bucket counts, in nanoseconds.
  [[nodiscard]] static constexpr std::uint64_t bucket_max(std::size_t bucket) noexcept {
    if (bucket >= kBuckets - 1) return std::numeric_limits<std::uint64_t>::max();
    if (bucket < kSubBuckets) return bucket + 1;
    return (kSubBuckets + bucket % kSubBuckets + 1) << (bucket / kSubBuckets - 1);
  }

  // A latency in nanoseconds that `percent` of all were not above, from 0 to 100; 0 if there are
  // none. At most an eighth too high.
  [[nodiscard]] DATAWAL_EXPORT std::uint64_t percentile(double percent) const noexcept;
  // In nanoseconds; 0 if there are none.
  [[nodiscard]] double mean() const noexcept {
    return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
  }
};

struct RecordCount {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of frames
};

struct AppendStats {
  RecordCount puts;
  RecordCount removals;
  RecordCount raw;
  std::uint64_t stored = 0;   // of these records, through a mapping: without a system call
  std::uint64_t written = 0;  // the others, by pwrite(2)
  // Segments for which the filesystem has refused to reserve space or to map it, so that all or
  // most records are written; and whether the options allow it at all.
  std::uint64_t reservations_refused = 0;
  std::uint64_t mappings_refused = 0;
  bool reserve_space = false;
  bool map_files = false;
};

// Calls of get(), contains_key() and ref_of().
struct ReadStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;    // of absent keys
  std::uint64_t failures = 0;  // the record was damaged, or could not be read

  [[nodiscard]] std::uint64_t gets() const noexcept { return hits + misses + failures; }
};

// Compactions in place, those in the background included.
struct CompactionTotals {
  std::uint64_t finished = 0;  // stopped ones too
  std::uint64_t failed = 0;
  std::uint64_t segments_rewritten = 0;
  std::uint64_t records_dropped = 0;
  std::uint64_t bytes_before = 0;  // of the segments rewritten
  std::uint64_t bytes_after = 0;

  [[nodiscard]] std::uint64_t bytes_gained() const noexcept { return bytes_before - bytes_after; }
};

// What became of the index that an earlier close has saved.
enum class CheckpointUse {
  kUnused,  // it is not read: a RecordLog, or opened read-only
  kAbsent,  // there was none
  kUnfit,   // there was one, but damaged, of another version or not of this log
  kLoaded,  // only the log behind it was read
};

// How the log or store was opened.
struct OpenStats {
  std::chrono::nanoseconds elapsed{};
  std::uint64_t records_replayed = 0;  // read from the log, or from hints
  std::uint64_t hints_read = 0;        // of sealed segments, instead of these
  CheckpointUse checkpoint = CheckpointUse::kUnused;
};

struct LatencyStats {
  LatencyHistogram get;  // of get(), contains_key(), ref_of(): one in 256 is measured
  // Of writing a record, without waiting for other threads or a sync: one in 256 is measured.
  LatencyHistogram append;
  LatencyHistogram durable_wait;  // of durable appends for their sync: each, as are all below
  LatencyHistogram sync;          // of the log's fdatasync(2), however many wait for it
  LatencyHistogram rotation;
  LatencyHistogram compaction_step;  // of rewriting one segment, or several as one
  LatencyHistogram open;             // of opening it: one
};

// What a RecordLog does not have is 0 there.
struct Stats {
  // Since the open.
  AppendStats appends;
  ReadStats reads;
  CompactionTotals compactions;
  std::uint64_t syncs = 0;  // that have succeeded
  std::uint64_t sync_failures = 0;
  std::uint64_t rotations = 0;
  std::uint64_t tails_quarantined = 0;
  OpenStats open;
  LatencyStats latencies;
  // Now.
  std::uint64_t live_keys = 0;
  std::uint64_t index_bytes = 0;  // of memory
  SpaceUse space;
  Txid last_txid = 0;
  Txid durable_txid = 0;
  std::uint64_t unsynced_bytes = 0;  // of frames that are not known to be durable
  bool poisoned = false;
};

// `stats` as one JSON object on one line, without a line feed. Of a histogram: count, sum, maximum,
// percentiles, and [bucket_max, count] of each bucket that is not empty.
[[nodiscard]] DATAWAL_EXPORT std::string to_json(const Stats& stats);

// A label of all of a store's metrics. What no name may have in it becomes '_'; the value may be
// anything that is UTF-8.
struct MetricLabel {
  std::string name;
  std::string value;
};
struct MetricSource {
  Stats stats;
  std::vector<MetricLabel> labels;
};
enum class MetricChoice {
  kAll,
  kGauges,  // for who does not use the store but only looks at it
};

// The metrics in the text format of Prometheus, version 0.0.4.
[[nodiscard]] DATAWAL_EXPORT std::string to_prometheus(const Stats& stats,
                                                       const std::vector<MetricLabel>& labels = {});
// The same of several stores, whose labels must tell them apart: a name may be explained only once
// in a text.
[[nodiscard]] DATAWAL_EXPORT std::string to_prometheus(std::span<const MetricSource> sources,
                                                       MetricChoice choice = MetricChoice::kAll);

}  // namespace datawal
