// The live keys of a store in ascending byte order, with where their records are.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "datawal/data_wal.h"

namespace datawal {

class SortedKeys {
 public:
  struct Entry {
    std::uint64_t
        prefix;  // the key's first eight bytes as a big-endian number: settles most comparisons
    ByteView key;
    RecordRef ref;
  };

  // Takes all that `items` gives.
  [[nodiscard]] static Result<SortedKeys> collect(ItemCursor items);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  void add(ByteView key, const RecordRef& ref);

  std::vector<Entry> entries_;
  std::deque<Bytes> chunks_;  // the keys' bytes; a chunk never moves once it has been begun
};

}  // namespace datawal
