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
    Location location;
  };

  // Reads all live keys, in the order of their places, and sorts them. Each is held against its
  // fingerprint; what is not read is the values.
  [[nodiscard]] static Result<SortedKeys> collect(const StoreIndex& index);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  void add(ByteView key, Location location);

  std::vector<Entry> entries_;
  std::deque<Bytes> chunks_;  // the keys' bytes; a chunk never moves once it has been begun
};

}  // namespace datawal
