#include "crash/survivor.h"

#include <algorithm>
#include <utility>

#include "datawal/data_wal.h"
#include "datawal/record_log_reader.h"

namespace datawal::test {
namespace {

std::string check_export(const SimulatedFilesystem& filesystem, const std::string& path,
                         const Artifact& artifact) {
  const std::optional<Bytes> content = filesystem.read_file(path);
  if (!content) return artifact.must_exist ? path + " is missing" : "";
  const auto matches = [&](const KeyValues& values) {
    return jsonl_of(values) == as_text(*content);
  };
  return std::ranges::any_of(artifact.candidates, matches) ? "" : path + " is not whole";
}

std::string check_compacted(SimulatedFilesystem& filesystem, const std::string& path,
                            const Artifact& artifact) {
  if (!filesystem.exists(path)) return artifact.must_exist ? path + " is missing" : "";
  const Result<DataWal> store = DataWal::open_read_only(path, {.filesystem = &filesystem});
  if (!store) return path + ": " + store.error().to_string();
  const Reading reading = reading_of(store->scan());
  if (reading.error) return path + ": " + reading.error->to_string();
  const KeyValues found = fold(reading.records);
  const bool is_whole = std::ranges::find(artifact.candidates, found) != artifact.candidates.end();
  return is_whole ? "" : path + " is not whole";
}

std::string check_artifacts(SimulatedFilesystem& filesystem, const Scenario& scenario) {
  for (const auto& [path, artifact] : scenario.artifacts()) {
    const std::string difference = path.ends_with(".jsonl")
                                       ? check_export(filesystem, path, artifact)
                                       : check_compacted(filesystem, path, artifact);
    if (!difference.empty()) return difference;
  }
  return "";
}

std::string check_reading(SimulatedFilesystem& filesystem, const LogModel& model,
                          LogModel::Floor floor) {
  const Options options = {.filesystem = &filesystem};
  const Result<RecordLogReader> reader = RecordLogReader::open(kScenarioStore, options);
  if (!reader && reader.error().code == ErrorCode::kNotFound) {
    return model.durable_count() == 0 ? "" : "the store is gone";
  }
  if (!reader) return "reader: " + reader.error().to_string();
  const Reading reading = reading_of(reader->scan());
  if (reading.error) return "reader: " + reading.error->to_string();
  const std::string difference = model.compare(reading.records, floor);
  return difference.empty() ? "" : "reader: " + difference;
}

std::string check_gets_of(const DataWal& store, const KeyValues& expected) {
  if (store.size() != expected.size()) return "size is " + std::to_string(store.size());
  for (const auto& [key, value] : expected) {
    const auto found = store.get(as_bytes(key));
    if (!found) return "get: " + found.error().to_string();
    if (!*found || (*found)->text() != value) return "get " + key + " is wrong";
  }
  return "";
}

bool has_directory_sync_failed(const SimulatedFilesystem& filesystem) {
  return std::ranges::any_of(filesystem.trace(), [](const std::string& line) {
    const bool is_of_directory =
        line.starts_with("sync_directory ") || line.starts_with("sync_parent ");
    return is_of_directory && !line.ends_with(": ok");
  });
}

// After one more record has been appended and synced, the power may go: both what was there and the
// new record must be found.
std::string append_and_reopen(SimulatedFilesystem& filesystem, const Options& options,
                              Records expected) {
  constexpr std::string_view kPayload = "written after it all";
  {
    Result<RecordLog> log = RecordLog::open(kScenarioStore, options);
    if (!log) return "second open: " + log.error().to_string();
    const Result<Appended> appended = log->append(as_bytes(kPayload));
    if (!appended) return "append: " + appended.error().to_string();
    if (const Status synced = log->sync(); !synced) return "sync: " + synced.error().to_string();
    if (!has_directory_sync_failed(filesystem)) filesystem.crash(PowerCut::kDropPending);
  }
  expected.push_back(raw_of(as_bytes(kPayload)));
  expected.back().txid = expected.size();
  const Result<RecordLog> log = RecordLog::open(kScenarioStore, options);
  if (!log) return "third open: " + log.error().to_string();
  const Reading reading = reading_of(log->scan());
  if (reading.error) return "third open: " + reading.error->to_string();
  if (reading.records != expected) return "the third open has found other records";
  const TailKind tail = log->recovery_report().tail.kind;
  const bool is_clean = tail == TailKind::kClean || tail == TailKind::kUnused;
  return is_clean ? "" : "the third open was not clean";
}

}  // namespace

std::string check_survivor(SimulatedFilesystem& filesystem, const LogModel& model,
                           LogModel::Floor floor, Options options) {
  options.filesystem = &filesystem;
  std::string difference = check_reading(filesystem, model, floor);
  if (!difference.empty()) return difference;
  Reading reading;
  {
    const Result<DataWal> store = DataWal::open(kScenarioStore, options);
    if (!store) return "open: " + store.error().to_string();
    reading = reading_of(store->scan());
    if (reading.error) return "scan: " + reading.error->to_string();
    difference = model.compare(reading.records, floor);
    if (difference.empty()) difference = check_gets_of(*store, fold(reading.records));
    if (!difference.empty()) return difference;
  }
  return append_and_reopen(filesystem, options, std::move(reading.records));
}

std::string check_survivors(SimulatedFilesystem& filesystem, const Scenario& scenario,
                            LogModel::Floor floor) {
  const std::string difference = check_artifacts(filesystem, scenario);
  if (!difference.empty()) return difference;
  return check_survivor(filesystem, scenario.model(), floor, scenario.options());
}

}  // namespace datawal::test
