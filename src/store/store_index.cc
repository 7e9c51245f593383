#include "store/store_index.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/bytes_equal.h"
#include "base/try.h"
#include "format/frame_encoding.h"
#include "store/index_checkpoint.h"

namespace datawal {

Error key_mismatch(Position position) {
  return record_error(ErrorCode::kKeyMismatch, "key mismatch, a record of another key", position);
}

namespace {

Error not_a_put(RecordType type, Position position) {
  return record_error(ErrorCode::kNotAPut, "not a Put but a " + std::string(record_type_name(type)),
                      position);
}

// Whether an entry made for a key with one of these hashes could be taken for one of the other.
bool is_confusable(KeyHash left, KeyHash right) {
  const HashParts a(left);
  const HashParts b(right);
  return a.region == b.region && a.tag == b.tag &&
         (a.bucket == b.bucket || a.bucket == b.other_bucket);
}

}  // namespace

// Says whether the record at an address is of a key.
//
// A record that is not the one that was written may be the one that is sought, or, once in a
// million times, another key's. Who reads takes it for another's, and learns of it if nothing newer
// is found. Who writes takes it for this key's, and replaces it. Where a record cannot be read at
// all, nobody knows.
class StoreIndex::KeyMatcher {
 public:
  enum class Purpose { kRead, kReplace };

  KeyMatcher(const StoreIndex& index, ByteView key, KeyHash hash, Purpose purpose)
      : index_(index), key_(key), hash_(hash), purpose_(purpose) {}

  [[nodiscard]] Match operator()(LogAddress address) const {
    if (is_key_in_memory(address)) return Match::kYes;
    Result<FetchedFrame> fetched = index_.records_->fetch(address);
    if (fetched) {
      const Status checked = check(fetched->frame.record, address);
      if (checked && bytes_equal(fetched->frame.record.key, key_)) {
        fetched_ = std::move(*fetched);
        fetched_at_ = address;
        return Match::kYes;
      }
      if (checked) return Match::kNo;
      fetched = std::unexpected(checked.error());
    }
    return match_damaged(address, std::move(fetched).error());
  }

  // Why it is not known whether the key is live, if what was found is older than the damage.
  [[nodiscard]] const Error* damage_behind(const std::optional<LogAddress>& found) const {
    return damaged_at_ && (!found || *found < *damaged_at_) ? &damage_ : nullptr;
  }
  // Why a call of the index has failed.
  [[nodiscard]] const Error& failure() const { return damage_; }
  // What has been read of the record at `address` already.
  [[nodiscard]] std::optional<FetchedFrame> take(LogAddress address) const {
    if (fetched_at_ != address) return std::nullopt;
    return std::move(fetched_);
  }

 private:
  [[nodiscard]] Match match_damaged(LogAddress address, Error error) const {
    const bool is_unread = error.segment == std::nullopt;  // not a record's, but the system's
    if (!damaged_at_ || address > *damaged_at_) {
      damaged_at_ = address;
      damage_ = std::move(error);
    }
    if (purpose_ == Purpose::kRead) return Match::kNo;
    return is_unread ? Match::kFailed : Match::kYes;
  }

  // The checksum is left to whoever wants the value: here a wrong key only costs a second look.
  [[nodiscard]] bool is_key_in_memory(LogAddress address) const {
    const ByteView bytes = index_.records_->view(address);
    if (bytes.size() < frame_size(key_.size(), 0)) return false;
    return header_key_size(bytes) == key_.size() &&
           bytes_equal(bytes.subspan(kFrameHeaderSize, key_.size()), key_);
  }

  // Whether the record can be the one that the entry was made for.
  [[nodiscard]] Status check(const RecordView& record, LogAddress address) const {
    const Position position = index_.records_->position(address);
    if (record.type != RecordType::kPut) return std::unexpected(not_a_put(record.type, position));
    if (is_confusable(hash_, index_.hash_(record.key))) return {};
    return std::unexpected(key_mismatch(position));
  }

  const StoreIndex& index_;
  ByteView key_;
  KeyHash hash_;
  Purpose purpose_;
  // Noted on the way; the index calls a matcher that does not change.
  mutable FetchedFrame fetched_;
  mutable std::optional<LogAddress> fetched_at_;
  mutable std::optional<LogAddress> damaged_at_;
  mutable Error damage_;
};

StoreIndex::StoreIndex(std::shared_ptr<const Directory> directory, StoreRecords::Access access,
                       const SipHashKey& secret)
    : secret_(secret),
      hash_(secret),
      index_(std::make_unique<KeyIndex>()),
      records_(std::make_unique<StoreRecords>(std::move(directory), access)) {}

StoreIndex::StoreIndex(std::shared_ptr<const Directory> directory, StoreRecords::Access access,
                       LoadedIndex loaded)
    : secret_(loaded.secret),
      hash_(loaded.secret),
      index_(std::move(loaded.index)),
      records_(std::make_unique<StoreRecords>(std::move(directory), access,
                                              std::move(loaded.addresses), loaded.segments)) {}

Status StoreIndex::save(Directory& directory, const IndexCoverage& coverage,
                        const std::vector<SegmentFacts>& segments) const {
  return write_index_checkpoint(directory,
                                {*index_, records_->addresses(), secret_, coverage, segments});
}

Result<std::optional<StoreIndex::Found>> StoreIndex::fetch(ByteView key) const {
  const KeyHash hash = hash_(key);
  const KeyMatcher matcher(*this, key, hash, KeyMatcher::Purpose::kRead);
  const IndexAnswer answer = index_->find(hash, matcher);
  const std::optional<LogAddress> address = answer ? *answer : std::nullopt;
  if (const Error* damage = matcher.damage_behind(address)) return std::unexpected(*damage);
  if (!address) return std::nullopt;
  const Position position = records_->position(*address);
  if (std::optional<FetchedFrame> fetched = matcher.take(*address)) {
    return Found{position, *std::move(fetched)};
  }
  DATAWAL_TRY_ASSIGN(FetchedFrame fetched, fetch_at(key, *address));
  return Found{position, std::move(fetched)};
}

Result<FetchedFrame> StoreIndex::fetch_at(ByteView key, LogAddress address) const {
  DATAWAL_TRY_ASSIGN(FetchedFrame fetched, records_->fetch(address));
  const RecordView& record = fetched.frame.record;
  if (record.type != RecordType::kPut) {
    return std::unexpected(not_a_put(record.type, records_->position(address)));
  }
  if (bytes_equal(record.key, key)) return fetched;
  return std::unexpected(key_mismatch(records_->position(address)));
}

Result<KeyIndex::Place> StoreIndex::locate(ByteView key, KeyHash hash) const {
  const KeyMatcher matcher(*this, key, hash, KeyMatcher::Purpose::kReplace);
  auto place = index_->locate(hash, matcher);
  if (!place) return std::unexpected(matcher.failure());
  return *std::move(place);
}

Result<KeyIndex::Place> StoreIndex::prepare_put(ByteView key) {
  DATAWAL_TRY(records_->check_room());
  index_->reserve_one();
  return locate(key, hash_(key));
}

Result<KeyIndex::Place> StoreIndex::prepare_removal(ByteView key) const {
  return locate(key, hash_(key));
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
  const KeyHash hash = hash_(key);
  index_->prefetch(hash);
  return hash;
}

void StoreIndex::continue_replay(KeyHash hash) const {
  index_->visit_candidates(hash, [this](LogAddress address) {
    const ByteView bytes = records_->view(address);
    if (!bytes.empty()) __builtin_prefetch(bytes.data());
  });
}

Status StoreIndex::finish_replay(KeyHash hash, RecordType type, LogAddress address) {
  const ByteView frame = records_->view(address);
  const ByteView key = frame.subspan(kFrameHeaderSize, header_key_size(frame));
  if (type == RecordType::kPut) index_->reserve_one();
  DATAWAL_TRY_ASSIGN(const KeyIndex::Place place, locate(key, hash));
  if (type == RecordType::kPut) {
    note_dead(index_->put_at(place, address));
  } else {
    note_dead(index_->erase_at(place));
  }
  return {};
}

bool StoreIndex::is_live(const ScannedRecord& record) const {
  if (record.type != RecordType::kPut) return false;
  const std::optional<LogAddress> address = records_->find(record.ref.position());
  return address && index_->holds(hash_(record.key), *address);
}

std::vector<IndexedRecord> StoreIndex::live_records() const {
  std::vector<IndexedRecord> records;
  records.reserve(size());
  index_->for_each([&](const IndexedRecord& record) { records.push_back(record); });
  std::ranges::sort(records, {}, &IndexedRecord::address);
  return records;
}

}  // namespace datawal
