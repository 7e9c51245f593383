// What an ItemCursor holds. Shared by the files that make one, and by nobody else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "datawal/item.h"
#include "store/record_reader.h"
#include "store/snapshot_state.h"

namespace datawal {

enum class ItemParts { kKeys, kKeysAndValues };

class ItemCursorState {
 public:
  ItemCursorState(std::shared_ptr<const SnapshotState> snapshot, ItemParts parts)
      : snapshot_(std::move(snapshot)), reader_(snapshot_->records()), parts_(parts) {}

  // One that only fails.
  explicit ItemCursorState(Error error) : error_(std::move(error)) {}

  [[nodiscard]] Result<std::optional<Item>> next();

 private:
  std::shared_ptr<const SnapshotState> snapshot_;
  std::optional<RecordReader> reader_;
  std::optional<Error> error_;
  ItemParts parts_ = ItemParts::kKeys;
  std::optional<std::vector<std::uint64_t>> slots_;  // in log order, once they are asked for
  std::size_t index_ = 0;
};

// The item of a record at `address`.
[[nodiscard]] Item item_of(const DecodedFrame& frame, Position position);

}  // namespace datawal
