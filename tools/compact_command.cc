// compact: the live keys as a new store, or a store without what nobody needs any more.
#include <memory>
#include <optional>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/compact_in_place.h"
#include "tools/json_line.h"
#include "tools/progress.h"
#include "tools/render.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kWidth = 17;

struct CompactArguments {
  std::string store;
  std::optional<std::string> target;
  bool in_place = false;
  std::optional<double> garbage_ratio;
  std::optional<std::uint64_t> bytes_per_second;
};

void print_stats(Session& session, const std::string& target, const CompactionStats& stats) {
  if (session.json) {
    JsonLine json("compact");
    json.text("target", target)
        .number("live_keys", stats.live_keys)
        .number("records_written", stats.records_written)
        .number("bytes_written", stats.bytes_written);
    return session.out.write(json.finish());
  }
  std::string text;
  append_labelled(text, "schema", kWidth, kSchema);
  append_labelled(text, "kind", kWidth, "compact");
  append_labelled(text, "target", kWidth, one_line(target));
  append_labelled(text, "live_keys", kWidth, stats.live_keys);
  append_labelled(text, "records_written", kWidth, stats.records_written);
  append_labelled(text, "bytes_written", kWidth, stats.bytes_written);
  session.out.write(text);
}

// The new store has keys and values only; whoever has appended other records should know.
Result<std::uint64_t> count_raw_records(const DataWal& store) {
  std::uint64_t count = 0;
  RecordCursor cursor = store.scan();
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, cursor.next());
    if (!record) return count;
    if (record->type == RecordType::kRaw) ++count;
  }
}

std::unexpected<Error> compact_error(const std::string& target, Error error) {
  if (error.code != ErrorCode::kNotEmpty) {
    return in_context("compact to " + target, std::move(error));
  }
  error.message = "compact: target directory is not empty: " + target;
  error.path.clear();
  return std::unexpected(std::move(error));
}

Result<ExitCode> compact_to(Session& session, const std::string& source,
                            const std::string& target) {
  // The log is read to build the index, to count, and for the live values.
  std::optional<Progress> progress(std::in_place, session, "compact", 3 * log_size(source));
  DATAWAL_TRY_ASSIGN(const DataWal store, open_store_to_read(source));
  const Result<CompactionStats> stats = store.compact_to(target);
  if (!stats) return compact_error(target, stats.error());
  DATAWAL_TRY_ASSIGN(const std::uint64_t raw_count, count_raw_records(store));
  progress.reset();
  if (raw_count > 0) {
    session.diagnostics.warning("compact: " + std::to_string(raw_count) +
                                " records without a key are not in the new store");
  }
  print_stats(session, target, *stats);
  RecoveryReport report = store.recovery_report();
  return judge_recovery(session, source, report);
}

Result<ExitCode> run_compact(const CompactArguments& arguments, Session& session) {
  if (arguments.in_place) {
    return compact_in_place(session, arguments.store,
                            {.garbage_ratio_min = arguments.garbage_ratio.value_or(0),
                             .bytes_per_second_max = arguments.bytes_per_second.value_or(0)});
  }
  if (arguments.target) return compact_to(session, arguments.store, *arguments.target);
  return std::unexpected(Error{.code = ErrorCode::kInvalidArgument,
                               .message = "TARGET is required, or else --in-place; see 'datawal "
                                          "compact --help'"});
}

}  // namespace

void add_compact_command(CommandLine& line) {
  const auto arguments = std::make_shared<CompactArguments>();
  CLI::App& command = line.add(
      {.name = "compact",
       .group = kMoveGroup,
       .summary = "Write the live keys and values as a new, smaller store, or make one smaller",
       .examples = "  datawal compact state state.new\n"
                   "  datawal compact --in-place state\n"
                   "  datawal compact --in-place --garbage-ratio 0.5 --rate 20000000 state\n",
       .details =
           "The target appears whole and synced, or not at all, and must not exist or be an empty\n"
           "directory. The source is not changed. Records without a key are left out, with a\n"
           "warning.\n"
           "\n"
           "With --in-place the store's own segments are rewritten without what no read can find "
           "any\n"
           "more, and records without a key stay. No writer may have it open; readers go on. "
           "SIGINT\n"
           "and SIGTERM end it early, with exit code 1; the store is whole after every step."},
      [arguments](Session& session) { return run_compact(*arguments, session); });
  add_store(command, arguments->store);
  CLI::Option* const target = add_path(
      command, {.names = "TARGET", .description = "The new store's directory"}, arguments->target);
  CLI::Option* const in_place = add_flag(
      command,
      {.names = "--in-place", .description = "Rewrite the store's own segments; no TARGET"},
      arguments->in_place);
  refuse_with(in_place, target);
  require_with(add_fraction(command,
                            {.names = "--garbage-ratio",
                             .description = "Leave segments of which a smaller part is garbage"},
                            arguments->garbage_ratio),
               in_place);
  require_with(add_number(command,
                          {.names = "--rate",
                           .description = "Read and write at most N bytes a second; 0 is no limit"},
                          arguments->bytes_per_second),
               in_place);
}

}  // namespace datawal::cli
