// Items: keys with their values, as walks over a DataWal or a Snapshot give them.
//
//   datawal::ItemCursor items = store.items();
//   while (auto item = items.next()) { if (!*item) break; /* use (*item)->key and ->value */ }
//
// Thread safety: a cursor belongs to one thread at a time.
#pragma once

#include <memory>
#include <optional>

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
  // again when it is called again: no record is passed over. Cost: the first call sorts 8 bytes a
  // key; then one CRC each, and reads of up to 256 KiB where files are not mapped.
  [[nodiscard]] Result<std::optional<Item>> next();

 private:
  std::unique_ptr<ItemCursorState> state_;
};

}  // namespace datawal
