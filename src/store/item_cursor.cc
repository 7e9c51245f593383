#include <utility>

#include "base/try.h"
#include "datawal/data_wal.h"
#include "store/data_wal_impl.h"

namespace datawal {

class ItemCursorState {
 public:
  ItemCursorState(RecordCursor records, const StoreIndex& index, bool with_values)
      : records_(std::move(records)), index_(index), with_values_(with_values) {}

  [[nodiscard]] Result<std::optional<Item>> next() {
    while (true) {
      DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, records_.next());
      if (!record) return std::nullopt;
      if (!index_.is_live(*record)) continue;
      return Item{record->key, with_values_ ? record->payload : ByteView{}, record->ref};
    }
  }

 private:
  RecordCursor records_;
  const StoreIndex& index_;
  bool with_values_;
};

ItemCursor::ItemCursor(std::unique_ptr<ItemCursorState> state) : state_(std::move(state)) {}
ItemCursor::ItemCursor(ItemCursor&&) noexcept = default;
ItemCursor& ItemCursor::operator=(ItemCursor&&) noexcept = default;
ItemCursor::~ItemCursor() = default;

Result<std::optional<Item>> ItemCursor::next() {
  return state_->next();
}

ItemCursor DataWal::items() const {
  return ItemCursor(std::make_unique<ItemCursorState>(scan(), impl_->index(), true));
}

ItemCursor DataWal::keys() const {
  return ItemCursor(std::make_unique<ItemCursorState>(scan(), impl_->index(), false));
}

}  // namespace datawal
