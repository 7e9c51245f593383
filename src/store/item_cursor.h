// What an ItemCursor holds. Shared by the files that make one, and by nobody else.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "datawal/item.h"
#include "store/live_records.h"
#include "store/snapshot_state.h"

namespace datawal {

enum class ItemParts { kKeys, kKeysAndValues };

class ItemCursorState {
 public:
  ItemCursorState(std::shared_ptr<const SnapshotState> snapshot, ItemParts parts)
      : snapshot_(std::move(snapshot)), parts_(parts) {}

  // One that only fails.
  explicit ItemCursorState(Error error) : error_(std::move(error)) {}

  // As ItemCursor's functions of these names.
  [[nodiscard]] Result<std::optional<Item>> next();
  [[nodiscard]] Result<std::span<const Item>> next_batch();

 private:
  [[nodiscard]] Status fill();

  std::shared_ptr<const SnapshotState> snapshot_;
  std::optional<Error> error_;
  ItemParts parts_ = ItemParts::kKeys;
  std::optional<LiveRecords> records_;  // once they are asked for
  std::span<const Item> batch_;         // of those that have been read and not given
};

// The item of a record at `address`.
[[nodiscard]] Item item_of(const DecodedFrame& frame, Position position);

}  // namespace datawal
