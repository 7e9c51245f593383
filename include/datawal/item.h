// Items: keys with their values, as walks over a DataWal or a Snapshot give them.
//
//   datawal::ItemCursor items = store.items();
//   while (auto item = items.next()) { if (!*item) break; /* use (*item)->key and ->value */ }
//
//   while (auto batch = items.next_batch()) {    // the same, faster
//     if (batch->empty()) break;
//     for (const datawal::Item& item : *batch) { /* use item.key and item.value */ }
//   }
//
// Thread safety: a cursor belongs to one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "datawal/bytes.h"
#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/record_log.h"

namespace datawal {

// A live key and its value, met by an iteration. The views are valid until it moves on.
struct Item {
  ByteView key;
  ByteView value;
  RecordRef ref = {};
};

class ItemCursorState;

// Walks the keys that were live at one moment, in log order. Movable. Others may write meanwhile,
// which it does not see, and it may outlive the store.
class DATAWAL_EXPORT ItemCursor {
 public:
  explicit ItemCursor(std::unique_ptr<ItemCursorState> state);
  ItemCursor(ItemCursor&&) noexcept;
  ItemCursor& operator=(ItemCursor&&) noexcept;
  ~ItemCursor();

  // The next key and its value, or nullopt at the end. Fails as DataWal::get does, and does so
  // again when it is called again: no record is passed over.
  [[nodiscard]] Result<std::optional<Item>> next();
  // As many of the next as are at hand, one at least, or none at the end: what walks fastest. The
  // views are valid until the cursor moves. Cost: the first call looks at the index; then a CRC and
  // a hash each, side by side for neighbours in the log where nothing around them is dead, and
  // reads of up to 256 KiB where files are not mapped. While more than 2 MiB of a mapped store are
  // left, another thread reads ahead; it ends with the walk or the cursor.
  [[nodiscard]] Result<std::span<const Item>> next_batch();

 private:
  std::unique_ptr<ItemCursorState> state_;
};

}  // namespace datawal
