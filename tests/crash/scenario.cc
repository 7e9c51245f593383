#include "crash/scenario.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "datawal/maintenance.h"
#include "datawal/record_log_reader.h"
#include "support/segment_builder.h"

namespace datawal::test {
namespace {

constexpr std::string_view kPoisonStart = "datawal: writer poisoned: ";
constexpr std::string_view kPoisonEnd = "; drop handle and reopen";

const std::vector<std::string>& keys() {
  static const std::vector<std::string> names = {"alpha", "beta", "gamma", "delta", "", "epsilon"};
  return names;
}

template <typename T>
std::optional<Error> error_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error());
}

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text.substr(0, 40)) + "\"";
}

// The file that the scenario imports.
KeyValues imported_values() {
  return {{"alpha", "imported"}, {"imported", std::string(300, 'i')}, {"beta", ""}};
}

// A segment file, put into a store as a value: its frames are no records of that store, although
// their txids go on where the store's own do.
Bytes nested_segment(Txid first) {
  SegmentBuilder segment;
  segment.add_run(first, first + 12);
  return segment.bytes();
}

bool all_torn(const VerifyReport& report) {
  return std::ranges::all_of(report.damages, [](const Damage& damage) { return damage.torn_tail; });
}

}  // namespace

std::string jsonl_of(const KeyValues& values) {
  std::string text;
  for (const auto& [key, value] : values) {
    text += R"({"key_b64":")";
    base64_append(text, as_bytes(key));
    text += R"(","value_b64":")";
    base64_append(text, as_bytes(value));
    text += "\"}\n";
  }
  return text;
}

ScenarioShape small_shape() {
  return {.segment_size_max = 700, .value_sizes = {10, 130, 40, 0, 300}};
}

ScenarioShape paged_shape() {
  return {.segment_size_max = 24'000, .value_sizes = {10, 3000, 700, 5000, 100, 1500}};
}

ScenarioShape shape_named(std::string_view name) {
  ScenarioShape shape = name.starts_with("Small") ? small_shape() : paged_shape();
  shape.works_ahead = name.ends_with("Ahead");
  shape.is_mapped = shape.works_ahead || name.ends_with("Mapped");
  return shape;
}

Scenario::Scenario(SimulatedFilesystem& filesystem, ScenarioShape shape)
    : filesystem_(filesystem), shape_(std::move(shape)) {
  filesystem_.write_file(kScenarioImport, as_bytes(jsonl_of(imported_values())));
  if (shape_.is_mapped) filesystem_.set_write_through_size(0);
  if (shape_.works_ahead) {
    filesystem_.set_ahead_of_rotation({.segment_size_min = 0, .on_thread = false});
  }
}

Options Scenario::options() const {
  return {.segment_size_max = shape_.segment_size_max,
          .checkpoint_log_size = shape_.is_mapped ? 0 : std::uint64_t{1} << 20,
          .filesystem = &filesystem_};
}

void Scenario::run() {
  const std::vector<std::function<void()>> steps = {
      [&] { open_store(); },
      [&] { fill(); },
      [&] { check_gets(); },
      [&] { sync(); },
      [&] { put("gamma"); },
      [&] { append(); },
      [&] { check_reader(); },
      [&] { rotate(); },
      [&] { fill(); },
      [&] { check_items(); },
      [&] { export_to(std::string(kScenarioExport)); },
      [&] { compact("/data/dir/compact"); },
      [&] { import_file(); },
      [&] { export_to(std::string(kScenarioExport)); },
      [&] { check_following(); },
      [&] { put("delta"); },
      [&] { check_read_only(); },
      [&] { close(); },
      [&] { use_as_log(); },
      [&] { lose_process(); },
      [&] { tear_and_recover(); },
      [&] { survive_failed_sync(); },
      [&] { check_verify(); },
      [&] { mend(); },
      [&] { salvage_to("/rescue/store"); },
      [&] { compact("/elsewhere/compact"); },
      [&] { fill(); },
      [&] { check_gets(); },
  };
  for (const std::function<void()>& step : steps) {
    if (filesystem_.is_stopped()) return;
    step();
  }
}

// Rewrites, removals of what is there and of what is not, and more than one segment.
void Scenario::fill() {
  for (const std::string& key : keys()) put(key);
  append();
  remove("beta");
  put("alpha");
  remove("never there");
  put("gamma");
}

void Scenario::use_as_log() {
  open_log();
  append_to_log();
  append_to_log();
  sync();
  append_to_log();
  if (log_) check_scan(log_->scan_from_txid(0));
  append_to_log();
  close();
}

void Scenario::lose_process() {
  open_store();
  put("alpha");
  put("delta");
  sync();
  put("epsilon");
  append();
  kill();
  open_store();
  check_gets();
}

void Scenario::tear_and_recover() {
  tear_next_write();
  put_value("nested", nested_segment(model_.visible().size() + 2));
  remove("alpha");
  sync();
  rotate();
  check_gets();
  kill();
  open_store();
  check_gets();
  put_value("nested", nested_segment(model_.visible().size() + 2));
  append();
  sync();
}

void Scenario::survive_failed_sync() {
  put("beta");
  put("gamma");
  fail_next_sync();
  sync();
  append();
  check_gets();
  store_.reset();
  open_store();
  sync();
  put("delta");
  append();
  sync();
}

// A torn record, mended before the store is opened again.
void Scenario::mend() {
  if (!store_) return;
  tear_next_write();
  put("gamma");
  kill();
  const Result<RepairReport> planned = repair(kScenarioStore, Apply::kNo, options());
  if (!planned) check_error("repair, dry", planned.error());
  const Result<RepairReport> mended = repair(kScenarioStore, Apply::kYes, options());
  if (!mended) check_error("repair", mended.error());
  if (mended && !all_torn(mended->found)) problem("repair: has found more than a torn record");
  check_verify();
  open_store();
  check_gets();
}

void Scenario::open_store() {
  log_.reset();
  store_.reset();
  Result<DataWal> opened = DataWal::open(kScenarioStore, options());
  if (!opened) return check_error("open", opened.error());
  store_.emplace(*std::move(opened));
  note_opened("open", store_->recovery_report());
}

void Scenario::open_log() {
  log_.reset();
  store_.reset();
  Result<RecordLog> opened = RecordLog::open(kScenarioStore, options());
  if (!opened) return check_error("open log", opened.error());
  log_.emplace(*std::move(opened));
  note_opened("open log", log_->recovery_report());
}

void Scenario::note_opened(const char* what, const RecoveryReport& report) {
  const std::string difference = model_.adopt(report.records_replayed, LogModel::Floor::kVisible);
  if (!difference.empty()) problem(std::string(what) + ": " + difference);
  if (live_log()->last_txid() != model_.visible().size()) {
    problem(std::string(what) + ": last txid " + std::to_string(live_log()->last_txid()));
  }
}

const RecordLog* Scenario::live_log() const {
  if (store_) return store_->log();
  return log_ ? &*log_ : nullptr;
}

Bytes Scenario::next_value() {
  const std::size_t size = shape_.value_sizes[value_count_ % shape_.value_sizes.size()];
  return noise(++value_count_, size);
}

// The records are about to be appended. Whether the writer will refuse them.
bool Scenario::attempt(Records records) {
  if (live_log()->is_poisoned()) return true;
  model_.attempt(std::move(records));
  return false;
}

void Scenario::put(const std::string& key) {
  put_value(key, next_value());
}

void Scenario::put_value(const std::string& key, ByteView value) {
  if (!store_) return;
  const bool was_poisoned = attempt({put_of(key, value)});
  note_append("put", error_of(store_->put(as_bytes(key), value)), was_poisoned);
}

void Scenario::remove(const std::string& key) {
  if (!store_) return;
  const bool existed = model_.values().contains(key);
  const bool was_poisoned = attempt({removal_of(key)});
  const Result<Removed> removed = store_->remove(as_bytes(key));
  if (removed && removed->existed != existed) problem("remove: existed is wrong");
  note_append("remove", error_of(removed), was_poisoned);
}

void Scenario::append() {
  if (!store_) return;
  const Bytes payload = next_value();
  const bool was_poisoned = attempt({raw_of(payload)});
  note_append("append", error_of(store_->append(payload)), was_poisoned);
}

void Scenario::append_to_log() {
  if (!log_) return;
  const Record record = put_of("by the log", next_value());
  const bool was_poisoned = attempt({record});
  note_append("append_record",
              error_of(log_->append_record(RecordType::kPut, record.key, record.payload)),
              was_poisoned);
}

void Scenario::sync() {
  if (live_log() == nullptr) return;
  const bool was_poisoned = live_log()->is_poisoned();
  const std::optional<Error> error = error_of(store_ ? store_->sync() : log_->sync());
  if (!error) model_.note_synced();
  if (!error && live_log()->durable_txid() != model_.visible().size()) {
    problem("sync: durable txid " + std::to_string(live_log()->durable_txid()));
  }
  note("sync", error, was_poisoned);
}

void Scenario::rotate() {
  if (!store_) return;
  const bool was_poisoned = store_->is_poisoned();
  const std::optional<Error> error = error_of(store_->rotate());
  if (!error) model_.note_synced();
  note("rotate", error, was_poisoned);
}

void Scenario::close() {
  if (live_log() == nullptr) return;
  const bool was_poisoned = live_log()->is_poisoned();
  const std::optional<Error> error = error_of(store_ ? store_->close() : log_->close());
  if (!error) model_.note_synced();
  note("close", error, was_poisoned);
  store_.reset();
  log_.reset();
}

void Scenario::kill() {
  if (filesystem_.is_stopped()) return;
  filesystem_.kill_process();
  store_.reset();
  log_.reset();
}

// The next write to a segment stops short of its end, and fails. A store can do neither.
void Scenario::tear_next_write() {
  if (shape_.is_mapped) return;
  filesystem_.inject({.call = SimulatedCall::kWrite, .path_part = ".dwal", .written_prefix = 200});
}

void Scenario::fail_next_sync() {
  filesystem_.inject({.call = SimulatedCall::kSync, .path_part = ".dwal"});
}

// What follows from how a change ended: the state of the model, and of the poison.
void Scenario::note(const char* what, const std::optional<Error>& error, bool was_poisoned) {
  const RecordLog& log = *live_log();
  if (error) check_error(what, *error);
  model_.settle(std::max<std::size_t>(log.last_txid(), model_.visible().size()));
  if (log.last_txid() != model_.visible().size()) {
    problem(std::string(what) + ": last txid " + std::to_string(log.last_txid()) + " after " +
            std::to_string(model_.visible().size()) + " records");
  }
  model_.note_durable(log.durable_txid());
  if (!was_poisoned) return;
  if (!error) return problem(std::string(what) + " has succeeded on a poisoned writer");
  const bool is_worded =
      error->message.starts_with(kPoisonStart) && error->message.ends_with(kPoisonEnd);
  if (error->code != ErrorCode::kPoisoned || !is_worded) {
    problem(std::string(what) + " on a poisoned writer: " + error->to_string());
  }
}

void Scenario::note_append(const char* what, const std::optional<Error>& error, bool was_poisoned) {
  note(what, error, was_poisoned);
  if (!error && !model_.possible().empty()) problem(std::string(what) + " has done too little");
}

// Only the faults that were injected may be reported, as what they are.
void Scenario::check_error(const char* what, const Error& error) {
  const bool is_explained = error.code == ErrorCode::kIo || error.code == ErrorCode::kNoSpace ||
                            error.code == ErrorCode::kPoisoned;
  if (!is_explained) problem(std::string(what) + ": " + error.to_string());
}

void Scenario::problem(const std::string& what) {
  problems_.push_back(what);
}

void Scenario::check_value(const std::string& key, const KeyValues& expected) {
  const auto value = store_->get(as_bytes(key));
  if (!value) return check_error("get", value.error());
  const auto wanted = expected.find(key);
  if (value->has_value() != (wanted != expected.end())) {
    return problem("get " + in_quotes(key) +
                   (*value ? " has found something" : " has found nothing"));
  }
  if (*value && (*value)->text() != wanted->second) problem("get " + in_quotes(key) + " is wrong");
}

void Scenario::check_gets() {
  if (!store_) return;
  const KeyValues expected = model_.values();
  for (const std::string& key : keys()) check_value(key, expected);
  for (const char* key : {"nested", "imported", "never there"}) check_value(key, expected);
  if (store_->size() != expected.size()) problem("size is " + std::to_string(store_->size()));
  check_scan(store_->scan());
}

void Scenario::check_scan(RecordCursor cursor) {
  const Reading reading = reading_of(std::move(cursor));
  const std::string difference = reading.error
                                     ? model_.compare_beginning(reading.records)
                                     : model_.compare(reading.records, LogModel::Floor::kVisible);
  if (!difference.empty()) problem("scan: " + difference);
  if (reading.error) check_error("scan", *reading.error);
}

void Scenario::check_items() {
  if (!store_) return;
  const KeyValues expected = model_.values();
  KeyValues found;
  const Status walked = store_->for_each([&](const Item& item) {
    found.emplace(as_text(item.key), as_text(item.value));
    return true;
  });
  if (!walked) check_error("for_each", walked.error());
  for (const auto& [key, value] : found) {
    const auto wanted = expected.find(key);
    if (wanted == expected.end() || wanted->second != value) {
      problem("for_each: " + in_quotes(key) + " is wrong");
    }
  }
  if (walked && found.size() != expected.size()) problem("for_each: keys are missing");
}

void Scenario::check_reader() {
  const Result<RecordLogReader> reader = RecordLogReader::open(kScenarioStore, options());
  if (!reader) {
    // Before the first successful open there may be no store.
    if (reader.error().code != ErrorCode::kNotFound || store_)
      check_error("reader", reader.error());
    return;
  }
  check_scan(reader->scan());
  const Txid middle = model_.visible().size() / 2;
  const Reading late = reading_of(reader->scan_from_txid(middle));
  if (late.error) check_error("reader", *late.error);
  if (!late.records.empty() && late.records.front().txid != std::max<Txid>(middle, 1)) {
    problem("reader: scan_from_txid begins with " + describe(late.records.front()));
  }
}

void Scenario::check_read_only() {
  const Result<DataWal> store = DataWal::open_read_only(kScenarioStore, options());
  if (!store) {
    if (store.error().code != ErrorCode::kNotFound || store_) {
      check_error("open_read_only", store.error());
    }
    return;
  }
  const std::size_t count = store->recovery_report().records_replayed;
  if (count < model_.visible().size()) problem("open_read_only: records are missing");
  check_scan(store->scan());
}

void Scenario::check_following() {
  const Result<RecordLogReader> reader = RecordLogReader::open(kScenarioStore, options());
  if (!reader) return store_ ? check_error("reader", reader.error()) : void();
  Result<Follower> follower = reader->follow();
  if (!follower) return check_error("follow", follower.error());
  Records found;
  while (true) {
    const auto record = follower->next(std::chrono::milliseconds(0));
    if (!record) return check_error("follow", record.error());
    if (!*record) break;
    found.push_back(
        {(*record)->type, (*record)->txid, to_bytes((*record)->key), to_bytes((*record)->payload)});
  }
  const std::string difference = model_.compare(found, LogModel::Floor::kVisible);
  if (!difference.empty()) problem("follow: " + difference);
}

void Scenario::check_verify() {
  const Result<VerifyReport> report = verify(kScenarioStore, options());
  if (!report) {
    if (report.error().code != ErrorCode::kNotFound || store_)
      check_error("verify", report.error());
    return;
  }
  if (report->refusal) problem("verify: " + report->refusal->to_string());
  if (!all_torn(*report)) problem("verify: has found more than a torn record");
  if (report->frames_checked < model_.visible().size()) problem("verify: records are missing");
  for (const SidecarReport& sidecar : report->sidecars) {
    if (sidecar.state == SidecarState::kDisagrees) problem("verify: " + sidecar.error->to_string());
  }
}

Artifact& Scenario::begin_artifact(const std::string& path) {
  Artifact& artifact = artifacts_[path];
  artifact.candidates.push_back(model_.values());
  return artifact;
}

void Scenario::end_artifact(Artifact& artifact, const std::optional<Error>& error) {
  if (error) return;
  artifact.must_exist = true;
  artifact.candidates = {model_.values()};
}

void Scenario::compact(const std::string& path) {
  if (!store_) return;
  Artifact& artifact = begin_artifact(path);
  const std::optional<Error> error = error_of(store_->compact_to(path));
  if (error) check_error("compact_to", *error);
  end_artifact(artifact, error);
}

// What cannot be read is left out, and told.
void Scenario::salvage_to(const std::string& path) {
  if (!store_) return;
  Artifact& artifact = begin_artifact(path);
  Records records = model_.visible();
  for (const Record& record : model_.possible()) {
    records.push_back(record);
    artifact.candidates.push_back(fold(records));
  }
  const Result<SalvageReport> report = salvage(kScenarioStore, path, options());
  if (!report) return check_error("salvage", report.error());
  const bool has_lost =
      std::ranges::any_of(report->losses, [](const Damage& damage) { return !damage.torn_tail; });
  if (has_lost) {
    artifacts_.erase(path);
  } else {
    artifact.must_exist = true;
  }
}

void Scenario::export_to(const std::string& path) {
  if (!store_) return;
  Artifact& artifact = begin_artifact(path);
  const std::optional<Error> error = error_of(store_->export_jsonl(path));
  if (error) check_error("export_jsonl", *error);
  end_artifact(artifact, error);
}

void Scenario::import_file() {
  if (!store_) return;
  Records records;
  for (const auto& [key, value] : imported_values())
    records.push_back(put_of(key, as_bytes(value)));
  const bool was_poisoned = attempt(std::move(records));
  const std::optional<Error> error = error_of(store_->import_jsonl(kScenarioImport));
  note_append("import_jsonl", error, was_poisoned);
  if (!error) model_.note_synced();
}

}  // namespace datawal::test
