// What an OrderedCursor holds.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "datawal/snapshot.h"
#include "store/record_reader.h"
#include "store/snapshot_state.h"
#include "store/sorted_keys.h"

namespace datawal {

class OrderedCursorState {
 public:
  // Of the entries, the first in the range and the first behind it.
  struct Bounds {
    std::size_t begin;
    std::size_t end;
  };

  // Builds the order of the snapshot's keys, if nobody has.
  [[nodiscard]] static Result<OrderedCursor> begin(std::shared_ptr<const SnapshotState> snapshot,
                                                   const KeyRange& range);

  // `keys` are the snapshot's.
  OrderedCursorState(std::shared_ptr<const SnapshotState> snapshot, const SortedKeys& keys,
                     Bounds bounds)
      : snapshot_(std::move(snapshot)),
        keys_(keys),
        bounds_(bounds),
        index_(bounds.begin),
        reader_(snapshot_->records()) {}

  // As OrderedCursor's functions of these names.
  [[nodiscard]] Result<std::optional<Item>> next();
  [[nodiscard]] Result<std::optional<Item>> prev();
  [[nodiscard]] Status seek(ByteView key);
  void seek_to_begin() { index_ = bounds_.begin; }
  void seek_to_end() { index_ = bounds_.end; }

 private:
  [[nodiscard]] Result<Item> read(std::size_t index);
  void prefetch(std::size_t index) const;

  std::shared_ptr<const SnapshotState> snapshot_;
  const SortedKeys& keys_;
  const Bounds bounds_;
  std::size_t index_;  // of the entry behind the cursor
  RecordReader reader_;
};

}  // namespace datawal
