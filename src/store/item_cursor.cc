#include "store/item_cursor.h"

#include "base/try.h"

namespace datawal {

Item item_of(const DecodedFrame& frame, Position position) {
  return {frame.record.key, frame.record.payload,
          RecordRef{position.segment, static_cast<std::uint32_t>(frame.size), position.offset}};
}

Result<std::optional<Item>> ItemCursorState::next() {
  if (error_) return std::unexpected(*error_);
  if (!slots_) slots_ = snapshot_->slots_in_log_order();
  if (index_ == slots_->size()) return std::nullopt;
  const std::uint64_t slot = (*slots_)[index_];
  DATAWAL_TRY_ASSIGN(const DecodedFrame frame, snapshot_->read(slot, *reader_));
  ++index_;
  Item item = item_of(frame, snapshot_->records().position(address_in_slot(slot)));
  if (parts_ == ItemParts::kKeys) item.value = {};
  return item;
}

ItemCursor::ItemCursor(std::unique_ptr<ItemCursorState> state) : state_(std::move(state)) {}
ItemCursor::ItemCursor(ItemCursor&&) noexcept = default;
ItemCursor& ItemCursor::operator=(ItemCursor&&) noexcept = default;
ItemCursor::~ItemCursor() = default;

Result<std::optional<Item>> ItemCursor::next() {
  return state_->next();
}

}  // namespace datawal
