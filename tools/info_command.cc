// info: a store on one screen.
#include <memory>
#include <optional>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/progress.h"
#include "tools/store_access.h"
#include "tools/store_info.h"

namespace datawal::cli {
namespace {

Result<ExitCode> run_info(const std::string& store, Session& session) {
  // The log is read to build the index, to count, and to list the live keys.
  std::optional<Progress> progress(std::in_place, session, "info", 3 * log_size(store));
  DATAWAL_TRY_ASSIGN(StoreInfo info, examine_store(store));
  progress.reset();
  ExitCode code = ExitCode::kSuccess;
  if (info.refusal) {
    code = exit_code_of(info.refusal->code);
  } else {
    code = judge_recovery(session, store, info.recovery);
  }
  session.out.write(session.json ? info_json(info) : info_text(info));
  return code;
}

}  // namespace

void add_info_command(CommandLine& line) {
  const auto store = std::make_shared<std::string>();
  CLI::App& info = line.add(
      {.name = "info",
       .group = kLookGroup,
       .summary = "Show a store on one screen: records, keys, sizes, state, lock, other files",
       .examples = "  datawal info state\n"
                   "  datawal info --json state | jq .live_keys\n",
       .details =
           "Reads the whole log, takes no lock, and works on a store that cannot be opened."},
      [store](Session& session) { return run_info(*store, session); });
  add_store(info, *store);
}

}  // namespace datawal::cli
