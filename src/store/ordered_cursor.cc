#include "store/ordered_cursor.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/try.h"
#include "store/item_cursor.h"

namespace datawal {

Result<OrderedCursor> OrderedCursorState::begin(std::shared_ptr<const SnapshotState> snapshot,
                                                const KeyRange& range) {
  DATAWAL_TRY_ASSIGN(const SortedKeys* const keys, snapshot->sorted_keys());
  const StoreRecords& records = snapshot->records();
  Bounds bounds{0, keys->size()};
  if (!range.begin.empty()) {
    DATAWAL_TRY_ASSIGN(bounds.begin, keys->lower_bound(range.begin, records));
  }
  if (range.end) {
    DATAWAL_TRY_ASSIGN(bounds.end, keys->lower_bound(*range.end, records));
  }
  bounds.end = std::max(bounds.begin, bounds.end);
  return OrderedCursor(std::make_unique<OrderedCursorState>(std::move(snapshot), *keys, bounds));
}

Result<std::optional<Item>> OrderedCursorState::next() {
  if (index_ == bounds_.end) return std::nullopt;
  prefetch(index_ + SnapshotState::kPrefetchDistance);
  DATAWAL_TRY_ASSIGN(const Item item, read(index_));
  ++index_;
  return item;
}

Result<std::optional<Item>> OrderedCursorState::prev() {
  if (index_ == bounds_.begin) return std::nullopt;
  // Below zero it is above the end.
  prefetch(index_ - 1 - SnapshotState::kPrefetchDistance);
  DATAWAL_TRY_ASSIGN(const Item item, read(index_ - 1));
  --index_;
  return item;
}

Status OrderedCursorState::seek(ByteView key) {
  DATAWAL_TRY_ASSIGN(const std::size_t index, keys_.lower_bound(key, snapshot_->records()));
  index_ = std::clamp(index, bounds_.begin, bounds_.end);
  return {};
}

void OrderedCursorState::prefetch(std::size_t index) const {
  if (index >= bounds_.end) return;
  snapshot_->records().prefetch(address_in_slot(keys_.entries()[index].slot));
}

Result<Item> OrderedCursorState::read(std::size_t index) {
  const SortedKeys::Entry& entry = keys_.entries()[index];
  DATAWAL_TRY_ASSIGN(const DecodedFrame frame, snapshot_->read(entry, reader_));
  return item_of(frame, snapshot_->records().position(address_in_slot(entry.slot)));
}

OrderedCursor::OrderedCursor(std::unique_ptr<OrderedCursorState> state)
    : state_(std::move(state)) {}
OrderedCursor::OrderedCursor(OrderedCursor&&) noexcept = default;
OrderedCursor& OrderedCursor::operator=(OrderedCursor&&) noexcept = default;
OrderedCursor::~OrderedCursor() = default;

Result<std::optional<Item>> OrderedCursor::next() {
  return state_->next();
}
Result<std::optional<Item>> OrderedCursor::prev() {
  return state_->prev();
}
Status OrderedCursor::seek(ByteView key) {
  return state_->seek(key);
}
void OrderedCursor::seek_to_begin() {
  state_->seek_to_begin();
}
void OrderedCursor::seek_to_end() {
  state_->seek_to_end();
}

}  // namespace datawal
