// get: the value of one key.
#include <memory>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/json_line.h"
#include "tools/keys.h"
#include "tools/progress.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

struct GetArguments {
  std::string store;
  KeyArguments key;
  BytesArguments bytes;
};

void print_json(Session& session, ByteView key, ByteView value) {
  JsonLine json("value");
  json.base64("key_base64", key).base64("value_base64", value).number("value_len", value.size());
  session.out.write(json.finish());
}

void print_on_terminal(Session& session, ByteView value, BytesStyle style) {
  const ShownValue shown = show_value(value, style);
  if (shown.is_binary) {
    session.diagnostics.raw("<binary value, " + std::to_string(value.size()) +
                            " bytes; use --bytes base64 or --bytes hex>\n");
    return;
  }
  session.out.write(shown.text + "\n");
  if (shown.cut_size == 0) return;
  session.out.flush();
  session.diagnostics.note("get: " + std::to_string(shown.cut_size) + " of " +
                           std::to_string(value.size()) +
                           " bytes are not shown; use --no-truncate");
}

// A program that reads the value gets all of it: as it is, or encoded as it asked. Only for a
// person at a terminal is it made readable. --bytes raw means the bytes themselves in both cases.
void print_value(Session& session, ByteView value, BytesStyle style) {
  if (style.mode == BytesMode::kRaw ||
      (style.mode == BytesMode::kAuto && !session.out.is_terminal())) {
    session.out.write(as_text(value));
    return;
  }
  if (!session.out.is_terminal()) style.truncate = false;
  print_on_terminal(session, value, style);
}

void print_miss(Session& session, ByteView key) {
  if (!session.json) return session.diagnostics.note("get: key not found");
  JsonLine json("miss");
  session.out.write(json.base64("key_base64", key).finish());
}

Result<ExitCode> run_get(const GetArguments& arguments, Session& session) {
  DATAWAL_TRY_ASSIGN(const Bytes key, decode_key(arguments.key));
  std::optional<Progress> progress(std::in_place, session, "get", log_size(arguments.store));
  DATAWAL_TRY_ASSIGN(const DataWal store, open_store_to_read(arguments.store));
  DATAWAL_TRY_ASSIGN(const std::optional<Value> value, store.get(key));
  progress.reset();
  RecoveryReport report = store.recovery_report();
  const ExitCode code = judge_recovery(session, arguments.store, report);
  if (!value) {
    print_miss(session, key);
    return graver(code, ExitCode::kNegative);
  }
  session.json ? print_json(session, key, value->bytes())
               : print_value(session, value->bytes(), arguments.bytes.style());
  return code;
}

}  // namespace

void add_get_command(CommandLine& line) {
  const auto arguments = std::make_shared<GetArguments>();
  CLI::App& get = line.add(
      {.name = "get",
       .group = kLookGroup,
       .summary = "Print the value of a key",
       .examples = "  datawal get state --key cursor\n"
                   "  datawal get state --key-hex 00ff > value.bin\n"
                   "  datawal get state --key cursor --bytes base64\n"
                   "  datawal get --json state --key cursor\n",
       .details =
           "A pipe or file gets the value's bytes exactly, without an end of line; with --bytes\n"
           "base64 or hex all of them in one line. On a terminal a value is cut to 64 bytes and\n"
           "marked, unless --no-truncate is given, and one that is not text is not printed.\n"
           "--bytes raw prints the bytes exactly there too. Exits with 1 if there is no such key."},
      [arguments](Session& session) { return run_get(*arguments, session); });
  add_store(get, arguments->store);
  add_key_options(get, arguments->key);
  add_bytes_options(get, arguments->bytes);
}

}  // namespace datawal::cli
