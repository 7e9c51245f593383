#include "store/index_batch.h"

#include <algorithm>
#include <span>

#include "base/bytes_equal.h"
#include "base/try.h"

namespace datawal {
namespace {

constexpr std::size_t kDistance = 12;  // between the steps of a record, in records

}  // namespace

IndexBatch::IndexBatch(StoreIndex& index, const WriteBatch& batch)
    : index_(&index), batch_(&batch) {
  hashes_.resize(batch.size());
  replaced_.reserve(batch.size());
}

Status IndexBatch::prepare() {
  DATAWAL_TRY(index_->records().check_room_for(batch_->frames_size()));
  DATAWAL_TRY(index_->settle());
  // Three steps of each record, each so far behind the one before that what it looks at is there.
  const std::size_t count = batch_->size();
  for (std::size_t begun = 0; begun < count + 2 * kDistance; ++begun) {
    if (begun < count && has_key(begun)) {
      hashes_[begun] = index_->begin_write((*batch_)[begun].key);
    }
    if (begun < kDistance) continue;
    const std::size_t continued = begun - kDistance;
    if (continued < count && has_key(continued)) index_->continue_write(hashes_[continued]);
    if (continued < kDistance) continue;
    const std::size_t finished = continued - kDistance;
    if (has_key(finished)) DATAWAL_TRY(look_up(finished));
  }
  return {};
}

Status IndexBatch::look_up(std::size_t record_index) {
  DATAWAL_TRY_ASSIGN(const KeyIndex::Place place,
                     index_->locate((*batch_)[record_index].key, hashes_[record_index]));
  place.visit_entries([&](LogAddress address) { replaced_.push_back({record_index, address}); });
  return {};
}

Status IndexBatch::apply(Position begin) {
  std::span<const Replaced> rest(replaced_);
  for (std::size_t index = 0; index < batch_->size(); ++index) {
    if (index + kDistance < batch_->size()) index_->prefetch(hashes_[index + kDistance]);
    if (!has_key(index)) continue;
    const RecordView record = (*batch_)[index];
    const auto size =
        static_cast<std::uint32_t>(frame_size(record.key.size(), record.payload.size()));
    const RecordRef ref{begin.segment, size, begin.offset + batch_->frame_offset(index)};
    DATAWAL_TRY_ASSIGN(const LogAddress address, index_->records().add(ref));
    const auto is_of_other = [&](const Replaced& old) { return old.record_index != index; };
    const auto old_end = std::ranges::find_if(rest, is_of_other);
    const std::span<const Replaced> old(rest.begin(), old_end);
    rest = {old_end, rest.end()};
    index_->change(hashes_[index], record.type, address, [&](LogAddress found) {
      const bool is_old = std::ranges::find(old, found, &Replaced::address) != old.end();
      return is_old || is_earlier_record(found, record.key, begin) ? Match::kYes : Match::kNo;
    });
  }
  return {};
}

// Whether `address` is that of a record of the batch, with this key.
bool IndexBatch::is_earlier_record(LogAddress address, ByteView key, Position begin) const {
  const Position position = index_->records().position(address);
  if (position.segment != begin.segment || position < begin) return false;
  const std::uint64_t offset = position.offset - begin.offset;
  std::size_t low = 0;
  std::size_t high = batch_->size();
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    (batch_->frame_offset(middle) <= offset ? low : high) = middle;
  }
  return batch_->frame_offset(low) == offset && bytes_equal((*batch_)[low].key, key);
}

}  // namespace datawal
