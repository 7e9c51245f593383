#include "tools/store_info.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/try.h"
#include "tools/json_line.h"
#include "tools/render.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kWidth = 15;

void list_other_files(StoreInfo& info) {
  std::error_code failure;
  std::filesystem::directory_iterator entry(info.path, failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (name == ".lock" || name.ends_with(".dwal")) continue;
    (name.ends_with(".quarantine") ? info.quarantine : info.sidecars).push_back(name);
  }
  std::ranges::sort(info.sidecars);
  std::ranges::sort(info.quarantine);
}

void take_segments(StoreInfo& info, const std::vector<SegmentId>& ids) {
  info.segments = ids.size();
  if (ids.empty()) return;
  info.first_segment = ids.front();
  info.last_segment = ids.back();
}

// Adds what a pass over all records tells: what is not a superseded key counts as live.
Status count_sizes(StoreInfo& info, const DataWal& store) {
  std::uint64_t records_size = 0;
  std::uint64_t live_size = 0;
  RecordCursor cursor = store.scan();
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, cursor.next());
    if (!record) break;
    if (records_size == 0) info.first_txid = record->txid;
    records_size += record->ref.size;
    if (record->type == RecordType::kRaw) live_size += record->ref.size;
  }
  ItemCursor keys = store.keys();
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<Item> item, keys.next());
    if (!item) break;
    live_size += item->ref.size;
  }
  info.live_size = live_size;
  info.garbage_size = std::max(records_size, live_size) - live_size;  // a writer may be at work
  return {};
}

Status examine_sound(StoreInfo& info, const DataWal& store) {
  info.recovery = store.recovery_report();
  info.records = info.recovery.records_replayed;
  info.last_txid = info.recovery.last_txid_seen;
  info.live_keys = store.size();
  return count_sizes(info, store);
}

// A store that cannot be opened still has segments and intact records.
Status examine_refused(StoreInfo& info) {
  DATAWAL_TRY_ASSIGN(const VerifyReport report, verify(info.path, {}, VerifyScope::kLog));
  info.records = report.frames_checked;
  for (const SegmentSummary& segment : report.segments) {
    if (info.first_txid == 0) info.first_txid = segment.first_txid;
    info.last_txid = std::max(info.last_txid, segment.last_txid);
  }
  return {};
}

std::string_view tail_name(TailKind kind) {
  switch (kind) {
    case TailKind::kClean:
      return "clean";
    case TailKind::kUnused:
      return "unused";
    case TailKind::kIncomplete:
      return "incomplete";
    case TailKind::kDamaged:
      return "damaged";
  }
  std::unreachable();
}

std::string state_text(const StoreInfo& info) {
  if (info.refusal) return "refused: " + one_line(info.refusal->to_string());
  const TailReport& tail = info.recovery.tail;
  const std::string size = std::to_string(tail.size) + " bytes";
  switch (tail.kind) {
    case TailKind::kClean:
      return "clean";
    case TailKind::kUnused:
      return "clean, with " + size + " of reserved space";
    case TailKind::kIncomplete:
    case TailKind::kDamaged:
      return "torn tail of " + size + " at offset " + std::to_string(tail.position.offset);
  }
  std::unreachable();
}

std::string lock_text(const LockState& lock) {
  switch (lock.holding) {
    case LockHolding::kFree:
      return "free";
    case LockHolding::kHeld:
      return lock.process ? "held by process " + std::to_string(*lock.process) : "held";
    case LockHolding::kUnknown:
      return "unknown";
  }
  std::unreachable();
}

std::string segments_text(const StoreInfo& info) {
  if (info.segments == 0) return "0";
  return std::to_string(info.segments) + " (" +
         std::to_string(std::to_underlying(info.first_segment)) + " to " +
         std::to_string(std::to_underlying(info.last_segment)) + ")";
}

std::string durable_text(const StoreInfo& info) {
  if (!info.recovery.durable) return "unknown";
  return "up to segment " + std::to_string(std::to_underlying(info.recovery.durable->segment)) +
         ", offset " + std::to_string(info.recovery.durable->offset);
}

std::string bytes_text(std::uint64_t size) {
  return size < 1024 ? size_text(size) : size_text(size) + " (" + std::to_string(size) + " bytes)";
}

std::string bytes_text(std::optional<std::uint64_t> size) {
  return size ? bytes_text(*size) : "unknown";
}

std::string garbage_text(const StoreInfo& info) {
  if (!info.garbage_size || *info.garbage_size == 0) return bytes_text(info.garbage_size);
  const double part = static_cast<double>(*info.garbage_size) /
                      static_cast<double>(*info.garbage_size + *info.live_size);
  return bytes_text(info.garbage_size) + ", " + std::to_string(static_cast<unsigned>(part * 100)) +
         " % of all records";
}

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ", ";
    append_one_line(text, name);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

Result<StoreInfo> examine_store(const std::string& store) {
  DATAWAL_TRY_ASSIGN(const RecordLogReader reader, open_reader(store));
  StoreInfo info;
  info.path = store;
  info.lock = lock_state(store);
  list_other_files(info);
  take_segments(info, reader.segments());
  info.log_size = log_size(store);
  Result<DataWal> opened = DataWal::open_read_only(store);
  const Status examined =
      opened ? examine_sound(info, *opened) : Status(std::unexpected(std::move(opened).error()));
  if (examined) return info;
  const ExitCode code = exit_code_of(examined.error().code);
  if (code != ExitCode::kCorruption && code != ExitCode::kUnsupportedFormat) {
    return std::unexpected(examined.error());
  }
  info.refusal = examined.error();
  DATAWAL_TRY(examine_refused(info));
  return info;
}

std::string info_json(const StoreInfo& info) {
  JsonLine json("info");
  json.text("path", info.path)
      .number("wire_version", kWireVersion)
      .text("state", info.refusal ? "refused" : tail_name(info.recovery.tail.kind))
      .text("error", info.refusal ? info.refusal->to_string() : "")
      .text("lock", info.lock.holding == LockHolding::kHeld   ? "held"
                    : info.lock.holding == LockHolding::kFree ? "free"
                                                              : "unknown")
      .number("lock_pid", info.lock.process)
      .number("segments", info.segments)
      .number("first_segment", std::to_underlying(info.first_segment))
      .number("last_segment", std::to_underlying(info.last_segment))
      .number("records", info.records)
      .number("live_keys", info.live_keys)
      .number("first_txid", info.first_txid)
      .number("last_txid", info.last_txid)
      .number("txid_gaps", info.recovery.txid_gaps);
  std::optional<std::uint64_t> durable_segment;
  std::optional<std::uint64_t> durable_offset;
  if (info.recovery.durable) {
    durable_segment = std::to_underlying(info.recovery.durable->segment);
    durable_offset = info.recovery.durable->offset;
  }
  json.number("durable_segment", durable_segment)
      .number("durable_offset", durable_offset)
      .number("tail_bytes", info.recovery.tail.size)
      .number("log_bytes", info.log_size)
      .number("live_bytes", info.live_size)
      .number("garbage_bytes", info.garbage_size)
      .texts("sidecars", info.sidecars)
      .texts("quarantine", info.quarantine);
  return std::string(json.finish());
}

std::string info_text(const StoreInfo& info) {
  std::string text;
  const auto add = [&text](std::string_view label, const std::string& value) {
    append_labelled(text, label, kWidth, value);
  };
  add("path", one_line(info.path));
  add("format", "wire version " + std::to_string(kWireVersion));
  add("state", state_text(info));
  add("lock", lock_text(info.lock));
  add("segments", segments_text(info));
  add("records", std::to_string(info.records));
  add("live keys", info.live_keys ? std::to_string(*info.live_keys) : "unknown");
  add("txids", info.records == 0
                   ? "none"
                   : std::to_string(info.first_txid) + " to " + std::to_string(info.last_txid));
  if (info.recovery.txid_gaps > 0) {
    add("txid gaps", std::to_string(info.recovery.txid_gaps) + " (see verify)");
  }
  add("durable", durable_text(info));
  add("log size", bytes_text(info.log_size));
  add("live size", bytes_text(info.live_size));
  add("garbage size", garbage_text(info));
  add("sidecars", names_text(info.sidecars));
  add("quarantine", names_text(info.quarantine));
  return text;
}

}  // namespace datawal::cli
