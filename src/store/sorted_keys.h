// The live keys of a store in ascending byte order, with where their records are.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "datawal/bytes.h"
#include "store/store_index.h"

namespace datawal {

class SortedKeys {
 public:
  struct Entry {
    std::uint64_t
        prefix;  // the key's first eight bytes as a big-endian number: settles most comparisons
    ByteView key;
    LogAddress address;
  };

  // Reads the keys of `records`, which are those of all live keys in log order, and sorts them.
  // Each is held against the index; what is not read is the values.
  [[nodiscard]] static Result<SortedKeys> collect(const StoreIndex& index,
                                                  const std::vector<IndexedRecord>& records);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  void add(ByteView key, LogAddress address);

  std::vector<Entry> entries_;
  std::deque<Bytes> chunks_;  // the keys' bytes; a chunk never moves once it has been begun
};

}  // namespace datawal
