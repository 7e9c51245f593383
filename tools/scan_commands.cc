// scan and dump: every record, oldest first.
#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/progress.h"
#include "tools/records.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

struct ScanArguments {
  std::string store;
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> from_segment;
  std::optional<std::uint64_t> from_offset;
  BytesArguments bytes;
};

using PrintRecord = void (RecordPrinter::*)(const ScannedRecord&);

// Where to begin reading: whole segments are passed over without a look, offsets are not, for
// nothing says that the one asked for is a frame's.
Result<RecordCursor> begin_scan(const RecordLogReader& reader, const ScanArguments& arguments) {
  if (!arguments.from_segment) return reader.scan();
  const SegmentId from{static_cast<std::uint32_t>(*arguments.from_segment)};
  return reader.scan_from({.segment = from, .offset = 0});
}

bool is_before_start(const ScannedRecord& record, const ScanArguments& arguments) {
  return arguments.from_offset &&
         std::to_underlying(record.ref.segment) == *arguments.from_segment &&
         record.ref.offset < *arguments.from_offset;
}

Result<ExitCode> run_scan(const ScanArguments& arguments, const std::string& name,
                          PrintRecord print, Session& session) {
  DATAWAL_TRY_ASSIGN(const RecordLogReader reader, open_reader(arguments.store));
  DATAWAL_TRY_ASSIGN(RecordCursor cursor, begin_scan(reader, arguments));
  const Progress progress(session, name, log_size(arguments.store), PrintsMeanwhile::kYes);
  RecordPrinter printer(session, arguments.bytes.style());
  std::uint64_t left = arguments.limit.value_or(std::numeric_limits<std::uint64_t>::max());
  while (left > 0 && session.out.usable()) {
    const Result<std::optional<ScannedRecord>> record = cursor.next();
    if (!record) return in_context(name + ": mid-stream error", record.error());
    if (!*record) {
      RecoveryReport report = cursor.report();
      return judge_recovery(session, arguments.store, report);
    }
    if (is_before_start(**record, arguments)) continue;
    (printer.*print)(**record);
    --left;
  }
  return ExitCode::kSuccess;
}

void add_common_options(CLI::App& command, ScanArguments& arguments) {
  add_store(command, arguments.store);
  add_number(command, {.names = "--limit", .description = "Stop after this many records"},
             arguments.limit);
  add_bytes_options(command, arguments.bytes);
}

}  // namespace

void add_scan_commands(CommandLine& line) {
  const auto scan_arguments = std::make_shared<ScanArguments>();
  CLI::App& scan = line.add(
      {.name = "scan",
       .group = kLookGroup,
       .summary = "Print every record of the log, oldest first",
       .examples = "  datawal scan state\n"
                   "  datawal scan state --limit 10 --bytes hex --no-truncate\n"
                   "  datawal scan state --from-segment 3 --from-offset 4096\n"
                   "  datawal scan --json state | jq -r .key_base64\n",
       .details = "Takes no lock. Long fields are cut to 64 bytes and end in \"...\"; JSON has all "
                  "bytes."},
      [scan_arguments](Session& session) {
        return run_scan(*scan_arguments, "scan", &RecordPrinter::print, session);
      });
  add_common_options(scan, *scan_arguments);
  CLI::Option* const from_segment = add_number(
      scan, {.names = "--from-segment", .description = "Pass over the segments before this one"},
      scan_arguments->from_segment, std::numeric_limits<std::uint32_t>::max());
  CLI::Option* const from_offset =
      add_number(scan,
                 {.names = "--from-offset",
                  .description = "Pass over the records of that segment before this offset"},
                 scan_arguments->from_offset);
  require_with(from_offset, from_segment);

  const auto dump_arguments = std::make_shared<ScanArguments>();
  CLI::App& dump =
      line.add({.name = "dump",
                .group = kLookGroup,
                .summary = "Print every record without its payload",
                .examples = "  datawal dump state\n"
                            "  datawal dump --json state --limit 100\n",
                .details = "As scan, with the sizes of key and payload in place of the payload."},
               [dump_arguments](Session& session) {
                 return run_scan(*dump_arguments, "dump", &RecordPrinter::print_frame, session);
               });
  add_common_options(dump, *dump_arguments);
}

}  // namespace datawal::cli
