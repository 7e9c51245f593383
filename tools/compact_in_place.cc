#include "tools/compact_in_place.h"

#include <optional>
#include <utility>

#include "base/try.h"
#include "tools/json_line.h"
#include "tools/progress.h"
#include "tools/render.h"
#include "tools/signals.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kWidth = 20;

std::string json_text(const CompactionReport& report, const SpaceUse& after) {
  JsonLine json("compact_in_place");
  json.number("segments_rewritten", report.segments_rewritten)
      .number("segments_removed", report.segments_removed)
      .number("bytes_before", report.bytes_before)
      .number("bytes_after", report.bytes_after)
      .number("bytes_gained", report.bytes_gained())
      .number("records_kept", report.records_kept)
      .number("records_dropped", report.records_dropped)
      .number("log_bytes", after.log_bytes)
      .boolean("stopped", report.stopped);
  return std::string(json.finish());
}

std::string human_text(const CompactionReport& report, const SpaceUse& after) {
  std::string text;
  append_labelled(text, "segments rewritten", kWidth, report.segments_rewritten);
  append_labelled(text, "segments removed", kWidth, report.segments_removed);
  append_labelled(text, "records kept", kWidth, report.records_kept);
  append_labelled(text, "records dropped", kWidth, report.records_dropped);
  append_labelled(text, "gained", kWidth, size_text(report.bytes_gained()));
  append_labelled(text, "log now", kWidth, size_text(after.log_bytes));
  return text;
}

}  // namespace

Result<ExitCode> compact_in_place(Session& session, const std::string& store,
                                  CompactionOptions options) {
  // The log is read to build the index, and what is rewritten once more.
  std::optional<Progress> progress(std::in_place, session, "compact", 2 * log_size(store));
  DATAWAL_TRY_ASSIGN(DataWal opened, open_store_to_write(session, store, Create::kNo));
  const StopOnSignal stop;
  options.stop = stop.token();
  const Result<CompactionReport> report = opened.compact(options);
  progress.reset();
  if (!report) return in_context("compact " + store, report.error());
  const SpaceUse after = opened.space_use();
  DATAWAL_TRY(opened.close());
  session.out.write(session.json ? json_text(*report, after) : human_text(*report, after));
  if (!report->stopped) return ExitCode::kSuccess;
  session.diagnostics.note(
      "stopped before the end; what has been rewritten stays so, and the store is whole");
  return ExitCode::kNegative;
}

}  // namespace datawal::cli
