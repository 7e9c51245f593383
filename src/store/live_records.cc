#include "store/live_records.h"

#include <algorithm>

#include "base/try.h"
#include "store/frame_walk.h"
#include "store/item_cursor.h"
#include "store/snapshot_state.h"

namespace datawal {
namespace {

constexpr std::size_t kListedBatch = 64;

}  // namespace

LiveRecords::LiveRecords(const SnapshotState& snapshot)
    : snapshot_(snapshot),
      windows_(snapshot.index(), snapshot.records()),
      ahead_(snapshot, windows_),
      reader_(snapshot.records()) {}

Result<std::span<Item>> LiveRecords::next() {
  while (slots_.empty() && next_window_ < windows_.size()) {
    const std::size_t window = next_window_;
    windows_.load_ahead(window + ahead_.distance());
    ++next_window_;
    if (ahead_.take(window, items_)) return items_;
    // Listing it takes no window behind it for dense any more.
    if (windows_.is_dense(window)) ahead_.stop();
    slots_ = windows_.slots(window);
  }
  items_.clear();
  if (slots_.empty() || read_listed()) return items_;
  DATAWAL_TRY(read_one());
  return items_;
}

// Reads records by their slots, up to one that is not in memory or not as it should be. False where
// that is the first.
bool LiveRecords::read_listed() {
  const LogAddress begin = LogAddresses::unit_begin(address_in_slot(slots_.front()));
  const Position position = snapshot_.records().position(begin);
  const ByteView bytes = snapshot_.records().view(begin);
  const KeyHashFunction& hash = snapshot_.lookup().hash_function();
  for (const std::uint64_t slot : slots_.first(std::min(kListedBatch, slots_.size()))) {
    FrameWalk walk(bytes, position, LogAddresses::offset_in_unit(address_in_slot(slot)));
    Item item;
    const std::optional<RecordType> type = walk.next(item);
    if (type != RecordType::kPut) break;
    if (HashParts(hash(item.key)).region != region_in_slot(slot)) break;
    items_.push_back(item);
  }
  if (!crcs_hold(items_)) items_.clear();
  slots_ = slots_.subspan(items_.size());
  return !items_.empty();
}

Status LiveRecords::read_one() {
  DATAWAL_TRY_ASSIGN(const DecodedFrame frame, snapshot_.read(slots_.front(), reader_));
  items_.push_back(item_of(frame, snapshot_.records().position(address_in_slot(slots_.front()))));
  slots_ = slots_.subspan(1);
  return {};
}

}  // namespace datawal
