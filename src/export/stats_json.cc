// A store's statistics as one JSON object.
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "datawal/stats.h"

namespace datawal {
namespace {

// Names and numbers only: nothing that would have to be escaped.
class Object {
 public:
  explicit Object(std::string& text) : text_(text) { text_ += '{'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  ~Object() { text_ += '}'; }

  Object& add(std::string_view name, std::uint64_t value) {
    return add_raw(name, std::to_string(value));
  }
  Object& add_flag(std::string_view name, bool value) {
    return add_raw(name, value ? "true" : "false");
  }
  Object& add_text(std::string_view name, std::string_view value) {
    begin(name);
    text_.append("\"").append(value).append("\"");
    return *this;
  }
  // An object that `fill` fills.
  template <std::invocable<Object&> Fill>
  Object& add(std::string_view name, const Fill& fill) {
    begin(name);
    Object object(text_);
    fill(object);
    return *this;
  }
  Object& add_raw(std::string_view name, std::string_view value) {
    begin(name);
    text_ += value;
    return *this;
  }

 private:
  void begin(std::string_view name) {
    if (!is_empty_) text_ += ',';
    is_empty_ = false;
    text_.append("\"").append(name).append("\":");
  }

  std::string& text_;
  bool is_empty_ = true;
};

auto fields_of(const RecordCount& count) {
  return
      [&count](Object& object) { object.add("records", count.records).add("bytes", count.bytes); };
}

auto fields_of(const AppendStats& appends) {
  return [&appends](Object& object) {
    object.add("puts", fields_of(appends.puts))
        .add("removals", fields_of(appends.removals))
        .add("raw", fields_of(appends.raw))
        .add("stored", appends.stored)
        .add("written", appends.written)
        .add("reservations_refused", appends.reservations_refused)
        .add("mappings_refused", appends.mappings_refused)
        .add_flag("reserve_space", appends.reserve_space)
        .add_flag("map_files", appends.map_files);
  };
}

auto fields_of(const ReadStats& reads) {
  return [&reads](Object& object) {
    object.add("gets", reads.gets())
        .add("hits", reads.hits)
        .add("misses", reads.misses)
        .add("failures", reads.failures);
  };
}

auto fields_of(const CompactionTotals& compactions) {
  return [&compactions](Object& object) {
    object.add("finished", compactions.finished)
        .add("failed", compactions.failed)
        .add("segments_rewritten", compactions.segments_rewritten)
        .add("records_dropped", compactions.records_dropped)
        .add("bytes_before", compactions.bytes_before)
        .add("bytes_after", compactions.bytes_after)
        .add("bytes_gained", compactions.bytes_gained());
  };
}

std::string_view name_of(CheckpointUse use) {
  switch (use) {
    case CheckpointUse::kUnused:
      return "unused";
    case CheckpointUse::kAbsent:
      return "absent";
    case CheckpointUse::kUnfit:
      return "unfit";
    case CheckpointUse::kLoaded:
      return "loaded";
  }
  std::unreachable();
}

auto fields_of(const OpenStats& open) {
  return [&open](Object& object) {
    object.add("elapsed_ns", static_cast<std::uint64_t>(open.elapsed.count()))
        .add("records_replayed", open.records_replayed)
        .add("hints_read", open.hints_read)
        .add_text("checkpoint", name_of(open.checkpoint));
  };
}

auto fields_of(const SpaceUse& space) {
  return [&space](Object& object) {
    object.add("log_bytes", space.log_bytes)
        .add("dead_bytes", space.dead_bytes)
        .add("tombstone_bytes", space.tombstone_bytes)
        .add("garbage_bytes", space.garbage_bytes())
        .add("segments", space.segments);
  };
}

std::string buckets_of(const LatencyHistogram& histogram) {
  std::string text = "[";
  for (std::size_t bucket = 0; bucket < histogram.buckets.size(); ++bucket) {
    if (histogram.buckets[bucket] == 0) continue;
    if (text.size() > 1) text += ',';
    text.append("[")
        .append(std::to_string(LatencyHistogram::bucket_max(bucket)))
        .append(",")
        .append(std::to_string(histogram.buckets[bucket]))
        .append("]");
  }
  return text + "]";
}

auto fields_of(const LatencyHistogram& histogram) {
  return [&histogram](Object& object) {
    object.add("count", histogram.count)
        .add("sum_ns", histogram.sum)
        .add("max_ns", histogram.max)
        .add("p50_ns", histogram.percentile(50))
        .add("p90_ns", histogram.percentile(90))
        .add("p99_ns", histogram.percentile(99))
        .add("p999_ns", histogram.percentile(99.9))
        .add_raw("buckets", buckets_of(histogram));
  };
}

auto fields_of(const LatencyStats& latencies) {
  return [&latencies](Object& object) {
    object.add("get", fields_of(latencies.get))
        .add("append", fields_of(latencies.append))
        .add("durable_wait", fields_of(latencies.durable_wait))
        .add("sync", fields_of(latencies.sync))
        .add("rotation", fields_of(latencies.rotation))
        .add("compaction_step", fields_of(latencies.compaction_step))
        .add("open", fields_of(latencies.open));
  };
}

}  // namespace

std::string to_json(const Stats& stats) {
  std::string text;
  {
    Object object(text);
    object.add("live_keys", stats.live_keys)
        .add("index_bytes", stats.index_bytes)
        .add("space", fields_of(stats.space))
        .add("last_txid", stats.last_txid)
        .add("durable_txid", stats.durable_txid)
        .add("unsynced_bytes", stats.unsynced_bytes)
        .add_flag("poisoned", stats.poisoned)
        .add("open", fields_of(stats.open))
        .add("appends", fields_of(stats.appends))
        .add("reads", fields_of(stats.reads))
        .add("compactions", fields_of(stats.compactions))
        .add("syncs", stats.syncs)
        .add("sync_failures", stats.sync_failures)
        .add("rotations", stats.rotations)
        .add("tails_quarantined", stats.tails_quarantined)
        .add("latencies", fields_of(stats.latencies));
  }
  return text;
}

}  // namespace datawal
