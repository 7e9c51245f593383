#include "store/store_index.h"

#include <utility>

#include "base/try.h"
#include "store/key_matcher.h"

namespace datawal {

StoreIndex::StoreIndex(std::shared_ptr<const Directory> directory, StoreRecords::Access access,
                       const SipHashKey& secret)
    : secret_(secret),
      index_(std::make_shared<KeyIndex>()),
      records_(std::make_shared<StoreRecords>(std::move(directory), std::move(access))),
      lookup_(*index_, *records_, KeyHashFunction(secret_)) {}

StoreIndex::StoreIndex(std::shared_ptr<const Directory> directory, StoreRecords::Access access,
                       LoadedIndex loaded)
    : secret_(loaded.secret),
      index_(std::move(loaded.index)),
      records_(std::make_shared<StoreRecords>(std::move(directory), std::move(access),
                                              std::move(loaded.addresses), loaded.segments)),
      lookup_(*index_, *records_, KeyHashFunction(secret_)) {}

SavedIndex StoreIndex::freeze_for_saving() const {
  return {index_, index_->freeze(), records_->addresses().stretches()};
}

FrozenStore StoreIndex::freeze() const {
  return {index_, index_->freeze(), records_, records_->hold(), lookup_.hash_function()};
}

Result<KeyIndex::Place> StoreIndex::locate(ByteView key, KeyHash hash) const {
  const KeyMatcher matcher(*records_, lookup_.hash_function(), key, hash,
                           KeyMatcher::Purpose::kReplace);
  auto place = index_->locate(hash, matcher);
  if (!place) return std::unexpected(matcher.failure());
  return *std::move(place);
}

Result<KeyIndex::Place> StoreIndex::prepare_put(ByteView key) {
  DATAWAL_TRY(records_->check_room());
  index_->reserve_one();
  return locate(key, hash_of(key));
}

Result<KeyIndex::Place> StoreIndex::prepare_removal(ByteView key) const {
  return locate(key, hash_of(key));
}

void StoreIndex::note_put(const KeyIndex::Place& place, const RecordRef& ref) {
  // prepare_put() has seen to it that there is an address to be had.
  const Result<LogAddress> address = records_->add(ref);
  if (address) note_dead(index_->put_at(place, *address));
}

void StoreIndex::note_removal(const KeyIndex::Place& place) {
  note_dead(index_->erase_at(place));
}

void StoreIndex::move(KeyHash hash, LogAddress source, const RecordRef& target) {
  const Result<LogAddress> address = records_->add(target);
  // Where the key has been written meanwhile, the copy is dead already.
  if (address && !index_->replace(hash, source, *address)) records_->note_dead(*address);
}

Status StoreIndex::replay(const ScannedRecord& record) {
  if (record.type == RecordType::kPut) {
    DATAWAL_TRY_ASSIGN(const KeyIndex::Place place, prepare_put(record.key));
    note_put(place, record.ref);
  }
  if (record.type == RecordType::kDelete) {
    DATAWAL_TRY_ASSIGN(const KeyIndex::Place place, prepare_removal(record.key));
    note_removal(place);
  }
  return {};
}

KeyHash StoreIndex::begin_replay(ByteView key) const {
  const KeyHash hash = hash_of(key);
  index_->prefetch(hash);
  return hash;
}

void StoreIndex::continue_replay(KeyHash hash) const {
  index_->visit_candidates(hash, [this](LogAddress address) {
    const ByteView bytes = records_->view(address);
    if (!bytes.empty()) __builtin_prefetch(bytes.data());
  });
}

Result<bool> StoreIndex::finish_replay(ByteView key, KeyHash hash, RecordType type,
                                       LogAddress address) {
  if (type == RecordType::kPut) index_->reserve_one();
  DATAWAL_TRY_ASSIGN(const KeyIndex::Place place, locate(key, hash));
  const std::optional<LogAddress> replaced =
      type == RecordType::kPut ? index_->put_at(place, address) : index_->erase_at(place);
  note_dead(replaced);
  return replaced.has_value();
}

}  // namespace datawal
