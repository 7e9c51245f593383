#include "store/live_records.h"

#include <algorithm>

#include "base/try.h"
#include "store/frame_walk.h"
#include "store/item_cursor.h"
#include "store/snapshot_state.h"

namespace datawal {
namespace {

// From one look at something else to the next: headers, checksums, keys in turn.
constexpr std::size_t kStep = 8;
constexpr std::size_t kListedBatch = 64;

std::uint64_t offset_in_unit(LogAddress address) {
  return static_cast<std::uint64_t>(address) % LogAddresses::kUnitSize;
}

LogAddress unit_begin(LogAddress address) {
  return LogAddress{static_cast<std::uint64_t>(address) - offset_in_unit(address)};
}

}  // namespace

LiveRecords::LiveRecords(const SnapshotState& snapshot)
    : snapshot_(snapshot),
      windows_(snapshot.index(), snapshot.records()),
      reader_(snapshot.records()) {}

Result<std::span<Item>> LiveRecords::next() {
  while (slots_.empty() && next_window_ < windows_.size()) {
    const std::size_t window = next_window_;
    windows_.load_ahead(window);
    const bool is_read = windows_.is_dense(window) && read_dense(window);
    if (!is_read) slots_ = windows_.slots(window);
    ++next_window_;
    if (is_read) return items_;
  }
  items_.clear();
  if (slots_.empty() || read_listed()) return items_;
  DATAWAL_TRY(read_one());
  return items_;
}

// Reads all records of a window, one behind the other. False where they are not the live ones.
bool LiveRecords::read_dense(std::size_t window) {
  const LogWindows::Census& census = windows_.census(window);
  const LogAddress begin = unit_begin(windows_.address(window));
  const Position position = snapshot_.records().position(begin);
  const ByteView bytes = snapshot_.records().view(begin);
  if (bytes.empty()) return false;
  FrameWalk walk(bytes, position, offset_in_unit(windows_.address(window)) + census.first);
  const KeyHashFunction& hash = snapshot_.lookup().hash_function();
  SlotsFingerprint fingerprint;
  items_.resize(census.count);
  const std::span items(items_);
  for (std::size_t first = 0; first < items.size(); first += kStep) {
    const std::span step = items.subspan(first, std::min(kStep, items.size() - first));
    for (Item& item : step) {
      if (!walk.next_put(item)) return false;
    }
    if (!crcs_hold(step)) return false;
    for (const Item& item : step) {
      fingerprint.add(HashParts(hash(item.key))
                          .slot(LogAddress{static_cast<std::uint64_t>(begin) +
                                           (item.ref.offset - position.offset)}));
    }
  }
  return fingerprint == census.fingerprint;
}

// Reads records by their slots, up to one that is not in memory or not as it should be. False where
// that is the first.
bool LiveRecords::read_listed() {
  const LogAddress begin = unit_begin(address_in_slot(slots_.front()));
  const Position position = snapshot_.records().position(begin);
  const ByteView bytes = snapshot_.records().view(begin);
  const KeyHashFunction& hash = snapshot_.lookup().hash_function();
  for (const std::uint64_t slot : slots_.first(std::min(kListedBatch, slots_.size()))) {
    FrameWalk walk(bytes, position, offset_in_unit(address_in_slot(slot)));
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
