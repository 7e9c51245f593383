#include "store/key_matcher.h"

#include <string>
#include <utility>

#include "base/bytes_equal.h"
#include "base/try.h"

namespace datawal {
namespace {

// Whether an entry made for a key with one of these hashes could be taken for one of the other.
bool is_confusable(KeyHash left, KeyHash right) {
  const HashParts a(left);
  const HashParts b(right);
  return a.region == b.region && a.tag == b.tag &&
         (a.bucket == b.bucket || a.bucket == b.other_bucket);
}

}  // namespace

Error key_mismatch(Position position) {
  return record_error(ErrorCode::kKeyMismatch, "key mismatch, a record of another key", position);
}

Error not_a_put(RecordType type, Position position) {
  return record_error(ErrorCode::kNotAPut, "not a Put but a " + std::string(record_type_name(type)),
                      position);
}

Status check_live_record(const RecordView& record, std::uint32_t region,
                         const KeyHashFunction& hash_function, Position position) {
  if (record.type != RecordType::kPut) return std::unexpected(not_a_put(record.type, position));
  if (HashParts(hash_function(record.key)).region == region) return {};
  return std::unexpected(key_mismatch(position));
}

Match KeyMatcher::match_fetched(LogAddress address) const {
  Result<FetchedFrame> fetched = records_.fetch(address);
  if (fetched) {
    const Status checked = check(fetched->frame.record, address);
    if (checked && bytes_equal(fetched->frame.record.key, key_)) {
      noted().fetched = std::move(*fetched);
      noted().fetched_at = address;
      return Match::kYes;
    }
    if (checked) return Match::kNo;
    fetched = std::unexpected(checked.error());
  }
  return match_damaged(address, std::move(fetched).error());
}

Match KeyMatcher::match_damaged(LogAddress address, Error error) const {
  const bool is_unread = error.segment == std::nullopt;  // not a record's, but the system's
  Noted& newest = noted();
  if (!newest.damaged_at || address > *newest.damaged_at) {
    newest.damaged_at = address;
    newest.damage = std::move(error);
  }
  if (purpose_ == Purpose::kRead) return Match::kNo;
  return is_unread ? Match::kFailed : Match::kYes;
}

// Whether the record can be the one that the entry was made for.
Status KeyMatcher::check(const RecordView& record, LogAddress address) const {
  const Position position = records_.position(address);
  if (record.type != RecordType::kPut) return std::unexpected(not_a_put(record.type, position));
  if (is_confusable(hash_, hash_function_(record.key))) return {};
  return std::unexpected(key_mismatch(position));
}

}  // namespace datawal
