// Statistics in the text format of Prometheus, version 0.0.4.
#include <array>
#include <bit>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "datawal/stats.h"

namespace datawal {
namespace {

// The bounds of the buckets that are told: 64 ns, and twice as much again and again up to 69 s.
constexpr std::size_t kBoundExponentMin = 6;
constexpr std::size_t kBoundExponentMax = 36;

std::string number_text(double value) {
  std::array<char, 32> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

std::string seconds_text(std::uint64_t nanoseconds) {
  return number_text(static_cast<double>(nanoseconds) / 1e9);
}

bool is_name_character(char character, bool is_first) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         character == '_' || (!is_first && character >= '0' && character <= '9');
}

void append_label(std::string& text, std::string_view name, std::string_view value) {
  if (!text.empty()) text += ',';
  for (const char character : name) {
    text += is_name_character(character, text.empty() || text.back() == ',') ? character : '_';
  }
  text += "=\"";
  for (const char character : value) {
    if (character == '\\') text += "\\\\";
    if (character == '"') text += "\\\"";
    if (character == '\n') text += "\\n";
    if (character != '\\' && character != '"' && character != '\n') text += character;
  }
  text += '"';
}

// The metrics of some stores, name by name.
class Exposition {
 public:
  explicit Exposition(std::span<const MetricSource> sources) {
    for (const MetricSource& source : sources) {
      std::string labels;
      for (const MetricLabel& label : source.labels) {
        append_label(labels, label.name, label.value);
      }
      sources_.push_back({source.stats, std::move(labels)});
    }
  }

  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text_.append(name).append(" ").append(type).append("\n");
  }

  // The value of the metric last begun, for each store; with a label of its own, unless that has no
  // name.
  template <typename ValueOf>
  void add(const ValueOf& value_of, std::string_view label = {},
           std::string_view label_value = {}) {
    for (const Source& source : sources_) {
      const auto value = value_of(source.stats);
      if constexpr (std::is_same_v<decltype(value), const std::uint64_t>) {
        line("", source.labels, label, label_value, std::to_string(value));
      } else {
        line("", source.labels, label, label_value, number_text(value));
      }
    }
  }

  template <typename ValueOf>
  void counter(std::string_view name, std::string_view help, const ValueOf& value_of) {
    begin(name, "counter", help);
    add(value_of);
  }
  template <typename ValueOf>
  void gauge(std::string_view name, std::string_view help, const ValueOf& value_of) {
    begin(name, "gauge", help);
    add(value_of);
  }

  void histogram(std::string_view name, std::string_view help,
                 LatencyHistogram LatencyStats::* member) {
    begin(name, "histogram", help);
    for (const Source& source : sources_)
      histogram_of(source.stats.latencies.*member, source.labels);
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  struct Source {
    const Stats& stats;
    std::string labels;
  };

  void histogram_of(const LatencyHistogram& histogram, const std::string& labels) {
    std::uint64_t count = 0;
    std::size_t bucket = 0;
    for (std::size_t exponent = kBoundExponentMin; exponent <= kBoundExponentMax; ++exponent) {
      const std::uint64_t bound = std::uint64_t{1} << exponent;
      while (LatencyHistogram::bucket_max(bucket) <= bound) count += histogram.buckets[bucket++];
      line("_bucket", labels, "le", seconds_text(bound), std::to_string(count));
    }
    line("_bucket", labels, "le", "+Inf", std::to_string(histogram.count));
    line("_sum", labels, {}, {}, seconds_text(histogram.sum));
    line("_count", labels, {}, {}, std::to_string(histogram.count));
  }

  void line(std::string_view suffix, const std::string& labels, std::string_view label,
            std::string_view label_value, std::string_view value) {
    std::string all = labels;
    if (!label.empty()) append_label(all, label, label_value);
    text_.append(name_).append(suffix);
    if (!all.empty()) text_.append("{").append(all).append("}");
    text_.append(" ").append(value).append("\n");
  }

  std::vector<Source> sources_;
  std::string_view name_;
  std::string text_;
};

void add_gauges(Exposition& text) {
  text.gauge("datawal_live_keys", "Keys that have a value.",
             [](const Stats& stats) { return stats.live_keys; });
  text.gauge("datawal_index_bytes", "Memory of the key index.",
             [](const Stats& stats) { return stats.index_bytes; });
  text.gauge("datawal_segments", "Segment files of the log.",
             [](const Stats& stats) { return stats.space.segments; });
  text.gauge("datawal_log_bytes", "Bytes of all records in the log.",
             [](const Stats& stats) { return stats.space.log_bytes; });
  text.gauge("datawal_dead_bytes", "Bytes of the log in values that were replaced or removed.",
             [](const Stats& stats) { return stats.space.dead_bytes; });
  text.gauge("datawal_tombstone_bytes", "Bytes of the log in records that remove a key.",
             [](const Stats& stats) { return stats.space.tombstone_bytes; });
  text.gauge("datawal_last_txid", "Number of the newest record.",
             [](const Stats& stats) { return stats.last_txid; });
  text.gauge("datawal_durable_txid", "Number of the newest record known to be durable.",
             [](const Stats& stats) { return stats.durable_txid; });
  text.gauge("datawal_unsynced_bytes", "Bytes of records that are not known to be durable.",
             [](const Stats& stats) { return stats.unsynced_bytes; });
  text.gauge("datawal_poisoned", "1 after a failed write or sync, until the store is reopened.",
             [](const Stats& stats) { return std::uint64_t{stats.poisoned ? 1U : 0U}; });
  text.gauge("datawal_open_replayed_records", "Records that were read to open.",
             [](const Stats& stats) { return stats.open.records_replayed; });
  text.gauge("datawal_open_hints_read", "Sealed segments whose hints were read instead of them.",
             [](const Stats& stats) { return stats.open.hints_read; });
  text.gauge("datawal_open_checkpoint_loaded",
             "1 if a saved index was used to open, in place of most of the log.",
             [](const Stats& stats) {
               return std::uint64_t{stats.open.checkpoint == CheckpointUse::kLoaded ? 1U : 0U};
             });
}

void add_append_counters(Exposition& text) {
  text.begin("datawal_appended_records_total", "counter", "Records appended, by type.");
  text.add([](const Stats& stats) { return stats.appends.puts.records; }, "type", "put");
  text.add([](const Stats& stats) { return stats.appends.removals.records; }, "type", "delete");
  text.add([](const Stats& stats) { return stats.appends.raw.records; }, "type", "raw");
  text.begin("datawal_appended_bytes_total", "counter", "Bytes of records appended, by type.");
  text.add([](const Stats& stats) { return stats.appends.puts.bytes; }, "type", "put");
  text.add([](const Stats& stats) { return stats.appends.removals.bytes; }, "type", "delete");
  text.add([](const Stats& stats) { return stats.appends.raw.bytes; }, "type", "raw");
  text.begin("datawal_append_paths_total", "counter",
             "Records appended through a mapping (stored) and by a system call (written).");
  text.add([](const Stats& stats) { return stats.appends.stored; }, "path", "stored");
  text.add([](const Stats& stats) { return stats.appends.written; }, "path", "written");
  text.begin("datawal_refusals_total", "counter",
             "Segments for which the filesystem refused to reserve space or to map.");
  text.add([](const Stats& stats) { return stats.appends.reservations_refused; }, "of",
           "reservation");
  text.add([](const Stats& stats) { return stats.appends.mappings_refused; }, "of", "mapping");
}

void add_counters(Exposition& text) {
  add_append_counters(text);
  text.begin("datawal_gets_total", "counter", "Look-ups of keys, by outcome.");
  text.add([](const Stats& stats) { return stats.reads.hits; }, "outcome", "hit");
  text.add([](const Stats& stats) { return stats.reads.misses; }, "outcome", "miss");
  text.add([](const Stats& stats) { return stats.reads.failures; }, "outcome", "failure");
  text.begin("datawal_syncs_total", "counter", "Syncs of the log, by outcome.");
  text.add([](const Stats& stats) { return stats.syncs; }, "outcome", "success");
  text.add([](const Stats& stats) { return stats.sync_failures; }, "outcome", "failure");
  text.counter("datawal_rotations_total", "Segments closed for the next.",
               [](const Stats& stats) { return stats.rotations; });
  text.counter("datawal_quarantined_tails_total", "Ends of the log that were set aside.",
               [](const Stats& stats) { return stats.tails_quarantined; });
  text.begin("datawal_compactions_total", "counter", "Compactions in place, by outcome.");
  text.add([](const Stats& stats) { return stats.compactions.finished; }, "outcome", "success");
  text.add([](const Stats& stats) { return stats.compactions.failed; }, "outcome", "failure");
  text.counter("datawal_compacted_segments_total", "Segments rewritten by compactions.",
               [](const Stats& stats) { return stats.compactions.segments_rewritten; });
  text.counter("datawal_compaction_dropped_records_total", "Records left out by compactions.",
               [](const Stats& stats) { return stats.compactions.records_dropped; });
  text.counter("datawal_compaction_gained_bytes_total", "Bytes that compactions have gained.",
               [](const Stats& stats) { return stats.compactions.bytes_gained(); });
}

void add_histograms(Exposition& text) {
  text.histogram("datawal_get_seconds", "Look-ups of keys; one in 256 is measured.",
                 &LatencyStats::get);
  text.histogram("datawal_append_seconds",
                 "Writing of records, without waits for other threads or a sync; one in 256 is "
                 "measured.",
                 &LatencyStats::append);
  text.histogram("datawal_durable_wait_seconds", "Waits of durable appends for their sync.",
                 &LatencyStats::durable_wait);
  text.histogram("datawal_sync_seconds", "Syncs of the log.", &LatencyStats::sync);
  text.histogram("datawal_rotation_seconds", "Rotations to a new segment.",
                 &LatencyStats::rotation);
  text.histogram("datawal_compaction_step_seconds",
                 "Rewritings of one segment, or of several as one.",
                 &LatencyStats::compaction_step);
  text.histogram("datawal_open_seconds", "Opening.", &LatencyStats::open);
}

}  // namespace

std::string to_prometheus(std::span<const MetricSource> sources, MetricChoice choice) {
  Exposition text(sources);
  add_gauges(text);
  if (choice == MetricChoice::kAll) {
    add_counters(text);
    add_histograms(text);
  }
  return text.take();
}

std::string to_prometheus(const Stats& stats, const std::vector<MetricLabel>& labels) {
  const MetricSource source = {stats, labels};
  return to_prometheus(std::span(&source, 1));
}

}  // namespace datawal
