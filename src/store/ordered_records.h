// Walks over the records of a snapshot's keys in the order of the keys, many at a time.
//
// Thread safety: belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "datawal/item.h"
#include "store/record_reader.h"
#include "store/sorted_keys.h"

namespace datawal {

class SnapshotState;

class OrderedRecords {
 public:
  // `keys` are the snapshot's; both must outlive it.
  OrderedRecords(const SnapshotState& snapshot, const SortedKeys& keys);

  // As LiveRecords::next.
  [[nodiscard]] Result<std::span<const Item>> next();

 private:
  [[nodiscard]] bool read_in_memory(const SortedKeys::Entry& entry, Item& item) const;
  void prefetch(std::size_t index) const;

  const SnapshotState& snapshot_;
  std::span<const SortedKeys::Entry> entries_;  // of records that have not been read
  RecordReader reader_;
  std::vector<Item> items_;
};

}  // namespace datawal
