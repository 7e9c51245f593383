// export: the live keys as JSON lines, in a file or on standard output.
#include <filesystem>
#include <memory>
#include <optional>

#include "base/base64.h"
#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/json_line.h"
#include "tools/progress.h"
#include "tools/render.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kWidth = 17;

struct ExportArguments {
  std::string store;
  std::string target;
};

// The same bytes as in a file, one line at a time.
Status stream(const DataWal& store, Output& out) {
  DATAWAL_TRY_ASSIGN(const Snapshot snapshot, store.snapshot());
  DATAWAL_TRY_ASSIGN(OrderedCursor cursor, snapshot.range({}));
  while (out.usable()) {
    DATAWAL_TRY_ASSIGN(const std::optional<Item> item, cursor.next());
    if (!item) break;
    JsonLine line;
    out.write(line.base64("key_b64", item->key).base64("value_b64", item->value).finish());
  }
  return {};
}

void print_stats(Session& session, const std::string& target, const ExportStats& stats) {
  if (session.json) {
    JsonLine json("export");
    json.text("outfile", target)
        .number("records_written", stats.records_written)
        .number("bytes_written", stats.bytes_written);
    return session.out.write(json.finish());
  }
  std::string text;
  append_labelled(text, "schema", kWidth, kSchema);
  append_labelled(text, "kind", kWidth, "export");
  append_labelled(text, "outfile", kWidth, one_line(target));
  append_labelled(text, "records_written", kWidth, stats.records_written);
  append_labelled(text, "bytes_written", kWidth, stats.bytes_written);
  session.out.write(text);
}

std::unexpected<Error> export_error(const std::string& target, Error error) {
  if (error.code != ErrorCode::kAlreadyExists) {
    return in_context("export to " + target, std::move(error));
  }
  error.message = "export: refuses to overwrite existing file: " + target;
  error.path.clear();
  return std::unexpected(std::move(error));
}

// Told before any work is done; the library makes sure again at the end.
Status check_target(const std::string& target) {
  std::error_code unknown;
  if (!std::filesystem::exists(std::filesystem::symlink_status(target, unknown))) return {};
  return export_error(target, {.code = ErrorCode::kAlreadyExists, .message = {}});
}

Result<ExitCode> run_export(const ExportArguments& arguments, Session& session) {
  const bool to_standard_output = arguments.target == "-";
  if (!to_standard_output) DATAWAL_TRY(check_target(arguments.target));
  // The log is read to build the index and to list the keys, and the live values once more.
  std::optional<Progress> progress(std::in_place, session, "export", 3 * log_size(arguments.store),
                                   PrintsMeanwhile::kYes);
  DATAWAL_TRY_ASSIGN(const DataWal store, open_store_to_read(arguments.store));
  if (to_standard_output) {
    DATAWAL_TRY(stream(store, session.out));
  } else {
    const Result<ExportStats> stats = store.export_jsonl(arguments.target, Overwrite::kNo);
    if (!stats) return export_error(arguments.target, stats.error());
    print_stats(session, arguments.target, *stats);
  }
  progress.reset();
  RecoveryReport report = store.recovery_report();
  return judge_recovery(session, arguments.store, report);
}

}  // namespace

void add_export_command(CommandLine& line) {
  const auto arguments = std::make_shared<ExportArguments>();
  CLI::App& command = line.add(
      {.name = "export",
       .group = kMoveGroup,
       .summary = "Write the live keys and values as JSON lines",
       .examples = "  datawal export state backup.jsonl\n"
                   "  datawal export state - | gzip > backup.jsonl.gz\n",
       .details = "Lines {\"key_b64\":\"...\",\"value_b64\":\"...\"} in ascending byte order of "
                  "the keys.\n"
                  "A file appears whole and synced, or not at all, and is never overwritten."},
      [arguments](Session& session) { return run_export(*arguments, session); });
  add_store(command, arguments->store);
  add_path(command, {.names = "OUTFILE", .description = "The file; - is standard output"},
           arguments->target);
}

}  // namespace datawal::cli
