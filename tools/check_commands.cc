// report, verify and check: is the store sound?
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/base64.h"
#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/json_line.h"
#include "tools/progress.h"
#include "tools/render.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kReportWidth = 21;
constexpr std::size_t kCheckWidth = 22;

void print_report(Session& session, const RecoveryReport& report) {
  if (session.json) {
    JsonLine json("report");
    json.number("files_scanned", report.files_scanned)
        .number("records_replayed", report.records_replayed)
        .number("tail_truncated", report.tail_truncated)
        .number("tail_bytes_discarded", report.tail_bytes_discarded)
        .number("mid_stream_errors", report.mid_stream_errors)
        .number("unsupported_versions", report.unsupported_versions)
        .number("last_txid_seen", report.last_txid_seen);
    return session.out.write(json.finish());
  }
  std::string text;
  append_labelled(text, "schema", kReportWidth, kSchema);
  append_labelled(text, "files_scanned", kReportWidth, report.files_scanned);
  append_labelled(text, "records_replayed", kReportWidth, report.records_replayed);
  append_labelled(text, "tail_truncated", kReportWidth, report.tail_truncated);
  append_labelled(text, "tail_bytes_discarded", kReportWidth, report.tail_bytes_discarded);
  append_labelled(text, "mid_stream_errors", kReportWidth, report.mid_stream_errors);
  append_labelled(text, "unsupported_versions", kReportWidth, report.unsupported_versions);
  append_labelled(text, "last_txid_seen", kReportWidth, report.last_txid_seen);
  session.out.write(text);
}

Result<ExitCode> run_report(const std::string& store, Session& session) {
  DATAWAL_TRY_ASSIGN(const RecordLogReader reader, open_reader(store));
  RecordCursor cursor = reader.scan();
  {
    const Progress progress(session, "report", log_size(store));
    while (true) {
      const Result<std::optional<ScannedRecord>> record = cursor.next();
      if (!record) return in_context("report: mid-stream error", record.error());
      if (!*record) break;
    }
  }
  RecoveryReport report = cursor.report();
  const ExitCode code = judge_recovery(session, store, report);
  print_report(session, report);
  return code;
}

// What verify() found, in the terms of the output.
struct Verdict {
  std::uint64_t failures = 0;  // places where no record decodes, a torn tail left out
  std::uint64_t tail_truncated = 0;
  std::uint64_t tail_size = 0;
  ExitCode code = ExitCode::kSuccess;
};

bool disagrees(const SidecarReport& sidecar) {
  return sidecar.state == SidecarState::kDisagrees;
}

Verdict judge(Session& session, const std::string& store, VerifyReport& report) {
  Verdict verdict;
  const std::uint64_t tail_damages = static_cast<std::uint64_t>(
      std::ranges::count_if(report.damages, [](const Damage& each) { return each.torn_tail; }));
  verdict.failures = report.damage_count - tail_damages;
  if (report.refusal) {
    verdict.code = exit_code_of(report.refusal->code);
  } else {
    verdict.code = judge_tail(session, store, report.tail);
  }
  if (verdict.code == ExitCode::kTailDamage) {
    verdict.tail_truncated = 1;
    verdict.tail_size = report.tail.size;
  }
  if (std::ranges::any_of(report.sidecars, disagrees)) {
    verdict.code = graver(verdict.code, ExitCode::kCorruption);
  }
  return verdict;
}

void tell_failures(Session& session, const VerifyReport& report) {
  for (const Damage& damage : report.damages) {
    if (damage.torn_tail) continue;
    session.diagnostics.note("verify: CRC / decode failure: " + damage.error.to_string() + "; " +
                             std::to_string(damage.size) + " bytes, then " +
                             std::to_string(damage.intact_frames_beyond) + " intact records");
  }
  if (report.damage_count > report.damages.size()) {
    session.diagnostics.note(
        "verify: " + std::to_string(report.damage_count - report.damages.size()) +
        " more failures are not listed");
  }
  if (report.txid_gaps > 0) {
    std::string place;
    if (report.first_txid_gap) {
      place = ", the first at segment " +
              std::to_string(std::to_underlying(report.first_txid_gap->segment)) + ", offset " +
              std::to_string(report.first_txid_gap->offset);
    }
    session.diagnostics.warning("verify: at " + std::to_string(report.txid_gaps) +
                                " places a txid does not follow the one before it" + place +
                                "; records, or whole segments, may be missing there");
  }
  if (report.refusal) session.diagnostics.error("verify: " + report.refusal->to_string());
}

void print_sidecar(Session& session, const SidecarReport& sidecar) {
  const Error& error = *sidecar.error;
  std::optional<std::uint64_t> segment;
  if (error.segment) segment = std::to_underlying(*error.segment);
  JsonLine json("sidecar");
  json.text("name", sidecar.name)
      .number("disagreements", sidecar.disagreements)
      .number("segment", segment)
      .number("offset", error.offset)
      .text("error", error.message);
  session.out.write(json.finish());
}

// Of those that opening would go by; what it passes over is of no consequence.
void tell_sidecars(Session& session, const VerifyReport& report) {
  for (const SidecarReport& sidecar : report.sidecars) {
    if (sidecar.state == SidecarState::kUnchecked) {
      session.diagnostics.warning(
          "verify: '" + sidecar.name +
          "' has not been held against the log: " + sidecar.error->to_string());
    }
    if (!disagrees(sidecar)) continue;
    session.diagnostics.error("verify: '" + sidecar.name + "' disagrees with the log in " +
                              std::to_string(sidecar.disagreements) +
                              " places, the first: " + sidecar.error->to_string());
    if (session.json) print_sidecar(session, sidecar);
  }
}

// The log is read, and what a saved index covers twice more.
std::uint64_t size_to_verify(const std::string& store) {
  std::error_code unknown;
  const bool has_index =
      std::filesystem::exists(std::filesystem::path(store) / "keydir.ckpt", unknown);
  return (has_index ? 3 : 1) * log_size(store);
}

void print_verdict(Session& session, const VerifyReport& report, const Verdict& verdict) {
  if (session.json) {
    JsonLine json("verify");
    json.number("frames_checked", report.frames_checked)
        .number("crc_failures", verdict.failures)
        .number("tail_truncated", verdict.tail_truncated)
        .number("tail_bytes_discarded", verdict.tail_size)
        .number("last_segment", std::to_underlying(report.last_frame.segment))
        .number("last_offset", report.last_frame.offset);
    return session.out.write(json.finish());
  }
  std::string text;
  append_labelled(text, "schema", kReportWidth, kSchema);
  append_labelled(text, "frames_checked", kReportWidth, report.frames_checked);
  append_labelled(text, "crc_failures", kReportWidth, verdict.failures);
  append_labelled(text, "tail_truncated", kReportWidth, verdict.tail_truncated);
  append_labelled(text, "tail_bytes_discarded", kReportWidth, verdict.tail_size);
  append_labelled(text, "last_segment", kReportWidth,
                  std::to_underlying(report.last_frame.segment));
  append_labelled(text, "last_offset", kReportWidth, report.last_frame.offset);
  session.out.write(text);
}

Result<ExitCode> run_verify(const std::string& store, Session& session) {
  std::optional<Progress> progress(std::in_place, session, "verify", size_to_verify(store));
  Result<VerifyReport> report = verify(store);
  progress.reset();
  if (!report) return in_context("open record log " + store, std::move(report).error());
  const Verdict verdict = judge(session, store, *report);
  tell_failures(session, *report);
  tell_sidecars(session, *report);
  print_verdict(session, *report, verdict);
  return verdict.code;
}

void print_check(Session& session, std::uint64_t keys_checked, const RecoveryReport& report) {
  if (session.json) {
    JsonLine json("check");
    json.number("keys_checked", keys_checked)
        .number("tail_truncated", report.tail_truncated)
        .number("tail_bytes_discarded", report.tail_bytes_discarded)
        .number("mid_stream_errors", report.mid_stream_errors)
        .number("unsupported_versions", report.unsupported_versions);
    return session.out.write(json.finish());
  }
  std::string text;
  append_labelled(text, "schema", kCheckWidth, kSchema);
  append_labelled(text, "kind", kCheckWidth, "check");
  append_labelled(text, "keys_checked", kCheckWidth, keys_checked);
  append_labelled(text, "tail_truncated", kCheckWidth, report.tail_truncated);
  append_labelled(text, "tail_bytes_discarded", kCheckWidth, report.tail_bytes_discarded);
  append_labelled(text, "mid_stream_errors", kCheckWidth, report.mid_stream_errors);
  append_labelled(text, "unsupported_versions", kCheckWidth, report.unsupported_versions);
  session.out.write(text);
}

// Gets one key as a reader would, and tells what is wrong with it.
ExitCode check_key(Session& session, const DataWal& store, ByteView key) {
  const Result<std::optional<Value>> value = store.get(key);
  if (!value) {
    session.diagnostics.note("check: get failed: " + value.error().to_string());
    return exit_code_of(value.error().code);
  }
  if (*value) return ExitCode::kSuccess;
  session.diagnostics.note("check: key reported by keys() is missing on get: b64:" +
                           base64_encode(key));
  return ExitCode::kCorruption;
}

Result<ExitCode> run_check(const std::string& path, Session& session) {
  // The log is read to build the index, to list the keys, and for their values.
  std::optional<Progress> progress(std::in_place, session, "check", 3 * log_size(path));
  DATAWAL_TRY_ASSIGN(const DataWal store, open_store_to_read(path));
  ItemCursor keys = store.keys();
  std::uint64_t keys_checked = 0;
  ExitCode worst = ExitCode::kSuccess;
  while (true) {
    const Result<std::optional<Item>> item = keys.next();
    if (!item) return in_context("check: mid-stream error", item.error());
    if (!*item) break;
    worst = graver(worst, check_key(session, store, (*item)->key));
    ++keys_checked;
  }
  progress.reset();
  RecoveryReport report = store.recovery_report();
  worst = graver(worst, judge_recovery(session, path, report));
  print_check(session, keys_checked, report);
  return worst;
}

using RunCheck = Result<ExitCode> (*)(const std::string&, Session&);

void add_check(CommandLine& line, const CommandText& text, RunCheck run) {
  const auto store = std::make_shared<std::string>();
  CLI::App& command =
      line.add(text, [store, run](Session& session) { return run(*store, session); });
  add_store(command, *store);
}

}  // namespace

void add_check_commands(CommandLine& line) {
  add_check(line,
            {.name = "report",
             .group = kMendGroup,
             .summary = "Read the log as opening it would, and print what recovery finds",
             .examples = "  datawal report state\n"
                         "  datawal report --json state | jq .tail_truncated\n",
             .details = "Changes nothing. Exits with 3 if the tail is torn."},
            run_report);
  add_check(
      line,
      {.name = "verify",
       .group = kMendGroup,
       .summary = "Check every byte of the log, and what is saved beside it against it",
       .examples = "  datawal verify state\n"
                   "  datawal verify --json state\n",
       .details =
           "Goes on behind damage and lists every place on standard error; crc_failures\n"
           "counts them, a torn tail apart. Then the saved index and the hints of segments are\n"
           "held against the log: each that says something else is named, with the remedy. Exits\n"
           "with 3 if only the tail is torn, with 4 if acknowledged records are damaged or\n"
           "missing, or would be hidden by such a file. Changes nothing."},
      run_verify);
  add_check(
      line,
      {.name = "check",
       .group = kMendGroup,
       .summary = "Get every live key, and check what comes back",
       .examples = "  datawal check state\n"
                   "  datawal check --json state\n",
       .details = "Changes nothing. Exits with 3 if the tail is torn, with 4 if a value cannot "
                  "be had."},
      run_check);
}

}  // namespace datawal::cli
