#include "store/snapshot_state.h"

#include <utility>

#include "base/try.h"
#include "store/key_matcher.h"

namespace datawal {

Result<const SortedKeys*> SnapshotState::sorted_keys() const {
  const std::lock_guard lock(sorting_);
  if (!sorted_) {
    DATAWAL_TRY_ASSIGN(SortedKeys sorted, SortedKeys::collect(index(), records(), store_.hash));
    sorted_ = std::make_unique<const SortedKeys>(std::move(sorted));
  }
  return sorted_.get();
}

Result<DecodedFrame> SnapshotState::read(std::uint64_t slot, RecordReader& reader) const {
  const LogAddress address = address_in_slot(slot);
  DATAWAL_TRY_ASSIGN(const DecodedFrame frame, reader.read(address));
  DATAWAL_TRY(check_live_record(frame.record, region_in_slot(slot), store_.hash,
                                records().position(address)));
  return frame;
}

Result<DecodedFrame> SnapshotState::read(const SortedKeys::Entry& entry,
                                         RecordReader& reader) const {
  DATAWAL_TRY_ASSIGN(const DecodedFrame frame, read(entry.slot, reader));
  if (key_prefix(frame.record.key) == entry.prefix) return frame;
  return std::unexpected(key_mismatch(records().position(address_in_slot(entry.slot))));
}

}  // namespace datawal
