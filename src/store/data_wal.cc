#include "datawal/data_wal.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/try.h"
#include "log/hint_file.h"
#include "log/log_opening.h"
#include "log/log_scan.h"
#include "log/open_clock.h"
#include "store/checkpointing.h"
#include "store/data_wal_impl.h"
#include "store/index_replay.h"
#include "store/item_cursor.h"
#include "store/snapshot_state.h"

namespace datawal {
namespace {

StoreIndex make_index(Filesystem& filesystem, std::shared_ptr<const Directory> directory,
                      StoreRecords::Access access) {
  SipHashKey secret;
  filesystem.fill_random(secret);
  return {std::move(directory), std::move(access), secret};
}

// Where there is a checkpoint of the log, its index, and the log is opened behind what that covers.
StoreIndex begin_index(LogOpening& opening, Filesystem& filesystem, const Options& options) {
  const StoreRecords::Access access = {.may_map = options.map_files,
                                       .size_max = options.segment_size_max,
                                       .held = opening.view().held};
  if (auto found = find_checkpoint(opening.view())) {
    LoadedIndex& loaded = found->index;
    if (!found->is_needed_whole || loaded.index->load_all()) {
      opening.begin_behind(loaded.coverage, loaded.segments);
      opening.read_ahead(LogOpening::Hints::kUse);
      return {opening.directory(), access, std::move(loaded)};
    }
  }
  opening.read_ahead(LogOpening::Hints::kUse);
  return make_index(filesystem, opening.directory(), access);
}

Status replay_all(RecordCursor records, StoreIndex& index) {
  IndexReplay replay(index);
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, records.next());
    if (!record) return replay.finish();
    DATAWAL_TRY(replay.add(*record));
  }
}

ItemCursor failed_cursor(const Error& error) {
  return ItemCursor(std::make_unique<ItemCursorState>(error));
}

}  // namespace

DataWal::Impl::Impl(const Options& options, StoreIndex index, std::unique_ptr<SharedLog> log,
                    Position covered, HintWriting hints)
    : filesystem_(filesystem_of(options)),
      index_(std::move(index)),
      shared_log_(log.get()),
      checkpoint_log_size_(options.checkpoint_log_size),
      covered_(covered),
      segment_size_max_(options.segment_size_max),
      hints_(std::move(hints)) {
  log_.emplace(std::move(log));
  if (options.space_amplification_max == 0) return;
  auto_compaction_ = std::make_unique<AutoCompaction>(
      options.space_amplification_max, AutoCompaction::kGarbageMin,
      AutoCompaction::Store{.space_use = [this] { return space_use(); },
                            .compact =
                                [this](double ratio) {
                                  return compact({.garbage_ratio_min = ratio}, Seal::kMuchGarbage);
                                }});
}

DataWal::Impl::~Impl() {
  (void)close();  // a destructor has nobody to tell
}

DataWal::Impl::Impl(Filesystem& filesystem, StoreIndex index, const LogScan& scan,
                    const OpenStats& opened)
    : filesystem_(filesystem),
      index_(std::move(index)),
      view_(scan.view()),
      report_(scan.report()),
      end_(scan.facts().end),
      segment_facts_(scan.facts().segments),
      durable_txid_(scan.facts().watermark ? scan.facts().watermark->txid : 0),
      opened_(opened) {}

Error DataWal::Impl::read_only() const {
  return {.code = ErrorCode::kReadOnly,
          .message = "the store was opened read-only; open it with DataWal::open to write",
          .path = directory().path().string()};
}

Status DataWal::Impl::check_writable() const {
  DATAWAL_TRY_ASSIGN(const SharedLog* const log, writable_log());
  return log->read([](const LogWriter& writer) { return writer.check_usable(); });
}

Result<std::shared_ptr<const SnapshotState>> DataWal::Impl::snapshot() const {
  const auto freeze = [this](Txid txid) -> Result<std::shared_ptr<const SnapshotState>> {
    DATAWAL_TRY_ASSIGN(FrozenStore frozen, index_.freeze());
    return std::make_shared<const SnapshotState>(std::move(frozen), txid, filesystem_);
  };
  if (shared_log_ == nullptr) return freeze(last_txid());
  return with_whole_index([&] {
    return shared_log_->read([&](const LogWriter& writer) { return freeze(writer.last_txid()); });
  });
}

Status DataWal::Impl::mend_index() const {
  return shared_log_->read([this](const LogWriter& writer) -> Status {
    if (!index_.is_broken()) return {};  // somebody else has been here
    is_mended_.store(true, std::memory_order_relaxed);
    return index_.rebuild([&](StoreIndex& anew) { return replay_all(writer.scan({}), anew); });
  });
}

Status DataWal::Impl::load_index() const {
  return with_whole_index([this] { return index_.load_all(); });
}

void DataWal::Impl::settle_index() const {
  if (index_.is_settled()) return;
  // What stays pending is reported by the next write.
  (void)with_whole_index(
      [this] { return shared_log_->read([this](const LogWriter&) { return index_.settle(); }); });
}

StoreIndex DataWal::Impl::make_empty_index(std::shared_ptr<const SegmentSet> held) const {
  const StoreRecords& records = index_.records();
  StoreRecords::Access access = records.access();
  access.held = std::move(held);
  return make_index(filesystem_, records.directory(), std::move(access));
}

Txid DataWal::Impl::last_txid() const {
  return log_ ? log_->last_txid() : report_.last_txid_seen;
}

Status DataWal::Impl::close() {
  if (shared_log_ == nullptr) return {};
  closing_.request_stop();
  if (auto_compaction_) auto_compaction_->stop();
  {
    const std::lock_guard making(making_thread_);
    if (saving_) saving_->stop();
  }
  const std::lock_guard lock(compacting_);     // its end is waited for
  if (index_.is_broken()) (void)mend_index();  // else it cannot be saved
  // Of durable records only: a checkpoint must never be ahead of its log. What others append behind
  // it meanwhile is read by the next open.
  return shared_log_->close([this](const LogWriter& writer) {
    const auto checkpoint = begin_checkpoint(index_, writer, covered_, checkpoint_log_size_);
    if (checkpoint && finish_checkpoint(*checkpoint, *writer.directory())) {
      covered_ = checkpoint->coverage.end;
      shared_log_->events().push(CheckpointSaved{covered_});
    }
  });
}

Result<DataWal::Impl::HeldScan> DataWal::Impl::held_scan() const {
  ScanRange range{.with_control_records = true};
  LogView view = view_;
  Txid horizon = add_up(segment_facts_).horizon;
  if (shared_log_ != nullptr) {
    DATAWAL_TRY_ASSIGN(view, shared_log_->read([&](const LogWriter& writer) {
      range.end = writer.end();
      horizon = add_up(writer.segment_facts()).horizon;
      return writer.held_view();
    }));
  } else if (!view.segments.empty()) {
    range.end = end_;
  }
  std::shared_ptr<const SegmentSet> segments = view.held;
  auto scan = std::make_unique<LogScan>(std::move(view), DamagePolicy::kRefuse, range);
  return HeldScan{RecordCursor(std::move(scan)), std::move(segments), horizon};
}

// Of an index that takes longer to write than to build again nothing would be gained.
std::uint64_t DataWal::Impl::log_size_worth_saving() const {
  constexpr std::uint64_t kLogPerIndex = 4;  // bytes that are read in the time that one is written
  return std::max(checkpoint_log_size_, kLogPerIndex * index_.memory_size());
}

void DataWal::Impl::save_index(std::uint64_t log_size_min) {
  std::optional<Checkpoint> checkpoint;
  if (!load_index()) return;
  shared_log_->read([&](const LogWriter& writer) {
    if (!writer.check_usable()) return;
    checkpoint = begin_checkpoint(index_, writer, covered_, log_size_min);
  });
  if (!checkpoint || !shared_log_->sync()) return;
  if (!finish_checkpoint(*checkpoint, *shared_log_->directory())) return;
  shared_log_->read([&](const LogWriter&) { covered_ = checkpoint->coverage.end; });
  shared_log_->events().push(CheckpointSaved{checkpoint->coverage.end});
}

void DataWal::Impl::write_sidecars_later() {
  const std::lock_guard lock(making_thread_);
  if (!saving_) {
    saving_ = std::make_unique<RepeatedWork>([this] {
      const std::lock_guard compacting(compacting_);
      if (closing_.stop_requested()) return;
      save_index(log_size_worth_saving());
      write_hints();
    });
  }
  saving_->ask();
}

// With compacting_ locked: nobody replaces a segment meanwhile.
void DataWal::Impl::write_hints() {
  std::vector<SegmentFacts> segments;
  shared_log_->read([&](const LogWriter& writer) {
    if (writer.check_usable()) segments = writer.segment_facts();
  });
  if (segments.empty()) return;
  segments.pop_back();  // is written to
  hints_->run(segments, std::max(kHintSegmentSizeMin, checkpoint_log_size_),
              *shared_log_->directory(), [this] { return !closing_.stop_requested(); });
}

RecordCursor DataWal::Impl::scan() const {
  if (log_) return log_->scan();
  ScanRange range;
  if (!view_.segments.empty()) range.end = end_;
  return RecordCursor(std::make_unique<LogScan>(view_, DamagePolicy::kRefuse, range));
}

const RecoveryReport& DataWal::Impl::report() const {
  return log_ ? log_->recovery_report() : report_;
}

const Directory& DataWal::Impl::directory() const {
  return shared_log_ != nullptr ? *shared_log_->directory() : *view_.directory;
}

Result<DataWal> DataWal::open(const std::filesystem::path& directory, const Options& options) {
  OpenClock clock;
  Filesystem& filesystem = filesystem_of(options);
  DATAWAL_TRY_ASSIGN(LogOpening opening, LogOpening::begin(directory, options));
  StoreIndex index = begin_index(opening, filesystem, options);
  const Position covered = opening.begin_position();
  const CheckpointUse checkpoint = checkpoint_use(*opening.directory(), covered);
  IndexReplay replay(index);
  std::uint64_t looks = 0;
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::span<const ScannedRecord> records, opening.next_batch());
    if (records.empty()) break;
    DATAWAL_TRY(replay.add(records));
    clock.note_records(records.size());
    if (replay.replaced_count() == looks) continue;
    looks = replay.replaced_count();
    opening.note_looks(looks);
  }
  DATAWAL_TRY(replay.finish());
  DATAWAL_TRY_ASSIGN(std::unique_ptr<LogWriter> writer, opening.finish());
  index.records().release_held();
  const LogScan::ReadAheadResult& ahead = opening.read_ahead_result();
  HintWriting hints(writer->segment_facts(), ahead.lacking_hint);
  OpenStats opened = clock.stats(checkpoint);
  opened.hints_read = ahead.hints;
  auto log = std::make_unique<SharedLog>(std::move(writer), options, opened);
  return DataWal(
      std::make_unique<Impl>(options, std::move(index), std::move(log), covered, std::move(hints)));
}

Result<DataWal> DataWal::open_read_only(const std::filesystem::path& directory,
                                        const Options& options) {
  OpenClock clock;
  Filesystem& filesystem = filesystem_of(options);
  DATAWAL_TRY_ASSIGN(std::shared_ptr<Directory> opened, open_store(directory, options));
  DATAWAL_TRY_ASSIGN(LogView view, hold_log_view(opened, filesystem, options.damage));
  StoreIndex index = make_index(filesystem, opened, {.held = view.held});  // others may cut it
  LogScan scan(std::move(view), options.damage, {});
  if (scan.is_long()) scan.read_ahead(ReadAhead::settings());  // all of it: damage is to be found
  IndexReplay replay(index);
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::span<const ScannedRecord> records, scan.next_batch());
    if (records.empty()) break;
    DATAWAL_TRY(replay.add(records));
    clock.note_records(records.size());
  }
  DATAWAL_TRY(replay.finish());
  return DataWal(std::make_unique<Impl>(filesystem, std::move(index), scan, clock.stats()));
}

DataWal::DataWal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DataWal::DataWal(DataWal&&) noexcept = default;
DataWal& DataWal::operator=(DataWal&&) noexcept = default;
DataWal::~DataWal() = default;  // the log closes itself

Result<std::optional<Value>> DataWal::get(ByteView key) const {
  return impl_->look_up([&](const auto& lookup) { return lookup.get(key); });
}
Result<std::optional<std::size_t>> DataWal::get_into(ByteView key, MutableByteView buffer) const {
  return impl_->look_up([&](const auto& lookup) { return lookup.get_into(key, buffer); });
}
Result<std::optional<PinnedValue>> DataWal::get_view(ByteView key) const {
  return impl_->look_up([&](const auto& lookup) { return lookup.get_view(key); });
}
std::vector<Result<std::optional<Value>>> DataWal::multi_get(std::span<const ByteView> keys) const {
  const auto look_up = [&] {
    const GracePeriod::Use use(impl_->index().records().grace());
    return impl_->index().lookup().multi_get(keys);
  };
  std::vector<Result<std::optional<Value>>> values = look_up();
  const auto may_be_of_broken_index = [&](const Result<std::optional<Value>>& value) {
    return !value && impl_->may_be_of_broken_index(value.error());
  };
  if (std::ranges::any_of(values, may_be_of_broken_index) && impl_->mend_index()) {
    values = look_up();
  }
  for (const Result<std::optional<Value>>& value : values) impl_->lookups().count(value);
  return values;
}
Result<bool> DataWal::contains_key(ByteView key) const {
  return impl_->look_up([&](const auto& lookup) { return lookup.contains_key(key); });
}
Result<std::optional<RecordRef>> DataWal::ref_of(ByteView key) const {
  return impl_->look_up([&](const auto& lookup) { return lookup.ref_of(key); });
}

Result<Txid> DataWal::put(ByteView key, ByteView value, std::optional<Durability> durability) {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  const auto work = [&](LogWriter& writer) -> Result<Appended> {
    DATAWAL_TRY(writer.check_usable());
    return impl_->index().put(key, value.size(),
                              [&] { return writer.append(RecordType::kPut, key, value); });
  };
  const auto write = [&] {
    return log->write(frame_size(key.size(), value.size()), durability, work);
  };
  DATAWAL_TRY_ASSIGN(const Appended& appended, impl_->with_whole_index(write));
  impl_->note_written(appended.ref);
  return appended.txid;
}

Result<Removed> DataWal::remove(ByteView key, std::optional<Durability> durability) {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  bool existed = false;
  const auto work = [&](LogWriter& writer) -> Result<Appended> {
    DATAWAL_TRY(writer.check_usable());
    return impl_->index().remove(key, existed,
                                 [&] { return writer.append(RecordType::kDelete, key, {}); });
  };
  const auto write = [&] { return log->write(frame_size(key.size(), 0), durability, work); };
  DATAWAL_TRY_ASSIGN(const Appended& appended, impl_->with_whole_index(write));
  impl_->note_written(appended.ref);
  return Removed{appended.txid, existed};
}

Result<Txid> DataWal::append(ByteView payload, std::optional<Durability> durability) {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  const auto work = [&](LogWriter& writer) { return writer.append(RecordType::kRaw, {}, payload); };
  DATAWAL_TRY_ASSIGN(const Appended appended,
                     log->write(frame_size(0, payload.size()), durability, work));
  return appended.txid;
}

Status DataWal::sync() {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  return log->sync();
}

Status DataWal::wait_durable(Txid txid) {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  return log->wait_durable(txid);
}

Status DataWal::when_durable(Txid txid, std::function<void(const Status&)> done) {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  return log->when_durable(txid, std::move(done));
}

std::future<Status> DataWal::durable_future(Txid txid) {
  const Result<SharedLog*> log = impl_->writable_log();
  if (log) return (*log)->durable_future(txid);
  std::promise<Status> refused;
  refused.set_value(std::unexpected(log.error()));
  return refused.get_future();
}

Status DataWal::rotate() {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  return log->rotate();
}

Status DataWal::close() {
  return impl_->close();
}

std::uint64_t DataWal::size() const {
  impl_->settle_index();
  return impl_->index().size();
}
bool DataWal::empty() const {
  return size() == 0;
}

Result<Snapshot> DataWal::snapshot() const {
  DATAWAL_TRY_ASSIGN(std::shared_ptr<const SnapshotState> state, impl_->snapshot());
  return Snapshot(std::move(state));
}

ItemCursor DataWal::items() const {
  const Result<Snapshot> taken = snapshot();
  return taken ? taken->items() : failed_cursor(taken.error());
}
ItemCursor DataWal::keys() const {
  const Result<Snapshot> taken = snapshot();
  return taken ? taken->keys() : failed_cursor(taken.error());
}

Status DataWal::for_each(const std::function<bool(const Item&)>& visit) const {
  ItemCursor cursor = items();
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::span<const Item> batch, cursor.next_batch());
    if (batch.empty()) return {};
    for (const Item& item : batch) {
      if (!visit(item)) return {};
    }
  }
}

RecordCursor DataWal::scan() const {
  return impl_->scan();
}
const RecordLog* DataWal::log() const {
  return impl_->log();
}
const RecoveryReport& DataWal::recovery_report() const {
  return impl_->report();
}
const std::filesystem::path& DataWal::directory() const {
  return impl_->directory().path();
}
bool DataWal::is_poisoned() const {
  return log() != nullptr && log()->is_poisoned();
}

}  // namespace datawal
