#include "store/snapshot_state.h"

#include <utility>

#include "base/try.h"
#include "store/key_matcher.h"

namespace datawal {

std::vector<std::uint64_t> SnapshotState::slots_in_log_order() const {
  std::vector<std::uint64_t> slots = store_.frozen->slots();
  sort_in_log_order(slots, records());
  return slots;
}

Result<const SortedKeys*> SnapshotState::sorted_keys() const {
  const std::lock_guard lock(sorting_);
  if (!sorted_) {
    DATAWAL_TRY_ASSIGN(SortedKeys sorted,
                       SortedKeys::collect(records(), store_.hash, slots_in_log_order()));
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

Status SnapshotState::visit_in_order(
    const SortedKeys& keys, const std::function<Status(const DecodedFrame&)>& visit) const {
  RecordReader reader(records());
  const std::span<const SortedKeys::Entry> entries = keys.entries();
  for (std::size_t index = 0; index < entries.size(); ++index) {
    if (index + kPrefetchDistance < entries.size()) {
      records().prefetch(address_in_slot(entries[index + kPrefetchDistance].slot));
    }
    DATAWAL_TRY_ASSIGN(const DecodedFrame frame, read(entries[index], reader));
    DATAWAL_TRY(visit(frame));
  }
  return {};
}

}  // namespace datawal
