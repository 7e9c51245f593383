#include "store/store_index.h"

#include <string>
#include <utility>

#include "base/try.h"
#include "store/key_matcher.h"

namespace datawal {

StoreIndex::StoreIndex(std::shared_ptr<const Directory> directory, StoreRecords::Access access,
                       const SipHashKey& secret)
    : secret_(secret),
      hash_function_(secret_),
      records_(std::make_shared<StoreRecords>(std::move(directory), std::move(access))) {
  add_version(std::make_shared<KeyIndex>());
}

StoreIndex::StoreIndex(std::shared_ptr<const Directory> directory, StoreRecords::Access access,
                       LoadedIndex loaded)
    : secret_(loaded.secret),
      hash_function_(secret_),
      records_(std::make_shared<StoreRecords>(std::move(directory), std::move(access),
                                              std::move(loaded.addresses), loaded.segments)) {
  add_version(std::move(loaded.index));
}

StoreIndex::StoreIndex(const StoreIndex& other, std::shared_ptr<KeyIndex> index)
    : secret_(other.secret_), hash_function_(other.hash_function_), records_(other.records_) {
  add_version(std::move(index));
}

void StoreIndex::add_version(std::shared_ptr<KeyIndex> index) {
  versions_.push_back(std::make_unique<const Version>(std::move(index), *records_, hash_function_));
  current_.store(versions_.back().get(), std::memory_order_release);
}

Status StoreIndex::rebuild(const std::function<Status(StoreIndex&)>& replay) {
  records_->forget_dead();
  auto index = std::make_shared<KeyIndex>();
  StoreIndex anew(*this, index);
  DATAWAL_TRY(replay(anew));
  add_version(std::move(index));
  return {};
}

Error StoreIndex::broken() const {
  return Error{.code = ErrorCode::kCorruption,
               .message = "the checkpoint of the index " + std::string(index().fault()) +
                          "; open the store again",
               .path = records_->directory()->path().string()};
}

Result<SavedIndex> StoreIndex::freeze_for_saving() const {
  DATAWAL_TRY(settle());
  DATAWAL_TRY(load_all());
  return SavedIndex{current().index, index().freeze(), records_->addresses().stretches()};
}

Result<FrozenStore> StoreIndex::freeze() const {
  DATAWAL_TRY(settle());
  DATAWAL_TRY(load_all());
  return FrozenStore{current().index, index().freeze(), records_, records_->hold(), hash_function_};
}

Status StoreIndex::load_all() const {
  return index().load_all() ? Status{} : std::unexpected(broken());
}

Status StoreIndex::settle() const {
  while (!is_settled()) DATAWAL_TRY(settle_oldest());
  return {};
}

// Sees to it that nothing is pending of the keys with this hash.
Status StoreIndex::settle_key(KeyHash hash) const {
  return index().pending().find(hash) ? settle() : Status{};
}

Status StoreIndex::settle_oldest() const {
  const PendingPut put = index().pending()[0];
  const ByteView bytes = records_->view(put.address);
  if (bytes.size() >= kFrameSizeMin && bytes.size() >= frame_size(header_key_size(bytes), 0)) {
    const ByteView key = bytes.subspan(kFrameHeaderSize, header_key_size(bytes));
    DATAWAL_TRY(put_at_address(put.address, key, put.hash));
  } else {
    DATAWAL_TRY_ASSIGN(const FetchedFrame fetched, records_->fetch(put.address));
    DATAWAL_TRY(put_at_address(put.address, fetched.frame.record.key, put.hash));
  }
  index().pending().pop();
  return {};
}

Status StoreIndex::put_at_address(LogAddress address, ByteView key, KeyHash hash) const {
  index().reserve_one();
  DATAWAL_TRY_ASSIGN(const KeyIndex::Place place, locate(key, hash));
  note_dead(index().put_at(place, address));
  return {};
}

Result<KeyIndex::Place> StoreIndex::locate(ByteView key, KeyHash hash) const {
  const KeyMatcher matcher(*records_, hash_function_, key, hash, KeyMatcher::Purpose::kReplace);
  auto place = index().locate(hash, matcher);
  if (!place) return std::unexpected(is_broken() ? broken() : matcher.failure());
  return *std::move(place);
}

Result<PreparedPut> StoreIndex::prepare_put(ByteView key) {
  DATAWAL_TRY(records_->check_room());
  const KeyHash hash = begin_write(key);
  DATAWAL_TRY(settle_key(hash));
  // What is not in memory is not there sooner for being asked for earlier.
  if (!records_->maps_last_segment() || !PendingPuts::can_hold(hash)) {
    index().reserve_one();
    return locate(key, hash);
  }
  if (index().pending().is_full()) DATAWAL_TRY(settle_oldest());
  return hash;
}

Result<KeyIndex::Place> StoreIndex::prepare_removal(ByteView key) const {
  const KeyHash hash = hash_of(key);
  DATAWAL_TRY(settle_key(hash));
  return locate(key, hash);
}

void StoreIndex::note_put(const PreparedPut& prepared, const RecordRef& ref) {
  // prepare_put() has seen to it that there is an address to be had.
  const Result<LogAddress> address = records_->add(ref);
  if (!address) return;
  if (const auto* place = std::get_if<KeyIndex::Place>(&prepared)) {
    note_dead(index().put_at(*place, *address));
    return;
  }
  PendingPuts& pending = index().pending();
  pending.push({std::get<KeyHash>(prepared), *address});
  // The entry of an earlier one is there by now, and says what else is to be loaded.
  constexpr std::size_t kEarlier = PendingPuts::kCapacity / 2 + 1;
  if (pending.count() >= kEarlier) continue_write(pending[pending.count() - kEarlier].hash);
}

void StoreIndex::note_removal(const KeyIndex::Place& place) {
  note_dead(index().erase_at(place));
}

void StoreIndex::move(KeyHash hash, LogAddress source, const RecordRef& target) {
  const Result<LogAddress> address = records_->add(target);
  // Where the key has been written meanwhile, the copy is dead already.
  if (address && !index().replace(hash, source, *address)) records_->note_dead(*address);
}

Status StoreIndex::replay(const ScannedRecord& record) {
  if (record.type == RecordType::kPut) {
    DATAWAL_TRY(records_->check_room());
    DATAWAL_TRY_ASSIGN(const LogAddress address, records_->add(record.ref));
    return put_at_address(address, record.key, hash_of(record.key));
  }
  if (record.type == RecordType::kDelete) {
    DATAWAL_TRY_ASSIGN(const KeyIndex::Place place, prepare_removal(record.key));
    note_removal(place);
  }
  return {};
}

void StoreIndex::continue_write(KeyHash hash) const {
  index().visit_candidates(hash, [this](LogAddress address) {
    const ByteView bytes = records_->view(address);
    if (!bytes.empty()) __builtin_prefetch(bytes.data());
  });
}

Result<bool> StoreIndex::finish_replay(ByteView key, KeyHash hash, RecordType type,
                                       LogAddress address) {
  if (type == RecordType::kPut) index().reserve_one();
  DATAWAL_TRY_ASSIGN(const KeyIndex::Place place, locate(key, hash));
  const std::optional<LogAddress> replaced =
      type == RecordType::kPut ? index().put_at(place, address) : index().erase_at(place);
  note_dead(replaced);
  return replaced.has_value();
}

}  // namespace datawal
