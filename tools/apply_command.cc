// apply: many operations in one process, each acknowledged once it is durable.
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/try.h"
#include "tools/apply_operation.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/input.h"
#include "tools/json_line.h"
#include "tools/operation_batch.h"
#include "tools/progress.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

// Every byte of the largest record as an escape of six characters, and room for the rest.
constexpr std::size_t kLineSizeMax = 6 * (kKeySizeMax + kPayloadSizeMax) + 4096;
// Acknowledgements kept back for longer than this are worth a sync, whatever was asked for.
constexpr std::size_t kWithheldSizeMax = std::size_t{16} << 20;

struct ApplyArguments {
  std::string store;
  std::string sync = "always";
  bool atomic = false;
};

struct SyncPolicy {
  std::uint64_t operations_max = 1;  // between two syncs; 0: no bound
  bool when_idle = true;             // sync also when the input has nothing more for now
};

Result<SyncPolicy> parse_sync_policy(std::string_view text) {
  constexpr std::string_view kBatch = "batch=";
  if (text == "always") return SyncPolicy{};
  if (text == "end") return SyncPolicy{.operations_max = 0, .when_idle = false};
  if (text.starts_with(kBatch)) {
    const std::optional<std::uint64_t> size = parse_number(text.substr(kBatch.size()));
    if (size && *size > 0) return SyncPolicy{.operations_max = *size};
  }
  return std::unexpected(Error{.code = ErrorCode::kInvalidArgument,
                               .message = "invalid --sync '" + std::string(text) +
                                          "': it is always, batch=N with N of at least 1, or end"});
}

class Applier {
 public:
  Applier(RecordLog log, SyncPolicy policy, Output& out)
      : log_(std::move(log)), policy_(policy), out_(out) {}

  // Applies one line and acknowledges it now or later.
  [[nodiscard]] Status apply(std::string_view line, std::uint64_t line_number);
  // To be called when the input has nothing more for now.
  [[nodiscard]] Status idle();
  // Makes everything applied so far durable and acknowledges it.
  [[nodiscard]] Status settle();
  // The same, and closes the log.
  [[nodiscard]] Status close();

 private:
  [[nodiscard]] Status append(RecordType type, const Operation& operation, JsonLine& answer);
  [[nodiscard]] Status perform(const Operation& operation, JsonLine& answer);
  [[nodiscard]] Status acknowledge();

  RecordLog log_;
  SyncPolicy policy_;
  Output& out_;
  std::string withheld_;  // acknowledgements of operations that are not durable yet
  std::uint64_t withheld_count_ = 0;
};

Status Applier::apply(std::string_view line, std::uint64_t line_number) {
  DATAWAL_TRY_ASSIGN(const Operation operation, parse_operation(line));
  JsonLine answer;
  answer.text("op", operation_name(operation.kind)).number("line", line_number);
  DATAWAL_TRY(perform(operation, answer));
  withheld_ += answer.boolean("durable", true).finish();
  ++withheld_count_;
  const bool is_full =
      withheld_count_ == policy_.operations_max || withheld_.size() >= kWithheldSizeMax;
  return is_full || operation.kind == OperationKind::kSync ? settle() : Status();
}

Status Applier::perform(const Operation& operation, JsonLine& answer) {
  switch (operation.kind) {
    case OperationKind::kPut:
      return append(RecordType::kPut, operation, answer);
    case OperationKind::kDelete:
      return append(RecordType::kDelete, operation, answer);
    case OperationKind::kAppend:
      return append(RecordType::kRaw, operation, answer);
    case OperationKind::kSync:
      answer.number("txid", log_.last_txid());
      return {};
    case OperationKind::kRotate:
      DATAWAL_TRY(log_.rotate());
      answer.number("txid", log_.last_txid());
      answer.number("segment", std::to_underlying(log_.active_segment()));
      return {};
  }
  std::unreachable();
}

Status Applier::append(RecordType type, const Operation& operation, JsonLine& answer) {
  DATAWAL_TRY_ASSIGN(const Appended appended,
                     log_.append_record(type, operation.key, operation.value));
  answer.number("txid", appended.txid)
      .number("segment", std::to_underlying(appended.ref.segment))
      .number("offset", appended.ref.offset)
      .number("len", appended.ref.size);
  return {};
}

Status Applier::idle() {
  return policy_.when_idle ? settle() : Status();
}

Status Applier::settle() {
  if (withheld_count_ == 0) return {};
  DATAWAL_TRY(log_.sync());
  return acknowledge();
}

Status Applier::close() {
  DATAWAL_TRY(log_.close());
  return acknowledge();
}

Status write_acknowledgements(Output& out, const std::string& text) {
  out.write(text);
  out.flush();
  if (out.usable()) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kIo,
            .message = "the acknowledgements cannot be written; nothing more is applied"});
}

Status Applier::acknowledge() {
  const std::string acknowledged = std::exchange(withheld_, {});
  withheld_count_ = 0;
  return write_acknowledgements(out_, acknowledged);
}

// Calls apply(line, line_number) for each line that is not blank, and idle() before a wait.
template <typename Apply, typename Idle>
Status for_each_operation(LineReader& lines, std::atomic<std::uint64_t>& bytes_done,
                          const Apply& apply, const Idle& idle) {
  while (true) {
    if (lines.would_wait()) DATAWAL_TRY(idle());
    DATAWAL_TRY_ASSIGN(const std::optional<std::string_view> line, lines.next());
    if (!line) return {};
    bytes_done += line->size() + 1;
    if (line->find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Status applied = apply(*line, lines.line_number());
    if (!applied) {
      return in_context("line " + std::to_string(lines.line_number()), applied.error());
    }
  }
}

Status apply_lines(Applier& applier, LineReader& lines, std::atomic<std::uint64_t>& bytes_done) {
  return for_each_operation(
      lines, bytes_done,
      [&](std::string_view line, std::uint64_t number) { return applier.apply(line, number); },
      [&] { return applier.idle(); });
}

// All of the input as one batch. The store is not even made before all of it has been read.
Result<ExitCode> run_atomically(const ApplyArguments& arguments, Session& session) {
  DATAWAL_TRY_ASSIGN(InputFile input, InputFile::open("-"));
  LineReader lines(input, kLineSizeMax);
  std::atomic<std::uint64_t> bytes_done = 0;
  const Progress progress(session, "apply", input.size().value_or(0), PrintsMeanwhile::kNo,
                          [&bytes_done] { return bytes_done.load(); });
  OperationBatch operations;
  const auto add = [&](std::string_view line, std::uint64_t number) -> Status {
    DATAWAL_TRY_ASSIGN(const Operation operation, parse_operation(line));
    return operations.add(operation, number);
  };
  DATAWAL_TRY(for_each_operation(lines, bytes_done, add, [] { return Status(); }));
  DATAWAL_TRY_ASSIGN(RecordLog log, open_log_to_write(session, arguments.store, Create::kYes));
  DATAWAL_TRY_ASSIGN(const AppendedBatch appended, log.append_batch(operations.batch()));
  DATAWAL_TRY(log.close());
  DATAWAL_TRY(write_acknowledgements(session.out, operations.acknowledgements(appended)));
  return ExitCode::kSuccess;
}

Result<ExitCode> run_apply(const ApplyArguments& arguments, Session& session) {
  DATAWAL_TRY_ASSIGN(const SyncPolicy policy, parse_sync_policy(arguments.sync));
  if (arguments.atomic) return run_atomically(arguments, session);
  DATAWAL_TRY_ASSIGN(InputFile input, InputFile::open("-"));
  DATAWAL_TRY_ASSIGN(RecordLog log, open_log_to_write(session, arguments.store, Create::kYes));
  Applier applier(std::move(log), policy, session.out);
  LineReader lines(input, kLineSizeMax);
  std::atomic<std::uint64_t> bytes_done = 0;
  const Progress progress(session, "apply", input.size().value_or(0), PrintsMeanwhile::kYes,
                          [&bytes_done] { return bytes_done.load(); });
  const Status applied = apply_lines(applier, lines, bytes_done);
  // What was applied before a failure counts, if it can be made durable. The failure is what is
  // told: the log's own is the same or its consequence.
  const Status closed = applier.close();
  DATAWAL_TRY(applied);
  DATAWAL_TRY(closed);
  return ExitCode::kSuccess;
}

}  // namespace

void add_apply_command(CommandLine& line) {
  const auto arguments = std::make_shared<ApplyArguments>();
  CLI::App& apply = line.add(
      {.name = "apply",
       .group = kChangeGroup,
       .summary = "Apply operations from standard input, acknowledging each once it is durable",
       .examples = "  datawal apply state < operations.ndjson > acknowledgements.ndjson\n"
                   "  datawal apply --sync batch=1000 state < operations.ndjson\n"
                   "  datawal apply --atomic state < operations.ndjson\n"
                   "  echo '{\"op\":\"put\",\"key\":\"cursor\",\"value\":\"42\"}' | datawal apply "
                   "state\n",
       .details =
           "Operations are JSON objects, one a line, with the fields \"op\" (put, delete, append,\n"
           "sync or rotate), \"key\" or \"key_b64\", and \"value\" or \"value_b64\". Each gets "
           "one\n"
           "line in the same order, with the line's number and the record's txid, once it is\n"
           "durable: --sync always syncs after each, batch=N after N and whenever the input\n"
           "pauses, end at the end of the input. At a wrong line everything before it is made\n"
           "durable and acknowledged, and the command exits with 2. With --atomic all operations\n"
           "are applied and acknowledged at the end of the input, or none of them is."},
      [arguments](Session& session) { return run_apply(*arguments, session); });
  add_store(apply, arguments->store);
  add_text(apply,
           {.names = "--sync",
            .description = "When to make operations durable (default always)",
            .value = "always|batch=N|end"},
           arguments->sync);
  add_flag(apply,
           {.names = "--atomic", .description = "Apply all operations together, or none of them"},
           arguments->atomic);
}

}  // namespace datawal::cli
