#include "tools/store_access.h"

#include <filesystem>
#include <utility>

#include "tools/lock_state.h"

namespace datawal::cli {
namespace {

// The command shares its stores with whatever else looks at them, also while it runs and after it
// has been killed: no reserved space for a version-1 reader to stumble over.
Options write_options(Create create) {
  return {.reserve_space = false, .create_if_missing = create == Create::kYes};
}

std::string place_text(const TailReport& tail) {
  return std::to_string(tail.size) + " bytes at segment " +
         std::to_string(std::to_underlying(tail.position.segment)) + ", offset " +
         std::to_string(tail.position.offset);
}

void tell_recovery(Session& session, const TailReport& tail) {
  if (tail.kind != TailKind::kIncomplete && tail.kind != TailKind::kDamaged) return;
  if (tail.deferred) {
    session.diagnostics.warning("the log has a torn tail, " + place_text(tail) +
                                ", that could not be set aside yet: " + tail.deferred->to_string());
    return;
  }
  session.diagnostics.note("the log had a torn tail, " + place_text(tail) +
                           ", of a write that was never finished; it has been cut and kept in '" +
                           tail.quarantine + "'");
}

template <typename T>
Result<T> told(Session& session, const std::string& context, Result<T> opened) {
  if (!opened) return in_context(context, std::move(opened).error());
  tell_recovery(session, opened->recovery_report().tail);
  return opened;
}

}  // namespace

std::unexpected<Error> in_context(const std::string& context, Error error) {
  error.message = context + ": " + error.message;
  return std::unexpected(std::move(error));
}

Result<RecordLogReader> open_reader(const std::string& store) {
  Result<RecordLogReader> reader = RecordLogReader::open(store);
  if (!reader) return in_context("open record log " + store, std::move(reader).error());
  return reader;
}

Result<DataWal> open_store_to_read(const std::string& store) {
  Result<DataWal> opened = DataWal::open_read_only(store);
  if (!opened) return in_context("open store " + store, std::move(opened).error());
  return opened;
}

Result<RecordLog> open_log_to_write(Session& session, const std::string& store, Create create) {
  return told(session, "open record log " + store, RecordLog::open(store, write_options(create)));
}

Result<DataWal> open_store_to_write(Session& session, const std::string& store, Create create) {
  return told(session, "open store " + store, DataWal::open(store, write_options(create)));
}

ExitCode judge_tail(Session& session, const std::string& store, TailReport& tail) {
  if (tail.kind != TailKind::kIncomplete && tail.kind != TailKind::kDamaged) {
    return ExitCode::kSuccess;
  }
  if (tail.kind == TailKind::kIncomplete && lock_state(store).holding == LockHolding::kHeld) {
    tail = {};
    return ExitCode::kSuccess;
  }
  session.diagnostics.warning(
      "the log has a torn tail: " + place_text(tail) +
      " belong to a write that was never finished, and are in no result; nothing durable is lost. "
      "The next command that writes keeps them in a quarantine file and cuts them");
  return ExitCode::kTailDamage;
}

ExitCode judge_recovery(Session& session, const std::string& store, RecoveryReport& report) {
  const ExitCode code = judge_tail(session, store, report.tail);
  if (code == ExitCode::kSuccess) {
    report.tail_truncated = 0;
    report.tail_bytes_discarded = 0;
  }
  return code;
}

std::uint64_t log_size(const std::string& store) {
  std::uint64_t size = 0;
  std::error_code failure;
  std::filesystem::directory_iterator entry(store, failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    if (entry->path().extension() != ".dwal") continue;
    std::error_code unknown;
    const std::uintmax_t file_size = entry->file_size(unknown);
    if (!unknown) size += file_size;
  }
  return size;
}

}  // namespace datawal::cli
