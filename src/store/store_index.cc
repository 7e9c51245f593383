#include "store/store_index.h"

#include <string>

#include "base/bytes_equal.h"
#include "base/try.h"

namespace datawal {

Error key_mismatch(Position position) {
  return record_error(ErrorCode::kKeyMismatch, "key mismatch, a record of another key", position);
}

StoreIndex::StoreIndex(std::shared_ptr<const Directory> directory, const KeyHasher::Secret& secret)
    : hasher_(secret), files_(std::make_unique<SegmentFiles>(std::move(directory))) {}

Result<FetchedFrame> StoreIndex::fetch_at(ByteView key, Location location) const {
  const Position position = location.position;
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<const File> file, files_->get(position.segment));
  DATAWAL_TRY_ASSIGN(FetchedFrame fetched, fetch_frame(*file, position, location.frame_size_max));
  const RecordView& record = fetched.frame.record;
  if (record.type != RecordType::kPut) {
    return std::unexpected(
        record_error(ErrorCode::kNotAPut,
                     "not a Put but a " + std::string(record_type_name(record.type)), position));
  }
  if (!bytes_equal(record.key, key)) return std::unexpected(key_mismatch(position));
  return fetched;
}

Result<std::optional<StoreIndex::Found>> StoreIndex::fetch(ByteView key) const {
  const std::optional<std::size_t> slot = keydir_.find(hasher_.fingerprint(key));
  if (!slot) return std::nullopt;
  const Location location = keydir_.location(*slot);
  DATAWAL_TRY_ASSIGN(FetchedFrame fetched, fetch_at(key, location));
  return Found{location.position, std::move(fetched)};
}

Fingerprint StoreIndex::prepare_put(ByteView key) {
  const Fingerprint fingerprint = hasher_.fingerprint(key);
  keydir_.reserve_one();
  keydir_.prefetch(fingerprint);
  return fingerprint;
}

bool StoreIndex::note_removal(ByteView key) noexcept {
  const std::optional<std::size_t> slot = keydir_.find(hasher_.fingerprint(key));
  if (slot) keydir_.erase(*slot);
  return slot.has_value();
}

void StoreIndex::replay(const ScannedRecord& record) {
  if (record.type == RecordType::kPut) note_put(hasher_.fingerprint(record.key), record.ref);
  if (record.type == RecordType::kDelete) note_removal(record.key);
}

bool StoreIndex::is_live(const ScannedRecord& record) const noexcept {
  if (record.type != RecordType::kPut) return false;
  const std::optional<std::size_t> slot = keydir_.find(hasher_.fingerprint(record.key));
  return slot && keydir_.location(*slot).position == record.ref.position();
}

}  // namespace datawal
