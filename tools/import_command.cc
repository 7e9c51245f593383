// import: JSON lines as export writes them, all or none.
#include <cstdio>
#include <memory>
#include <optional>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/input.h"
#include "tools/json_line.h"
#include "tools/progress.h"
#include "tools/render.h"
#include "tools/spool.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kWidth = 14;

struct ImportArguments {
  std::string store;
  std::string source;
};

void print_stats(Session& session, const ImportStats& stats) {
  if (session.json) {
    JsonLine json("import");
    json.number("records_read", stats.records_read)
        .number("bytes_read", stats.bytes_read)
        .boolean("durable", true);
    return session.out.write(json.finish());
  }
  std::string text;
  append_labelled(text, "schema", kWidth, kSchema);
  append_labelled(text, "kind", kWidth, "import");
  append_labelled(text, "records_read", kWidth, stats.records_read);
  append_labelled(text, "bytes_read", kWidth, stats.bytes_read);
  session.out.write(text);
}

Result<ImportStats> import_into(Session& session, const ImportArguments& arguments,
                                const std::string& file) {
  DATAWAL_TRY_ASSIGN(DataWal store, open_store_to_write(session, arguments.store, Create::kYes));
  DATAWAL_TRY_ASSIGN(const ImportStats stats, store.import_jsonl(file));
  DATAWAL_TRY(store.close());
  return stats;
}

Result<ExitCode> run_import(const ImportArguments& arguments, Session& session) {
  DATAWAL_TRY_ASSIGN(InputFile input, InputFile::open(arguments.source));
  std::optional<Progress> progress(std::in_place, session, "import", 2 * input.size().value_or(0));
  // The file is read twice, so that nothing is written if any line is wrong: what can be read only
  // once is copied first.
  std::optional<Spool> spool;
  if (!input.size() || arguments.source == "-") {
    DATAWAL_TRY_ASSIGN(Spool copied, Spool::copy(input));
    spool.emplace(std::move(copied));
  }
  Result<ImportStats> stats =
      import_into(session, arguments, spool ? spool->path().string() : arguments.source);
  progress.reset();
  if (!stats) {
    if (spool) stats.error().path.clear();  // nobody can look at the copy
    return in_context("import " + input.name(), std::move(stats).error());
  }
  print_stats(session, *stats);
  return ExitCode::kSuccess;
}

}  // namespace

void add_import_command(CommandLine& line) {
  const auto arguments = std::make_shared<ImportArguments>();
  CLI::App& command = line.add(
      {.name = "import",
       .group = kMoveGroup,
       .summary = "Put every line of an export into a store",
       .examples = "  datawal import state backup.jsonl\n"
                   "  gunzip < backup.jsonl.gz | datawal import state -\n",
       .details =
           "All lines are checked first: if one is wrong, its number is told and the store stays\n"
           "as it was. Makes the store if it is missing. Everything is durable when the command\n"
           "exits with 0."},
      [arguments](Session& session) { return run_import(*arguments, session); });
  add_store(command, arguments->store);
  add_path(command, {.names = "FILE", .description = "The file; - is standard input"},
           arguments->source);
}

}  // namespace datawal::cli
