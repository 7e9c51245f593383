#include "store/store_index.h"

#include <string>
#include <utility>

#include "base/bytes_equal.h"
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
  return settle_oldest(index().pending().count());
}

Status StoreIndex::settle_oldest(std::size_t count) const {
  // Those taken over by the time that one fails, or that memory runs out.
  struct TakenOver {
    explicit TakenOver(PendingPuts& puts) noexcept : pending(puts) {}
    TakenOver(const TakenOver&) = delete;
    TakenOver& operator=(const TakenOver&) = delete;
    ~TakenOver() {
      if (number > 0) pending.pop(number);
    }
    PendingPuts& pending;
    std::size_t number = 0;
  } done(index().pending());
  while (done.number < count) {
    DATAWAL_TRY(settle_one(done.pending[done.number]));
    ++done.number;
  }
  return {};
}

Status StoreIndex::make_pending_room() const {
  PendingPuts& pending = index().pending();
  const std::size_t capacity =
      records_->are_cold() ? PendingPuts::kColdCapacity : PendingPuts::kCapacity;
  if (capacity == pending.capacity()) return settle_oldest(PendingPuts::kGroup);
  DATAWAL_TRY(settle());
  pending.set_capacity(capacity);
  return {};
}

Status StoreIndex::settle_one(const PendingPut& put) const {
  if (put_new(put.hash, put.address)) return {};
  if (const auto key = key_at(put.address)) return put_at_address(put.address, *key, put.hash);
  DATAWAL_TRY_ASSIGN(const FetchedFrame fetched, records_->fetch(put.address));
  return put_at_address(put.address, fetched.frame.record.key, put.hash);
}

// Of a record that this process has appended, if its segment is mapped.
std::optional<ByteView> StoreIndex::key_at(LogAddress address) const {
  const ByteView bytes = records_->view(address);
  if (bytes.size() < kFrameSizeMin) return std::nullopt;
  const std::size_t size = header_key_size(bytes);
  if (bytes.size() < frame_size(size, 0)) return std::nullopt;
  return bytes.subspan(kFrameHeaderSize, size);
}

Status StoreIndex::settle_other_key(ByteView key, KeyHash hash) const {
  const std::optional<LogAddress> address = index().pending().find(hash);
  if (!address) return {};
  const std::optional<ByteView> pending_key = key_at(*address);
  return pending_key && bytes_equal(*pending_key, key) ? Status{} : settle();
}

bool StoreIndex::replace_pending(PendingPut newer) const {
  PendingPuts& pending = index().pending();
  const std::optional<std::size_t> age = pending.age_of(newer.hash);
  if (!age) return false;
  note_dead(std::optional(pending[*age].address));
  pending.replace(*age, newer.address);
  return true;
}

Status StoreIndex::put_at_address(LogAddress address, ByteView key, KeyHash hash) const {
  index().reserve_one();
  KeyIndex::Place place(hash);
  DATAWAL_TRY(locate(key, hash, place));
  note_dead(index().put_at(place, address));
  return {};
}

Status StoreIndex::locate(ByteView key, KeyHash hash, KeyIndex::Place& place) const {
  const KeyMatcher matcher(*records_, hash_function_, key, hash, KeyMatcher::Purpose::kReplace);
  if (index().locate(place, matcher)) [[likely]]
    return {};
  return std::unexpected(is_broken() ? broken() : matcher.failure());
}

// Begins to load what taking over the newest group, and the one before it, will look at.
void StoreIndex::load_groups() const {
  const PendingPuts& pending = index().pending();
  constexpr std::size_t kGroup = PendingPuts::kGroup;
  const std::size_t newest = pending.count() - kGroup;
  for (std::size_t at = newest; at < newest + kGroup; ++at) prefetch(pending[at].hash);
  // A disk takes far longer than the entries do.
  const std::size_t end = records_->are_cold() ? newest + kGroup : newest;
  for (std::size_t at = end < kGroup ? 0 : end - kGroup; at < end; ++at)
    continue_write(pending[at].hash);
}

void StoreIndex::continue_write(KeyHash hash) const {
  index().visit_candidates(hash, [this](LogAddress address) { records_->prefetch_key(address); });
}

Result<bool> StoreIndex::finish_replay(ByteView key, KeyHash hash, RecordType type,
                                       LogAddress address) {
  if (type == RecordType::kPut) index().reserve_one();
  KeyIndex::Place place(hash);
  DATAWAL_TRY(locate(key, hash, place));
  const std::optional<LogAddress> replaced =
      type == RecordType::kPut ? index().put_at(place, address) : index().erase_at(place);
  note_dead(replaced);
  return replaced.has_value();
}

}  // namespace datawal
