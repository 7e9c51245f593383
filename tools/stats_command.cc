// stats: the numbers of a store, for people, programs and Prometheus.
#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/json_line.h"
#include "tools/progress.h"
#include "tools/render.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kWidth = 15;

struct StatsArguments {
  std::string store;
  bool prometheus = false;
};

std::uint64_t needed_bytes(const SpaceUse& space) {
  return space.log_bytes - space.garbage_bytes();
}

std::string json_text(const std::string& store, const Stats& stats) {
  JsonLine json("stats");
  json.text("path", store)
      .number("live_keys", stats.live_keys)
      .number("segments", stats.space.segments)
      .number("log_bytes", stats.space.log_bytes)
      .number("needed_bytes", needed_bytes(stats.space))
      .number("dead_bytes", stats.space.dead_bytes)
      .number("tombstone_bytes", stats.space.tombstone_bytes)
      .number("garbage_bytes", stats.space.garbage_bytes())
      .decimal("amplification", stats.space.amplification())
      .number("index_bytes", stats.index_bytes)
      .number("last_txid", stats.last_txid)
      .number("durable_txid", stats.durable_txid)
      .number("unsynced_bytes", stats.unsynced_bytes)
      .number("records_replayed", stats.open.records_replayed)
      .number("open_ns", static_cast<std::uint64_t>(stats.open.elapsed.count()));
  return std::string(json.finish());
}

std::string gain_text(const SpaceUse& space) {
  if (space.garbage_bytes() == 0) return "gains nothing";
  const std::uint64_t percent = space.garbage_bytes() * 100 / space.log_bytes;
  return "gains up to " + size_text(space.garbage_bytes()) + ", " + std::to_string(percent) +
         " % of the log";
}

std::string human_text(const std::string& store, const Stats& stats) {
  std::string text;
  const auto add = [&text](std::string_view label, const std::string& value) {
    append_labelled(text, label, kWidth, value);
  };
  add("path", one_line(store));
  add("live keys", std::to_string(stats.live_keys));
  add("segments", std::to_string(stats.space.segments));
  add("log", size_text(stats.space.log_bytes));
  add("needed", size_text(needed_bytes(stats.space)));
  add("dead", size_text(stats.space.dead_bytes));
  add("tombstones", size_text(stats.space.tombstone_bytes));
  add("amplification", decimal_text(stats.space.amplification()));
  add("compaction", gain_text(stats.space));
  add("index", size_text(stats.index_bytes) + " of memory");
  add("last txid", std::to_string(stats.last_txid));
  add("durable txid", std::to_string(stats.durable_txid));
  add("unsynced", size_text(stats.unsynced_bytes) + " not known to be durable");
  add("open", latency_text(stats.open.elapsed) + ", " +
                  std::to_string(stats.open.records_replayed) + " records read");
  return text;
}

std::string prometheus_text(const std::string& store, Stats stats) {
  const MetricSource source = {std::move(stats), {{"store", store}}};
  return to_prometheus(std::span(&source, 1), MetricChoice::kGauges);
}

Result<ExitCode> run_stats(const StatsArguments& arguments, Session& session) {
  if (arguments.prometheus && session.json) {
    return std::unexpected(Error{.code = ErrorCode::kInvalidArgument,
                                 .message = "--json and --prometheus exclude each other; see "
                                            "'datawal stats --help'"});
  }
  std::optional<Progress> progress(std::in_place, session, "stats", log_size(arguments.store));
  DATAWAL_TRY_ASSIGN(const DataWal store, open_store_to_read(arguments.store));
  progress.reset();
  const Stats stats = store.stats();
  if (arguments.prometheus) {
    session.out.write(prometheus_text(arguments.store, stats));
  } else {
    session.out.write(session.json ? json_text(arguments.store, stats)
                                   : human_text(arguments.store, stats));
  }
  RecoveryReport report = store.recovery_report();
  return judge_recovery(session, arguments.store, report);
}

}  // namespace

void add_stats_command(CommandLine& line) {
  const auto arguments = std::make_shared<StatsArguments>();
  CLI::App& command = line.add(
      {.name = "stats",
       .group = kLookGroup,
       .summary = "Show the numbers of a store: keys, bytes, garbage, what compaction would gain",
       .examples = "  datawal stats state\n"
                   "  datawal stats --prometheus state > /var/lib/node_exporter/state.prom\n",
       .details =
           "Reads the whole log and takes no lock. What a program counts and measures while it\n"
           "has the store open, only that program knows: see DataWal::stats."},
      [arguments](Session& session) { return run_stats(*arguments, session); });
  add_store(command, arguments->store);
  add_flag(command,
           {.names = "--prometheus", .description = "Print metrics in Prometheus' text format"},
           arguments->prometheus);
}

}  // namespace datawal::cli
