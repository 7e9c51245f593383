#include "store/item_cursor.h"

#include <utility>

#include "base/try.h"

namespace datawal {

Item item_of(const DecodedFrame& frame, Position position) {
  return {frame.record.key, frame.record.payload,
          RecordRef{position.segment, static_cast<std::uint32_t>(frame.size), position.offset}};
}

Status ItemCursorState::fill() {
  if (error_) return std::unexpected(*error_);
  if (!batch_.empty()) return {};
  if (!records_) records_.emplace(*snapshot_);
  DATAWAL_TRY_ASSIGN(const std::span<Item> items, records_->next());
  if (parts_ == ItemParts::kKeys) {
    for (Item& item : items) item.value = {};
  }
  batch_ = items;
  return {};
}

Result<std::optional<Item>> ItemCursorState::next() {
  DATAWAL_TRY(fill());
  if (batch_.empty()) return std::nullopt;
  const Item item = batch_.front();
  batch_ = batch_.subspan(1);
  return item;
}

Result<std::span<const Item>> ItemCursorState::next_batch() {
  DATAWAL_TRY(fill());
  return std::exchange(batch_, {});
}

ItemCursor::ItemCursor(std::unique_ptr<ItemCursorState> state) : state_(std::move(state)) {}
ItemCursor::ItemCursor(ItemCursor&&) noexcept = default;
ItemCursor& ItemCursor::operator=(ItemCursor&&) noexcept = default;
ItemCursor::~ItemCursor() = default;

Result<std::optional<Item>> ItemCursor::next() {
  return state_->next();
}
Result<std::span<const Item>> ItemCursor::next_batch() {
  return state_->next_batch();
}

}  // namespace datawal
