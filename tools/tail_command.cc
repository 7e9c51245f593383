// tail: the newest records, and those still to come.
#include <chrono>
#include <deque>
#include <memory>
#include <ranges>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/records.h"
#include "tools/signals.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::uint64_t kCountDefault = 10;
// How long a signal or a closed pipe may go unnoticed.
constexpr std::chrono::milliseconds kSlice(200);

struct TailArguments {
  std::string store;
  bool follow = false;
  std::optional<std::uint64_t> count;
  std::optional<std::uint64_t> from_txid;
  BytesArguments bytes;
};

// The places of the last `count` records of `segment`, or of all it has.
Result<std::deque<Position>> last_places(const RecordLogReader& reader, SegmentId segment,
                                         std::uint64_t count) {
  std::deque<Position> places;
  RecordCursor cursor = reader.scan_from({.segment = segment, .offset = 0});
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, cursor.next());
    if (!record || record->ref.segment != segment) return places;
    places.push_back(record->ref.position());
    if (places.size() > count) places.pop_front();
  }
}

// Where the last `count` records begin, looking at no more segments than it takes.
Result<Position> find_start(const RecordLogReader& reader, std::uint64_t count) {
  Position start = {};
  for (const SegmentId segment : reader.segments() | std::views::reverse) {
    DATAWAL_TRY_ASSIGN(const std::deque<Position> places, last_places(reader, segment, count));
    count -= places.size();
    start = places.empty() ? Position{.segment = segment, .offset = 0} : places.front();
    if (count == 0) break;
  }
  return start;
}

Result<ExitCode> follow(Follower follower, RecordPrinter& printer, Session& session) {
  catch_stop_signals();
  std::chrono::milliseconds timeout(0);
  while (session.out.usable() && !stop_was_requested()) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, follower.next(timeout));
    if (record) {
      printer.print(*record);
      timeout = std::chrono::milliseconds(0);
      continue;
    }
    // Nothing more at this moment: what has been read must not wait for what has not been written.
    session.out.flush();
    if (session.out.reader_gone()) break;
    timeout = kSlice;
  }
  return ExitCode::kSuccess;
}

// Prints what there is and gives the txid to go on from.
Result<Txid> print_newest(const RecordLogReader& reader, std::uint64_t count,
                          RecordPrinter& printer, Session& session, RecoveryReport& report) {
  DATAWAL_TRY_ASSIGN(const Position start, find_start(reader, count));
  RecordCursor cursor = reader.scan_from(start);
  Txid next = 0;
  while (session.out.usable()) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, cursor.next());
    if (!record) break;
    printer.print(*record);
    next = record->txid + 1;
  }
  report = cursor.report();
  return next;
}

Result<ExitCode> run_from_txid(const TailArguments& arguments, const RecordLogReader& reader,
                               RecordPrinter& printer, Session& session) {
  // The follower says what is not there any more, and what is not there yet.
  DATAWAL_TRY_ASSIGN(Follower follower, reader.follow(*arguments.from_txid));
  if (arguments.follow) return follow(std::move(follower), printer, session);
  RecordCursor cursor = reader.scan_from_txid(*arguments.from_txid);
  while (session.out.usable()) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, cursor.next());
    if (!record) break;
    printer.print(*record);
  }
  RecoveryReport report = cursor.report();
  return judge_recovery(session, arguments.store, report);
}

Result<ExitCode> run_tail(const TailArguments& arguments, Session& session) {
  DATAWAL_TRY_ASSIGN(const RecordLogReader reader, open_reader(arguments.store));
  RecordPrinter printer(session, arguments.bytes.style());
  if (arguments.from_txid) return run_from_txid(arguments, reader, printer, session);
  const std::uint64_t count = arguments.count.value_or(kCountDefault);
  if (count == 0) {
    if (!arguments.follow) return ExitCode::kSuccess;
    DATAWAL_TRY_ASSIGN(Follower follower, reader.follow_from_end());
    return follow(std::move(follower), printer, session);
  }
  RecoveryReport report;
  DATAWAL_TRY_ASSIGN(const Txid next, print_newest(reader, count, printer, session, report));
  if (!arguments.follow) return judge_recovery(session, arguments.store, report);
  DATAWAL_TRY_ASSIGN(Follower follower, reader.follow(next));
  return follow(std::move(follower), printer, session);
}

}  // namespace

void add_tail_command(CommandLine& line) {
  const auto arguments = std::make_shared<TailArguments>();
  CLI::App& tail = line.add(
      {.name = "tail",
       .group = kLookGroup,
       .summary = "Print the newest records, and with -f those still to come",
       .examples = "  datawal tail state\n"
                   "  datawal tail -n 100 state\n"
                   "  datawal tail -f --json state\n"
                   "  datawal tail -f --from-txid 1234 state\n",
       .details =
           "Takes no lock; follows the log across segments until interrupted, which exits with 0.\n"
           "Every record is passed on as soon as nothing more is there to be read. Exits with 1\n"
           "if the txid asked for, or a record not yet printed, is no longer in the log."},
      [arguments](Session& session) { return run_tail(*arguments, session); });
  add_store(tail, arguments->store);
  add_flag(tail, {.names = "-f,--follow", .description = "Wait for new records and print them too"},
           arguments->follow);
  CLI::Option* const count =
      add_number(tail,
                 {.names = "-n",
                  .description = "Begin with this many of the newest records (default " +
                                 std::to_string(kCountDefault) + ")"},
                 arguments->count);
  CLI::Option* const from_txid = add_number(
      tail, {.names = "--from-txid", .description = "Begin with this record; 0 is the oldest"},
      arguments->from_txid);
  refuse_with(from_txid, count);
  add_bytes_options(tail, arguments->bytes);
}

}  // namespace datawal::cli
