// put, delete and rotate: one change, durable on exit.
#include <memory>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/input.h"
#include "tools/json_line.h"
#include "tools/keys.h"
#include "tools/records.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

struct PutArguments {
  std::string store;
  KeyArguments key;
  ValueArguments value;
};

struct DeleteArguments {
  std::string store;
  KeyArguments key;
};

void print_put(Session& session, const Appended& appended) {
  if (session.json) {
    JsonLine json("put");
    json.number("segment", std::to_underlying(appended.ref.segment))
        .number("offset", appended.ref.offset)
        .number("len", appended.ref.size)
        .number("txid", appended.txid)
        .boolean("durable", true);
    return session.out.write(json.finish());
  }
  session.out.write("put seg=" + segment_text(appended.ref.segment) +
                    " off=" + std::to_string(appended.ref.offset) +
                    " len=" + std::to_string(appended.ref.size) +
                    " txid=" + std::to_string(appended.txid) + "\n");
}

Result<ExitCode> run_put(const PutArguments& arguments, Session& session) {
  DATAWAL_TRY_ASSIGN(const Bytes key, decode_key(arguments.key));
  DATAWAL_TRY_ASSIGN(const Bytes value, read_value(arguments.value));
  DATAWAL_TRY_ASSIGN(RecordLog log, open_log_to_write(session, arguments.store, Create::kYes));
  DATAWAL_TRY_ASSIGN(const Appended appended, log.append_record(RecordType::kPut, key, value));
  DATAWAL_TRY(log.close());
  print_put(session, appended);
  return ExitCode::kSuccess;
}

Result<ExitCode> run_delete(const DeleteArguments& arguments, Session& session) {
  DATAWAL_TRY_ASSIGN(const Bytes key, decode_key(arguments.key));
  DATAWAL_TRY_ASSIGN(DataWal store, open_store_to_write(session, arguments.store, Create::kNo));
  DATAWAL_TRY_ASSIGN(const Removed removed, store.remove(key));
  DATAWAL_TRY(store.close());
  if (session.json) {
    JsonLine json("delete");
    json.number("txid", removed.txid).boolean("existed", removed.existed).boolean("durable", true);
    session.out.write(json.finish());
  } else {
    session.out.write("delete txid=" + std::to_string(removed.txid) +
                      (removed.existed ? " existed=true\n" : " existed=false\n"));
  }
  return ExitCode::kSuccess;
}

Result<ExitCode> run_rotate(const std::string& path, Session& session) {
  DATAWAL_TRY_ASSIGN(RecordLog log, open_log_to_write(session, path, Create::kNo));
  DATAWAL_TRY(log.rotate());
  const SegmentId active = log.active_segment();
  DATAWAL_TRY(log.close());
  if (session.json) {
    JsonLine json("rotate");
    json.number("segment", std::to_underlying(active)).boolean("durable", true);
    session.out.write(json.finish());
  } else {
    session.out.write("rotate seg=" + segment_text(active) + "\n");
  }
  return ExitCode::kSuccess;
}

void add_put(CommandLine& line) {
  const auto arguments = std::make_shared<PutArguments>();
  CLI::App& put = line.add(
      {.name = "put",
       .group = kChangeGroup,
       .summary = "Store a value under a key",
       .examples = "  datawal put state --key cursor 42\n"
                   "  datawal put state --key photo --value-file photo.jpg\n"
                   "  date | datawal put state --key-hex 00ff -\n"
                   "  datawal put state --key number -- -5\n",
       .details = "Makes the store if it is missing. The value is durable when the command exits "
                  "with 0."},
      [arguments](Session& session) { return run_put(*arguments, session); });
  add_store(put, arguments->store);
  add_text(put, {.names = "VALUE", .description = "The value; - reads standard input"},
           arguments->value.argument);
  add_key_options(put, arguments->key);
  add_text(put,
           {.names = "--value-file", .description = "Read the value from a file", .value = "FILE"},
           arguments->value.file);
}

void add_delete(CommandLine& line) {
  const auto arguments = std::make_shared<DeleteArguments>();
  CLI::App& remove = line.add(
      {.name = "delete",
       .group = kChangeGroup,
       .summary = "Delete a key",
       .examples = "  datawal delete state --key cursor\n"
                   "  datawal delete --json state --key-base64 AP8=\n",
       .details = "Writes a tombstone, also for a key that is not there, and tells which it was.\n"
                  "It is durable when the command exits with 0."},
      [arguments](Session& session) { return run_delete(*arguments, session); });
  add_store(remove, arguments->store);
  add_key_options(remove, arguments->key);
}

void add_rotate(CommandLine& line) {
  const auto store = std::make_shared<std::string>();
  CLI::App& rotate =
      line.add({.name = "rotate",
                .group = kChangeGroup,
                .summary = "Close the active segment and begin the next",
                .examples = "  datawal rotate state\n",
                .details = "A closed segment never changes again and can be copied away as it is."},
               [store](Session& session) { return run_rotate(*store, session); });
  add_store(rotate, *store);
}

}  // namespace

void add_write_commands(CommandLine& line) {
  add_put(line);
  add_delete(line);
  add_rotate(line);
}

}  // namespace datawal::cli
