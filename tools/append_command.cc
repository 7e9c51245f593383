// append: Raw records, from arguments, a file or standard input.
#include <memory>
#include <ranges>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/input.h"
#include "tools/json_line.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

struct AppendArguments {
  std::string store;
  std::vector<std::string> values;
  std::optional<std::string> file;
  bool lines = false;
};

struct AppendedRange {
  std::uint64_t count = 0;
  Txid first = 0;
  Txid last = 0;
};

Status append_one(RecordLog& log, ByteView payload, AppendedRange& range) {
  DATAWAL_TRY_ASSIGN(const Appended appended, log.append(payload));
  if (range.count++ == 0) range.first = appended.txid;
  range.last = appended.txid;
  return {};
}

// The file or standard input that the records come from, or nullopt if they are arguments.
Result<std::optional<std::string>> input_path(const AppendArguments& arguments) {
  const bool is_standard_input = arguments.values.size() == 1 && arguments.values.front() == "-";
  if (arguments.values.empty() != arguments.file.has_value()) {
    return std::unexpected(
        Error{.code = ErrorCode::kInvalidArgument,
              .message = "pass the records as arguments, as - for standard input, or with "
                         "--value-file"});
  }
  if (arguments.file) return arguments.file;
  if (is_standard_input) return "-";
  if (std::ranges::find(arguments.values, "-") != arguments.values.end()) {
    return std::unexpected(Error{.code = ErrorCode::kInvalidArgument,
                                 .message = "- for standard input must be the only value"});
  }
  if (!arguments.lines) return std::nullopt;
  return std::unexpected(
      Error{.code = ErrorCode::kInvalidArgument, .message = "--lines needs - or --value-file"});
}

Status append_lines(RecordLog& log, InputFile& input, AppendedRange& range) {
  LineReader lines(input, kPayloadSizeMax);
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<std::string_view> line, lines.next());
    if (!line) return {};
    DATAWAL_TRY(append_one(log, as_bytes(*line), range));
  }
}

// Reads before it opens where it can, so that nobody waits for the lock while a person types.
Status append_all(const AppendArguments& arguments, Session& session,
                  std::optional<InputFile> input, AppendedRange& range) {
  std::vector<Bytes> payloads;
  if (!input) {
    for (const std::string& value : arguments.values) payloads.push_back(to_bytes(as_bytes(value)));
  } else if (!arguments.lines) {
    DATAWAL_TRY_ASSIGN(payloads.emplace_back(), read_all(*input, kPayloadSizeMax));
  }
  DATAWAL_TRY_ASSIGN(RecordLog log, open_log_to_write(session, arguments.store, Create::kYes));
  Status appended = {};
  for (const Bytes& payload : payloads) {
    if (appended) appended = append_one(log, payload, range);
  }
  if (arguments.lines) appended = append_lines(log, *input, range);
  // What was appended before a failure is made durable too, and told.
  const Status closed = log.close();
  if (!closed) range = {};
  return appended ? closed : appended;
}

void print_range(Session& session, const AppendedRange& range) {
  if (session.json) {
    JsonLine json("append");
    json.number("records", range.count)
        .number("first_txid", range.first)
        .number("last_txid", range.last)
        .boolean("durable", true);
    return session.out.write(json.finish());
  }
  session.out.write("append records=" + std::to_string(range.count) +
                    " first_txid=" + std::to_string(range.first) +
                    " last_txid=" + std::to_string(range.last) + "\n");
}

Result<ExitCode> run_append(const AppendArguments& arguments, Session& session) {
  DATAWAL_TRY_ASSIGN(const std::optional<std::string> path, input_path(arguments));
  std::optional<InputFile> input;
  if (path) {
    DATAWAL_TRY_ASSIGN(InputFile opened, InputFile::open(*path));
    input.emplace(std::move(opened));
  }
  AppendedRange range;
  const Status appended = append_all(arguments, session, std::move(input), range);
  if (appended || range.count > 0) print_range(session, range);
  DATAWAL_TRY(appended);
  return ExitCode::kSuccess;
}

}  // namespace

void add_append_command(CommandLine& line) {
  const auto arguments = std::make_shared<AppendArguments>();
  CLI::App& append = line.add(
      {.name = "append",
       .group = kChangeGroup,
       .summary = "Append records without a key",
       .examples = "  datawal append events 'something happened' 'and something else'\n"
                   "  curl -s https://example.org | datawal append events -\n"
                   "  datawal append events --lines - < access.log\n"
                   "  datawal append events --value-file picture.png\n",
       .details =
           "Each argument, the whole input, or with --lines each line of it, is one record. Makes\n"
           "the store if it is missing. The records are durable when the command exits with 0. If\n"
           "a later one fails, those before it are durable too, and are told of all the same."},
      [arguments](Session& session) { return run_append(*arguments, session); });
  add_store(append, arguments->store);
  add_texts(append, {.names = "VALUE", .description = "Records; - alone reads standard input"},
            arguments->values);
  add_text(append, {.names = "--value-file", .description = "Read from a file", .value = "FILE"},
           arguments->file);
  add_flag(append, {.names = "--lines", .description = "Make each line of the input a record"},
           arguments->lines);
}

}  // namespace datawal::cli
