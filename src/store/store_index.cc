#include "store/store_index.h"

#include <string>
#include <utility>

#include "base/bytes_equal.h"
#include "base/try.h"

namespace datawal {
namespace {

Error not_a_put(RecordType type, Position position) {
  return record_error(ErrorCode::kNotAPut, "not a Put but a " + std::string(record_type_name(type)),
                      position);
}

Error key_mismatch(Position position) {
  return record_error(ErrorCode::kKeyMismatch, "key mismatch, a record of another key", position);
}

}  // namespace

StoreIndex::StoreIndex(std::shared_ptr<const Directory> directory, const KeyHasher::Secret& secret)
    : hasher_(secret), files_(std::make_unique<SegmentFiles>(std::move(directory))) {}

// A frame of another key under the same hash is a collision, to be passed over; under another hash,
// the wrong frame.
Result<bool> StoreIndex::holds_key(Location location, ByteView key, std::uint64_t hash) const {
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<const File> file,
                     files_->get(location.position.segment));
  DATAWAL_TRY_ASSIGN(const FetchedKey found, fetch_key(*file, location.position));
  if (found.header.type != RecordType::kPut) {
    return std::unexpected(not_a_put(found.header.type, location.position));
  }
  if (bytes_equal(found.key, key)) return true;
  if (hasher_.hash(found.key) == hash) return false;
  return std::unexpected(key_mismatch(location.position));
}

Result<std::optional<StoreIndex::Match>> StoreIndex::locate(ByteView key,
                                                            std::uint64_t hash) const {
  Keydir::Probe probe = keydir_.find(hash);
  while (const std::optional<Location> candidate = probe.next()) {
    DATAWAL_TRY_ASSIGN(const bool found, holds_key(*candidate, key, hash));
    if (found) return Match{probe.slot(), *candidate};
  }
  return std::nullopt;
}

Result<std::optional<FetchedFrame>> StoreIndex::fetch(ByteView key, Position* position) const {
  const std::uint64_t hash = hasher_.hash(key);
  Keydir::Probe probe = keydir_.find(hash);
  while (const std::optional<Location> candidate = probe.next()) {
    DATAWAL_TRY_ASSIGN(const std::shared_ptr<const File> file,
                       files_->get(candidate->position.segment));
    DATAWAL_TRY_ASSIGN(FetchedFrame fetched,
                       fetch_frame(*file, candidate->position, candidate->frame_size_max));
    const RecordView& record = fetched.frame.record;
    if (record.type != RecordType::kPut) {
      return std::unexpected(not_a_put(record.type, candidate->position));
    }
    if (bytes_equal(record.key, key)) {
      if (position != nullptr) *position = candidate->position;
      return fetched;
    }
    if (hasher_.hash(record.key) != hash) {
      return std::unexpected(key_mismatch(candidate->position));
    }
  }
  return std::nullopt;
}

Result<FetchedFrame> StoreIndex::fetch_at(ByteView key, const RecordRef& ref) const {
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<const File> file, files_->get(ref.segment));
  const std::uint32_t size_max = (ref.size + 63) / 64 * 64;
  DATAWAL_TRY_ASSIGN(FetchedFrame fetched, fetch_frame(*file, ref.position(), size_max));
  const RecordView& record = fetched.frame.record;
  if (record.type != RecordType::kPut) {
    return std::unexpected(not_a_put(record.type, ref.position()));
  }
  if (!bytes_equal(record.key, key)) return std::unexpected(key_mismatch(ref.position()));
  return fetched;
}

void StoreIndex::note_put(std::uint64_t hash, const std::optional<Match>& previous,
                          const RecordRef& ref) {
  if (previous) {
    keydir_.replace(previous->slot, ref);
  } else {
    keydir_.insert(hash, ref);
  }
}

Status StoreIndex::replay(const ScannedRecord& record) {
  if (record.type == RecordType::kRaw) return {};
  const std::uint64_t hash = hasher_.hash(record.key);
  DATAWAL_TRY_ASSIGN(const std::optional<Match> previous, locate(record.key, hash));
  if (record.type == RecordType::kPut) {
    note_put(hash, previous, record.ref);
  } else if (previous) {
    note_removal(*previous);
  }
  return {};
}

bool StoreIndex::is_live(const ScannedRecord& record) const noexcept {
  return record.type == RecordType::kPut &&
         keydir_.contains(hasher_.hash(record.key), record.ref.position());
}

}  // namespace datawal
