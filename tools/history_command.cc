// history: every version of a key that is still on disk.
#include <memory>
#include <utility>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/keys.h"
#include "tools/progress.h"
#include "tools/records.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

struct HistoryArguments {
  std::string store;
  KeyArguments key;
  BytesArguments bytes;
};

Result<ExitCode> run_history(const HistoryArguments& arguments, Session& session) {
  DATAWAL_TRY_ASSIGN(Bytes key, decode_key(arguments.key));
  DATAWAL_TRY_ASSIGN(const RecordLogReader reader, open_reader(arguments.store));
  const Progress progress(session, "history", log_size(arguments.store), PrintsMeanwhile::kYes);
  RecordPrinter printer(session, arguments.bytes.style());
  VersionCursor versions(reader.scan(), std::move(key));
  ExitCode found = ExitCode::kNegative;
  while (session.out.usable()) {
    const Result<std::optional<ScannedRecord>> record = versions.next();
    if (!record) return in_context("history: mid-stream error", record.error());
    if (!*record) break;
    printer.print(**record);
    found = ExitCode::kSuccess;
  }
  if (found == ExitCode::kNegative) session.diagnostics.note("history: key not found");
  RecoveryReport report = versions.report();
  return graver(found, judge_recovery(session, arguments.store, report));
}

}  // namespace

void add_history_command(CommandLine& line) {
  const auto arguments = std::make_shared<HistoryArguments>();
  CLI::App& history = line.add(
      {.name = "history",
       .group = kLookGroup,
       .summary = "Print every version of a key that is still on disk, oldest first",
       .examples = "  datawal history state --key cursor\n"
                   "  datawal history --json state --key cursor | jq .txid\n",
       .details = "Puts and deletes of the key, as scan prints them. Exits with 1 if there are "
                  "none."},
      [arguments](Session& session) { return run_history(*arguments, session); });
  add_store(history, arguments->store);
  add_key_options(history, arguments->key);
  add_bytes_options(history, arguments->bytes);
}

}  // namespace datawal::cli
