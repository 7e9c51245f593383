// Gets values: finds a key's record by an index, live or frozen, and checks it.
//
// Thread safety: any thread may call anything at any time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "datawal/record_log.h"
#include "datawal/value.h"
#include "log/frame_fetch.h"
#include "log/log_addresses.h"
#include "store/index_answer.h"
#include "store/key_hash.h"
#include "store/key_matcher.h"
#include "store/store_records.h"

namespace datawal {

// A key's record. Its views are valid as long as its buffer, and what holds the records.
struct FoundRecord {
  LogAddress address;
  FetchedFrame fetched;
};

// `Index` is KeyIndex or FrozenIndex.
template <typename Index>
class KeyLookup {
 public:
  // `index` and `records` must outlive it. `hold` keeps what the index leads to; where there is
  // none, each pinned value takes one of its own.
  KeyLookup(const Index& index, const StoreRecords& records, const KeyHashFunction& hash_function,
            std::shared_ptr<const void> hold = {})
      : index_(&index), records_(&records), hash_function_(hash_function), hold_(std::move(hold)) {}

  [[nodiscard]] const KeyHashFunction& hash_function() const { return hash_function_; }

  // As DataWal's functions of these names.
  [[nodiscard]] Result<std::optional<Value>> get(ByteView key) const {
    return get(key, hash_function_(key));
  }
  [[nodiscard]] Result<std::optional<std::size_t>> get_into(ByteView key,
                                                            MutableByteView buffer) const;
  [[nodiscard]] Result<std::optional<PinnedValue>> get_view(ByteView key) const;
  [[nodiscard]] std::vector<Result<std::optional<Value>>> multi_get(
      std::span<const ByteView> keys) const;
  [[nodiscard]] Result<bool> contains_key(ByteView key) const;
  [[nodiscard]] Result<std::optional<RecordRef>> ref_of(ByteView key) const;

 private:
  // What take(FoundRecord) makes of the record of a key, if the key is live. Fails where the record
  // on disk is not the one that was written.
  template <typename Take>
  [[nodiscard]] auto look_up(ByteView key, KeyHash hash, const Take& take) const
      -> Result<std::optional<decltype(take(std::declval<FoundRecord>()))>>;
  [[nodiscard]] Result<std::optional<FoundRecord>> fetch(ByteView key, const IndexAnswer& answer,
                                                         const KeyMatcher& matcher) const;
  [[nodiscard]] Result<FetchedFrame> fetch_at(ByteView key, LogAddress address) const;
  [[nodiscard]] Result<std::optional<Value>> get(ByteView key, KeyHash hash) const;

  const Index* index_;
  const StoreRecords* records_;
  KeyHashFunction hash_function_;
  std::shared_ptr<const void> hold_;  // shared with the values pinned
};

}  // namespace datawal
