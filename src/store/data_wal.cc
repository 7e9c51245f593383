#include "datawal/data_wal.h"

#include <cstring>
#include <utility>

#include "base/try.h"
#include "log/log_opening.h"
#include "log/log_scan.h"
#include "log/open_clock.h"
#include "store/checkpointing.h"
#include "store/data_wal_impl.h"
#include "store/index_replay.h"

namespace datawal {
namespace {

StoreIndex make_index(Filesystem& filesystem, std::shared_ptr<const Directory> directory,
                      StoreRecords::Access access) {
  SipHashKey secret;
  filesystem.fill_random(secret);
  return {std::move(directory), access, secret};
}

// Where there is a checkpoint of the log, its index, and the log is opened behind what that covers.
StoreIndex begin_index(LogOpening& opening, Filesystem& filesystem, const Options& options) {
  const StoreRecords::Access access = {.may_map = options.map_files,
                                       .size_max = options.segment_size_max};
  std::optional<LoadedIndex> loaded = load_checkpoint(opening.view());
  if (!loaded) return make_index(filesystem, opening.directory(), access);
  opening.begin_behind(loaded->coverage, loaded->segments);
  return {opening.directory(), access, *std::move(loaded)};
}

}  // namespace

DataWal::Impl::Impl(const Options& options, StoreIndex index, std::unique_ptr<SharedLog> log,
                    Position covered)
    : filesystem_(filesystem_of(options)),
      index_(std::move(index)),
      shared_log_(log.get()),
      checkpoint_log_size_(options.checkpoint_log_size),
      covered_(covered),
      segment_size_max_(options.segment_size_max) {
  log_.emplace(std::move(log));
  if (options.space_amplification_max == 0) return;
  auto_compaction_ = std::make_unique<AutoCompaction>(
      options.space_amplification_max, AutoCompaction::kGarbageMin,
      AutoCompaction::Store{
          .space_use = [this] { return space_use(); },
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

Result<SharedLog*> DataWal::Impl::writable_log() const {
  if (shared_log_ == nullptr) {
    return std::unexpected(
        Error{.code = ErrorCode::kReadOnly,
              .message = "the store was opened read-only; open it with DataWal::open to write",
              .path = directory().path().string()});
  }
  return shared_log_;
}

Status DataWal::Impl::check_writable() const {
  DATAWAL_TRY_ASSIGN(const SharedLog* const log, writable_log());
  return log->read([](const LogWriter& writer) { return writer.check_usable(); });
}

Result<SortedKeys> DataWal::Impl::sorted_keys() const {
  const auto collect = [this](const auto&...) { return index_.live_records(); };
  const std::vector<IndexedRecord> records =
      shared_log_ != nullptr ? shared_log_->read(collect) : collect();
  return SortedKeys::collect(index_, records);
}

Status DataWal::Impl::close() {
  if (shared_log_ == nullptr) return {};
  closing_.request_stop();
  if (auto_compaction_) auto_compaction_->stop();
  const std::lock_guard lock(compacting_);  // its end is waited for
  // Of durable records only: a checkpoint must never be ahead of its log. What others append behind
  // it meanwhile is read by the next open.
  return shared_log_->close([this](const LogWriter& writer) {
    const Position before = covered_;
    covered_ = save_checkpoint(index_, writer, covered_, checkpoint_log_size_);
    if (covered_ != before) shared_log_->events().push(CheckpointSaved{covered_});
  });
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
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, opening.next());
    if (!record) break;
    DATAWAL_TRY(replay.add(*record));
    clock.note_record();
  }
  DATAWAL_TRY(replay.finish());
  DATAWAL_TRY_ASSIGN(std::unique_ptr<LogWriter> writer, opening.finish());
  auto log = std::make_unique<SharedLog>(std::move(writer), options, clock.stats(checkpoint));
  return DataWal(std::make_unique<Impl>(options, std::move(index), std::move(log), covered));
}

Result<DataWal> DataWal::open_read_only(const std::filesystem::path& directory,
                                        const Options& options) {
  OpenClock clock;
  Filesystem& filesystem = filesystem_of(options);
  DATAWAL_TRY_ASSIGN(std::shared_ptr<Directory> opened, open_store(directory, options));
  DATAWAL_TRY_ASSIGN(LogView view, hold_log_view(opened, filesystem, options.damage));
  StoreIndex index = make_index(filesystem, opened, {});  // others may cut what they write
  LogScan scan(std::move(view), options.damage, {});
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, scan.next());
    if (!record) break;
    DATAWAL_TRY(index.replay(*record));
    clock.note_record();
  }
  return DataWal(std::make_unique<Impl>(filesystem, std::move(index), scan, clock.stats()));
}

DataWal::DataWal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DataWal::DataWal(DataWal&&) noexcept = default;
DataWal& DataWal::operator=(DataWal&&) noexcept = default;
DataWal::~DataWal() = default;  // the log closes itself

Result<std::optional<Value>> DataWal::get(ByteView key) const {
  const LookupStats& lookups = impl_->lookups();
  const LookupStats::Start start = lookups.begin();
  const GracePeriod::Use use(impl_->index().records().grace());
  auto looked_up = impl_->index().fetch(key);
  if (!looked_up) return lookups.fail(std::move(looked_up).error());
  std::optional<StoreIndex::Found> found = *std::move(looked_up);
  lookups.end(start, found.has_value());
  if (!found) return std::nullopt;
  FetchedFrame& fetched = found->fetched;
  const ByteView value = fetched.frame.record.payload;
  if (!fetched.buffer) {
    auto copy = std::make_unique_for_overwrite<std::byte[]>(value.size());
    if (!value.empty()) std::memcpy(copy.get(), value.data(), value.size());
    return Value(std::move(copy), 0, value.size());
  }
  const auto offset = static_cast<std::size_t>(value.data() - fetched.buffer.get());
  return Value(std::move(fetched.buffer), offset, value.size());
}

Result<bool> DataWal::contains_key(ByteView key) const {
  const LookupStats& lookups = impl_->lookups();
  const LookupStats::Start start = lookups.begin();
  const GracePeriod::Use use(impl_->index().records().grace());
  auto looked_up = impl_->index().fetch(key);
  if (!looked_up) return lookups.fail(std::move(looked_up).error());
  std::optional<StoreIndex::Found> found = *std::move(looked_up);
  lookups.end(start, found.has_value());
  return found.has_value();
}

Result<std::optional<RecordRef>> DataWal::ref_of(ByteView key) const {
  const LookupStats& lookups = impl_->lookups();
  const LookupStats::Start start = lookups.begin();
  const GracePeriod::Use use(impl_->index().records().grace());
  auto looked_up = impl_->index().fetch(key);
  if (!looked_up) return lookups.fail(std::move(looked_up).error());
  std::optional<StoreIndex::Found> found = *std::move(looked_up);
  lookups.end(start, found.has_value());
  if (!found) return std::nullopt;
  const StoreIndex::Found& record = *found;
  return RecordRef{record.position.segment, static_cast<std::uint32_t>(record.fetched.frame.size),
                   record.position.offset};
}

Result<Txid> DataWal::put(ByteView key, ByteView value, std::optional<Durability> durability) {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  const auto work = [&](LogWriter& writer) -> Result<Appended> {
    DATAWAL_TRY(writer.check_usable());
    DATAWAL_TRY_ASSIGN(const KeyIndex::Place place, impl_->index().prepare_put(key));
    DATAWAL_TRY_ASSIGN(const Appended appended, writer.append(RecordType::kPut, key, value));
    impl_->index().note_put(place, appended.ref);
    return appended;
  };
  DATAWAL_TRY_ASSIGN(const Appended appended,
                     log->write(frame_size(key.size(), value.size()), durability, work));
  impl_->note_written(appended.ref);
  return appended.txid;
}

Result<Removed> DataWal::remove(ByteView key, std::optional<Durability> durability) {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  bool existed = false;
  const auto work = [&](LogWriter& writer) -> Result<Appended> {
    DATAWAL_TRY(writer.check_usable());
    DATAWAL_TRY_ASSIGN(const KeyIndex::Place place, impl_->index().prepare_removal(key));
    DATAWAL_TRY_ASSIGN(const Appended appended, writer.append(RecordType::kDelete, key, {}));
    existed = place.has_entry();
    impl_->index().note_removal(place);
    return appended;
  };
  DATAWAL_TRY_ASSIGN(const Appended appended,
                     log->write(frame_size(key.size(), 0), durability, work));
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
  return impl_->index().size();
}
bool DataWal::empty() const {
  return size() == 0;
}

Status DataWal::for_each(const std::function<bool(const Item&)>& visit) const {
  ItemCursor cursor = items();
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<Item> item, cursor.next());
    if (!item || !visit(*item)) return {};
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
