#include "model/random_session.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace datawal::test {

RandomSession::RandomSession(Filesystem& filesystem, std::filesystem::path base, std::uint64_t seed,
                             SessionShape shape, SimulatedFilesystem* machine)
    : filesystem_(filesystem),
      base_(std::move(base)),
      shape_(shape),
      machine_(machine),
      random_(seed) {}

Options RandomSession::options() const {
  return {.segment_size_max = shape_.segment_size_max,
          .checkpoint_log_size = shape_.saves_index ? 0 : std::uint64_t{1} << 20,
          .filesystem = &filesystem_};
}

std::vector<RandomSession::Operation> RandomSession::operations() {
  std::vector<Operation> all = {
      {"put", 40, [this] { put(); }},
      {"remove", 8, [this] { remove(); }},
      {"append", 10, [this] { append(); }},
      {"write", 8, [this] { write(); }},
      {"sync", 8, [this] { sync(); }},
      {"rotate", 2, [this] { rotate(); }},
      {"reopen", 2, [this] { reopen(); }},
      {"get", 20, [this] { get(); }},
      {"scan", 2, [this] { scan(); }},
      {"scan from", 3, [this] { scan_from(); }},
      {"walk", 2, [this] { walk(); }},
      {"take a snapshot", 4, [this] { take_snapshot(); }},
      {"look at a snapshot", 4, [this] { look_at_snapshot(); }},
      {"compact", 1, [this] { compact(); }},
      {"export and import", 1, [this] { export_and_import(); }},
      {"import into itself", 1, [this] { import_into_self(); }},
      {"read beside", 2, [this] { read_beside(); }},
      {"follow", 6, [this] { follow(); }},
  };
  if (machine_ != nullptr) {
    all.push_back({"kill", 2, [this] { kill(); }});
    all.push_back({"cut the power", 1, [this] { cut_power(); }});
    all.push_back({"stop soon", 2, [this] { arm_stop(); }});
    all.push_back({"fail soon", 2, [this] { arm_fault(); }});
  }
  return all;
}

std::string RandomSession::run(std::size_t operation_count) {
  const std::vector<Operation> all = operations();
  unsigned weight_sum = 0;
  for (const Operation& operation : all) weight_sum += operation.weight;
  open();
  for (std::size_t index = 0; index < operation_count && problem_.empty(); ++index) {
    std::uint64_t pick = below(weight_sum);
    const auto chosen = std::ranges::find_if(all, [&](const Operation& operation) {
      if (pick < operation.weight) return true;
      pick -= operation.weight;
      return false;
    });
    history_.emplace_back(chosen->name);
    chosen->run();
    recover_if_stopped();
  }
  if (problem_.empty()) reopen();
  return problem_;
}

std::string RandomSession::history() const {
  constexpr std::size_t kCount = 40;
  std::string text;
  for (std::size_t index = history_.size() > kCount ? history_.size() - kCount : 0;
       index < history_.size(); ++index) {
    text += history_[index] + "\n";
  }
  return text;
}

void RandomSession::problem(const std::string& what) {
  if (problem_.empty()) problem_ = what;
}

// Whether a failure may be one that was ordered.
bool RandomSession::is_disturbed() const {
  return has_fault_ || (machine_ != nullptr && machine_->is_stopped());
}

void RandomSession::check_error(const Error& error) {
  const bool is_of_fault = error.code == ErrorCode::kIo || error.code == ErrorCode::kNoSpace;
  if (is_disturbed() && is_of_fault) return;
  if (error.code == ErrorCode::kPoisoned && store_ && store_->is_poisoned()) return;
  problem(error.to_string());
}

std::string RandomSession::random_key() {
  const std::uint64_t number = below(shape_.key_count);
  if (number == 0) return "";
  if (number == 1) return std::string(kKeySizeMax % (shape_.value_size_max * 2), 'k');
  return "key " + std::to_string(number);
}

Bytes RandomSession::random_value() {
  const std::uint64_t kind = below(8);
  const std::size_t size = kind == 0 ? 0 : below(shape_.value_size_max + 1);
  // Some values are frames themselves, with txids that go on soon after those of the log. Not with
  // the very next: torn behind it, that looks like the work of another writer, and is refused.
  if (kind == 1) {
    const Bytes payload(size);
    Bytes frame(frame_size(0, size));
    if (encode_frame(frame, {.txid = model_.visible().size() + 2 + below(3), .payload = payload})) {
      return frame;
    }
  }
  return noise(random_(), size);
}

std::filesystem::path RandomSession::fresh_path(std::string_view stem) {
  return base_ / (std::string(stem) + std::to_string(++path_count_));
}

bool RandomSession::attempt(Records records) {
  if (store_->is_poisoned()) return true;
  model_.attempt(std::move(records));
  return false;
}

template <typename T>
void RandomSession::note(const Result<T>& result, bool was_poisoned) {
  const RecordLog& log = *store_->log();
  if (!result) check_error(result.error());
  if (result && was_poisoned) problem("a poisoned writer has taken something");
  model_.settle(std::max<std::size_t>(log.last_txid(), model_.visible().size()));
  model_.note_durable(log.durable_txid());
  if (log.last_txid() != model_.visible().size()) problem("the last txid is wrong");
}

void RandomSession::put() {
  if (!store_) return;
  const std::string key = random_key();
  const Bytes value = random_value();
  const bool was_poisoned = attempt({put_of(key, value)});
  note(store_->put(as_bytes(key), value), was_poisoned);
}

void RandomSession::remove() {
  if (!store_) return;
  const std::string key = random_key();
  const bool existed = model_.values().contains(key);
  const bool was_poisoned = attempt({removal_of(key)});
  const Result<Removed> removed = store_->remove(as_bytes(key));
  if (removed && removed->existed != existed) problem("remove has told a lie");
  note(removed, was_poisoned);
}

void RandomSession::append() {
  if (!store_) return;
  const Bytes payload = random_value();
  const bool was_poisoned = attempt({raw_of(payload)});
  note(store_->append(payload), was_poisoned);
}

Record RandomSession::random_record() {
  const std::uint64_t kind = below(4);
  if (kind == 0) return removal_of(random_key());
  if (kind == 1) return raw_of(random_value());
  const std::string key = random_key();
  return put_of(key, random_value());
}

// Of a batch of none nothing is there, of one no announcement.
void RandomSession::write() {
  if (!store_) return;
  Records records;
  WriteBatch batch;
  for (std::uint64_t count = below(7); count > 0; --count) {
    records.push_back(random_record());
    const Record& record = records.back();
    if (const Status added = batch.append_record(record.type, record.key, record.payload); !added) {
      return problem(added.error().to_string());
    }
  }
  const bool was_poisoned = store_->is_poisoned();
  if (!was_poisoned) model_.attempt_batch(records);
  const Result<Txid> written = store_->write(batch);
  note(written, was_poisoned);
}

void RandomSession::sync() {
  if (!store_) return;
  const bool was_poisoned = store_->is_poisoned();
  const Status synced = store_->sync();
  note(synced, was_poisoned);
  if (synced) model_.note_synced();
}

void RandomSession::rotate() {
  if (!store_) return;
  const bool was_poisoned = store_->is_poisoned();
  const Status rotated = store_->rotate();
  note(rotated, was_poisoned);
  if (rotated) model_.note_synced();
}

void RandomSession::open() {
  snapshots_.clear();  // their process is gone
  store_.reset();
  Result<DataWal> opened = DataWal::open(base_ / "store", options());
  if (!opened) return check_error(opened.error());
  store_.emplace(*std::move(opened));
  const std::string difference = model_.adopt(store_->recovery_report().records_replayed, floor_);
  floor_ = LogModel::Floor::kVisible;
  opened_count_ = model_.visible().size();
  if (!difference.empty()) problem("open: " + difference);
  compare_everything();
}

void RandomSession::reopen() {
  if (store_ && below(2) == 0) {
    const bool was_poisoned = store_->is_poisoned();
    const Status closed = store_->close();
    // What it found and did not add to, it need not sync.
    const bool has_appended = model_.visible().size() > opened_count_;
    if (closed && has_appended) model_.note_synced();
    if (closed && was_poisoned) problem("a poisoned writer was closed without an error");
    if (!closed) check_error(closed.error());
  }
  check_sidecars();
  open();
}

// What the next open would believe.
void RandomSession::check_sidecars() {
  const Result<VerifyReport> report = verify(base_ / "store", options());
  if (!report) return;  // the machine may be at its end
  for (const SidecarReport& sidecar : report->sidecars) {
    if (sidecar.state == SidecarState::kDisagrees) problem("verify: " + sidecar.error->to_string());
  }
}

void RandomSession::compare_everything() {
  scan();
  walk();
}

void RandomSession::get() {
  if (!store_) return;
  const KeyValues expected = model_.values();
  const std::string key = random_key();
  const auto value = store_->get(as_bytes(key));
  if (!value) return check_error(value.error());
  const auto wanted = expected.find(key);
  if (value->has_value() != (wanted != expected.end())) return problem("get: presence is wrong");
  if (*value && (*value)->text() != wanted->second) problem("get: the value is wrong");
  const Result<bool> contains = store_->contains_key(as_bytes(key));
  if (!contains) return check_error(contains.error());
  if (*contains != (wanted != expected.end())) problem("contains_key is wrong");
}

void RandomSession::scan() {
  if (!store_) return;
  const Reading reading = reading_of(store_->scan());
  const std::string difference = reading.error
                                     ? model_.compare_beginning(reading.records)
                                     : model_.compare(reading.records, LogModel::Floor::kVisible);
  if (!difference.empty()) return problem("scan: " + difference);
  if (reading.error) return check_error(*reading.error);
  if (reading.end != store_->log()->end()) problem("scan: ends elsewhere than the log");
}

void RandomSession::scan_from() {
  if (!store_ || model_.visible().empty()) return;
  const Txid from = 1 + below(model_.visible().size());
  const Reading reading = reading_of(store_->log()->scan_from_txid(from));
  if (reading.error) return check_error(*reading.error);
  if (reading.records != model_.shown_from(from)) problem("scan_from_txid");
}

void RandomSession::walk() {
  if (!store_) return;
  const KeyValues expected = model_.values();
  KeyValues found;
  ItemCursor cursor = store_->items();
  while (true) {
    const auto item = cursor.next();
    if (!item) return check_error(item.error());
    if (!*item) break;
    found.emplace(as_text((*item)->key), as_text((*item)->value));
  }
  if (found != expected) problem("items: other keys and values");
  if (store_->size() != expected.size()) problem("size is wrong");
}

void RandomSession::take_snapshot() {
  if (!store_) return;
  Result<Snapshot> snapshot = store_->snapshot();
  if (!snapshot) return check_error(snapshot.error());
  if (snapshots_.size() == 3) snapshots_.erase(snapshots_.begin());
  snapshots_.push_back({*std::move(snapshot), model_.values(), store_->log()->last_txid()});
}

void RandomSession::look_at_snapshot() {
  if (snapshots_.empty()) return;
  const TakenSnapshot& taken = snapshots_[below(snapshots_.size())];
  if (taken.snapshot.txid() != taken.txid) problem("a snapshot is of another txid");
  Result<OrderedCursor> cursor = taken.snapshot.range({});
  if (!cursor) return check_error(cursor.error());
  auto expected = taken.values.begin();
  while (true) {
    const auto item = cursor->next();
    if (!item) return check_error(item.error());
    if (!*item) break;
    if (expected == taken.values.end() || as_text((*item)->key) != expected->first ||
        as_text((*item)->value) != expected->second) {
      return problem("a snapshot has other keys and values");
    }
    ++expected;
  }
  if (expected != taken.values.end()) problem("a snapshot lacks keys");
  const std::string key = random_key();
  const auto value = taken.snapshot.get(as_bytes(key));
  if (!value) return check_error(value.error());
  if (value->has_value() != taken.values.contains(key)) problem("a snapshot: presence is wrong");
}

void RandomSession::compare_copy(const std::filesystem::path& path) {
  const Result<DataWal> copy = DataWal::open(path, options());
  if (!copy) return check_error(copy.error());
  const Reading reading = reading_of(copy->scan());
  if (reading.error) return check_error(*reading.error);
  if (fold(reading.records) != model_.values()) problem("the copy has other keys and values");
}

void RandomSession::compact() {
  if (!store_) return;
  const std::filesystem::path path = fresh_path("compact");
  const Result<CompactionStats> stats = store_->compact_to(path);
  if (!stats) return check_error(stats.error());
  const KeyValues expected = model_.values();
  if (stats->live_keys != expected.size()) problem("compact_to: live_keys is wrong");
  compare_copy(path);
}

void RandomSession::export_and_import() {
  if (!store_) return;
  const std::filesystem::path file = fresh_path("export");
  const Result<ExportStats> exported = store_->export_jsonl(file, Overwrite::kNo);
  if (!exported) return check_error(exported.error());
  const std::filesystem::path path = fresh_path("imported");
  {
    Result<DataWal> copy = DataWal::open(path, options());
    if (!copy) return check_error(copy.error());
    const Result<ImportStats> imported = copy->import_jsonl(file);
    if (!imported && copy->is_poisoned() && is_disturbed()) return;
    if (!imported) return check_error(imported.error());
    if (imported->records_read != exported->records_written) problem("import_jsonl: records_read");
    if (imported->bytes_read != exported->bytes_written) problem("import_jsonl: bytes_read");
  }
  compare_copy(path);
}

void RandomSession::import_into_self() {
  if (!store_) return;
  const std::filesystem::path file = fresh_path("export");
  if (const auto exported = store_->export_jsonl(file); !exported) {
    return check_error(exported.error());
  }
  Records records;
  for (const auto& [key, value] : model_.values()) records.push_back(put_of(key, as_bytes(value)));
  const bool was_poisoned = attempt(std::move(records));
  const Result<ImportStats> imported = store_->import_jsonl(file);
  note(imported, was_poisoned);
  if (imported) model_.note_synced();
}

// Another process would see the same; here it may meet half a record too.
void RandomSession::read_beside() {
  const Result<DataWal> store = DataWal::open_read_only(base_ / "store", options());
  if (!store) {
    if (store.error().code != ErrorCode::kNotFound || store_) check_error(store.error());
    return;
  }
  const Reading reading = reading_of(store->scan());
  const std::string difference = reading.error ? model_.compare_beginning(reading.records)
                                               : model_.compare(reading.records, floor_);
  if (!difference.empty()) problem("open_read_only: " + difference);
  if (reading.error) check_error(*reading.error);
}

// Records that are there whatever has happened since the last open.
std::size_t RandomSession::certain_count() const {
  return floor_ == LogModel::Floor::kVisible ? model_.visible().size() : model_.durable_count();
}

void RandomSession::restart_follower() {
  follower_.reset();
  const Result<RecordLogReader> reader = RecordLogReader::open(base_ / "store", options());
  if (!reader) return check_error(reader.error());
  followed_txid_ = below(2) == 0 ? 0 : std::min(followed_txid_, Txid{certain_count()});
  Result<Follower> follower = reader->follow(followed_txid_ + 1);
  if (!follower) return check_error(follower.error());
  follower_.emplace(*std::move(follower));
}

void RandomSession::follow() {
  if (!follower_) restart_follower();
  while (follower_) {
    const auto record = follower_->next(std::chrono::milliseconds(0));
    if (!record) {
      check_error(record.error());
      return follower_.reset();
    }
    if (!*record) break;
    const Record* expected = model_.next_shown(followed_txid_ + 1);
    const Record found = {(*record)->type, (*record)->txid, to_bytes((*record)->key),
                          to_bytes((*record)->payload)};
    if (expected == nullptr || *expected != found) return problem("follow: another record");
    followed_txid_ = found.txid;
  }
  if (follower_ && followed_txid_ < certain_count()) problem("follow: ends too early");
}

void RandomSession::kill() {
  machine_->kill_process(below(machine_->interrupted_write_size() + 1));
  follower_.reset();
  open();
}

void RandomSession::cut_power() {
  constexpr PowerCut kPolicies[] = {PowerCut::kTear, PowerCut::kTear, PowerCut::kDropPending,
                                    PowerCut::kKeepPending, PowerCut::kZeroPending};
  machine_->crash(kPolicies[below(std::size(kPolicies))], random_());
  floor_ = LogModel::Floor::kDurable;
  follower_.reset();
  open();
}

// From some change on, soon, everything fails, until the process dies or the power goes.
void RandomSession::arm_stop() {
  machine_->stop_at_mutation(1 + below(30));
}

// Not a directory's sync: a filesystem that has failed at that is lost.
void RandomSession::arm_fault() {
  constexpr SimulatedCall kCalls[] = {
      SimulatedCall::kWrite,  SimulatedCall::kWrite,  SimulatedCall::kSync,    SimulatedCall::kSync,
      SimulatedCall::kCreate, SimulatedCall::kRename, SimulatedCall::kRead,    SimulatedCall::kOpen,
      SimulatedCall::kList,   SimulatedCall::kSize,   SimulatedCall::kTruncate};
  machine_->clear_faults();
  machine_->inject({.first = 1 + below(5),
                    .count = below(4) == 0 ? 3U : 1U,
                    .call = kCalls[below(std::size(kCalls))],
                    .code = below(2) == 0 ? ErrorCode::kIo : ErrorCode::kNoSpace,
                    .written_prefix = below(200)});
  has_fault_ = true;
}

void RandomSession::recover_if_stopped() {
  if (machine_ == nullptr) return;
  while (machine_->is_stopped() && problem_.empty()) {
    if (has_fault_) machine_->clear_faults();
    has_fault_ = false;
    history_.emplace_back("(the machine has stopped)");
    if (below(2) == 0) {
      kill();
    } else {
      cut_power();
    }
    if (below(2) == 0) machine_->stop_at_mutation(1 + below(8));
    if (!store_) open();
  }
  const bool is_over = has_fault_ && below(3) == 0;
  if (is_over) machine_->clear_faults();
  if (is_over) has_fault_ = false;
  if ((!store_ || store_->is_poisoned()) && below(3) == 0) open();
}

}  // namespace datawal::test
