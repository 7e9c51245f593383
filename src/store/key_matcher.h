// Whether the record at an address is that of a key: what a search in an index asks.
//
// Thread safety: a matcher is for one search.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/bytes_equal.h"
#include "datawal/record_log.h"
#include "format/frame_encoding.h"
#include "store/index_answer.h"
#include "store/key_hash.h"
#include "store/store_records.h"

namespace datawal {

// A record that is not the one that was written may be the one that is sought, or, once in a
// million times, another key's. Who reads takes it for another's, and learns of it if nothing newer
// is found. Who writes takes it for this key's, and replaces it. Where a record cannot be read at
// all, nobody knows.
class KeyMatcher {
 public:
  enum class Purpose { kRead, kReplace };

  KeyMatcher(const StoreRecords& records, const KeyHashFunction& hash_function, ByteView key,
             KeyHash hash, Purpose purpose)
      : records_(records),
        hash_function_(hash_function),
        key_(key),
        hash_(hash),
        purpose_(purpose) {}

  [[nodiscard]] Match operator()(LogAddress address) const {
    return is_key_in_memory(address) ? Match::kYes : match_fetched(address);
  }

  // Whether there is nothing to be told beyond what the index has answered.
  [[nodiscard]] bool is_plain() const { return noted_ == nullptr; }
  // Why it is not known whether the key is live, if what was found is older than the damage.
  [[nodiscard]] const Error* damage_behind(const std::optional<LogAddress>& found) const {
    if (!noted_ || !noted_->damaged_at) return nullptr;
    return !found || *found < *noted_->damaged_at ? &noted_->damage : nullptr;
  }
  // Why a call of the index has failed, if a match has.
  [[nodiscard]] const Error& failure() const { return noted_->damage; }
  // What has been read of the record at `address` already.
  [[nodiscard]] std::optional<FetchedFrame> take(LogAddress address) const {
    if (!noted_ || noted_->fetched_at != address) return std::nullopt;
    return std::move(noted_->fetched);
  }

 private:
  [[nodiscard]] Match match_damaged(LogAddress address, Error error) const;
  // The checksum is left to whoever wants the value: here a wrong key only costs a second look.
  [[nodiscard]] bool is_key_in_memory(LogAddress address) const {
    const ByteView bytes = records_.view(address);
    if (bytes.size() < frame_size(key_.size(), 0)) return false;
    if (purpose_ == Purpose::kRead) records_.prefetch_rest(bytes);
    return header_key_size(bytes) == key_.size() &&
           bytes_equal(bytes.subspan(kFrameHeaderSize, key_.size()), key_);
  }
  [[nodiscard]] Match match_fetched(LogAddress address) const;
  [[nodiscard]] Status check(const RecordView& record, LogAddress address) const;

  const StoreRecords& records_;
  const KeyHashFunction& hash_function_;
  ByteView key_;
  KeyHash hash_;
  Purpose purpose_;
  // Noted on the way where a record is not in memory, or not as it should be.
  struct Noted {
    FetchedFrame fetched;
    std::optional<LogAddress> fetched_at;
    std::optional<LogAddress> damaged_at;
    Error damage;
  };
  [[nodiscard]] Noted& noted() const {
    if (!noted_) noted_ = std::make_unique<Noted>();
    return *noted_;
  }
  mutable std::unique_ptr<Noted> noted_;  // the index calls a matcher that does not change
};

// Success if `record`, which was found at `address`, can be the one that an entry with `region` was
// made for; else kNotAPut or kKeyMismatch. Of other keys' records, one in four million can.
[[nodiscard]] Status check_live_record(const RecordView& record, std::uint32_t region,
                                       const KeyHashFunction& hash_function, Position position);

// An error that says that another record than a Put is where a key's should be, or another key's.
[[nodiscard]] Error not_a_put(RecordType type, Position position);
[[nodiscard]] Error key_mismatch(Position position);

}  // namespace datawal
