// The order of the keys that an index had at one moment: 16 bytes a key, of which eight are the
// beginning of the key, which settles most comparisons, and eight lead to its record.
//
// Thread safety: does not change; any thread may use it at any time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/error.h"
#include "log/log_addresses.h"
#include "store/frozen_index.h"
#include "store/key_hash.h"
#include "store/store_records.h"

namespace datawal {

class SortedKeys {
 public:
  struct Entry {
    std::uint64_t prefix;  // the key's first eight bytes as a big-endian number
    std::uint64_t slot;    // of the index: see IndexTable
  };

  // Reads the keys of the records that `index` leads to, in log order, holds each against its slot,
  // and sorts them. Fails where one cannot be read or is of another key.
  [[nodiscard]] static Result<SortedKeys> collect(const FrozenIndex& index,
                                                  const StoreRecords& records,
                                                  const KeyHashFunction& hash_function);

  // In ascending byte order of the keys.
  [[nodiscard]] std::span<const Entry> entries() const { return entries_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  // The index of the first entry whose key is not less than `key`. `records` are those of
  // collect(). Fails where a key cannot be read that begins with the same eight bytes.
  [[nodiscard]] Result<std::size_t> lower_bound(ByteView key, const StoreRecords& records) const;

 private:
  std::vector<Entry> entries_;
};

// The first eight bytes of a key as a big-endian number, which orders keys as far as it goes.
[[nodiscard]] std::uint64_t key_prefix(ByteView key);

}  // namespace datawal
