// segments: one line for each file of the log.
#include <memory>
#include <optional>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/json_line.h"
#include "tools/progress.h"
#include "tools/records.h"
#include "tools/render.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

void print_json(Session& session, const SegmentSummary& segment) {
  JsonLine json("segment");
  json.number("segment", std::to_underlying(segment.id))
      .number("size", segment.size)
      .number("raw_records", segment.raw_records)
      .number("put_records", segment.put_records)
      .number("delete_records", segment.delete_records)
      .number("first_txid", segment.first_txid)
      .number("last_txid", segment.last_txid)
      .number("damages", segment.damages);
  session.out.write(json.finish());
}

void print_header(Session& session) {
  session.out.write(
      " segment         size        raw        put     delete first_txid  last_txid damages\n");
}

void print_row(Session& session, const SegmentSummary& segment) {
  std::string line = segment_text(segment.id);
  const auto add = [&line](std::uint64_t number, std::size_t width) {
    line += ' ';
    append_padded(line, number, width);
  };
  add(segment.size, 12);
  add(segment.raw_records, 10);
  add(segment.put_records, 10);
  add(segment.delete_records, 10);
  add(segment.first_txid, 10);
  add(segment.last_txid, 10);
  add(segment.damages, 7);
  session.out.write(line + "\n");
}

Result<ExitCode> run_segments(const std::string& store, Session& session) {
  std::optional<Progress> progress(std::in_place, session, "segments", log_size(store));
  Result<VerifyReport> report = verify(store, {}, VerifyScope::kLog);
  progress.reset();
  if (!report) return in_context("open record log " + store, std::move(report).error());
  if (!session.json) print_header(session);
  for (const SegmentSummary& segment : report->segments) {
    session.json ? print_json(session, segment) : print_row(session, segment);
  }
  if (!report->refusal) return judge_tail(session, store, report->tail);
  session.diagnostics.error("segments: " + report->refusal->to_string());
  return exit_code_of(report->refusal->code);
}

}  // namespace

void add_segments_command(CommandLine& line) {
  const auto store = std::make_shared<std::string>();
  CLI::App& segments =
      line.add({.name = "segments",
                .group = kLookGroup,
                .summary = "List the segments with their sizes, records and txids",
                .examples = "  datawal segments state\n"
                            "  datawal segments --json state | jq .size\n",
                .details = "Reads and checks every byte; the exit code is verify's of the log."},
               [store](Session& session) { return run_segments(*store, session); });
  add_store(segments, *store);
}

}  // namespace datawal::cli
