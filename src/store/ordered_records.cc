#include "store/ordered_records.h"

#include <algorithm>

#include "base/try.h"
#include "store/frame_walk.h"
#include "store/item_cursor.h"
#include "store/snapshot_state.h"

namespace datawal {
namespace {

constexpr std::size_t kBatchSize = 64;
// In the log, records lie in another order: how many are under way to the cache at a time.
constexpr std::size_t kPrefetchDistance = 16;

}  // namespace

OrderedRecords::OrderedRecords(const SnapshotState& snapshot, const SortedKeys& keys)
    : snapshot_(snapshot), entries_(keys.entries()), reader_(snapshot.records()) {
  for (std::size_t index = 0; index < kPrefetchDistance; ++index) prefetch(index);
}

Result<std::span<const Item>> OrderedRecords::next() {
  items_.clear();
  if (entries_.empty()) return items_;
  for (std::size_t index = 0; index < std::min(kBatchSize, entries_.size()); ++index) {
    prefetch(index + kPrefetchDistance);
    Item item;
    if (!read_in_memory(entries_[index], item)) break;
    items_.push_back(item);
  }
  if (!crcs_hold(items_)) items_.clear();
  if (items_.empty()) {
    const SortedKeys::Entry& entry = entries_.front();
    DATAWAL_TRY_ASSIGN(const DecodedFrame frame, snapshot_.read(entry, reader_));
    items_.push_back(item_of(frame, snapshot_.records().position(address_in_slot(entry.slot))));
  }
  entries_ = entries_.subspan(items_.size());
  return items_;
}

// The record, but for its checksum. False where it is not in memory, or not as it should be.
bool OrderedRecords::read_in_memory(const SortedKeys::Entry& entry, Item& item) const {
  const StoreRecords& records = snapshot_.records();
  const LogAddress address = address_in_slot(entry.slot);
  FrameWalk walk(records.view(address), records.position(address), 0);
  return walk.next(item) == RecordType::kPut && key_prefix(item.key) == entry.prefix &&
         HashParts(snapshot_.lookup().hash_function()(item.key)).region ==
             region_in_slot(entry.slot);
}

void OrderedRecords::prefetch(std::size_t index) const {
  if (index >= entries_.size()) return;
  snapshot_.records().prefetch(address_in_slot(entries_[index].slot));
}

}  // namespace datawal
