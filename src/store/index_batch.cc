#include "store/index_batch.h"

#include <algorithm>

#include "base/bytes_equal.h"
#include "base/try.h"
#include "store/by_groups.h"

namespace datawal {
namespace {

constexpr std::size_t kDistance = 12;  // from a record that is loaded to one taken over, in records
constexpr std::size_t kStillNear = 256;  // records of which the cache has what was loaded for them

}  // namespace

IndexBatch::IndexBatch(StoreIndex& index, const WriteBatch& batch)
    : index_(&index), batch_(&batch) {
  hashes_.resize(batch.size());
  may_be_held_.resize(batch.size());
  addresses_.resize(batch.size());
  replaced_.reserve(batch.size());
}

Status IndexBatch::prepare() {
  DATAWAL_TRY(index_->records().check_room_for(batch_->frames_size()));
  DATAWAL_TRY(index_->settle());
  Status looked_up;
  const auto with_key = [this](const auto& step) {
    return [this, &step](std::size_t index) {
      if (has_key(index)) step(index);
    };
  };
  const auto begin = [this](std::size_t index) {
    hashes_[index] = index_->begin_write((*batch_)[index].key);
  };
  const auto go_on = [this](std::size_t index) {
    may_be_held_[index] = index_->may_hold(hashes_[index]) ? 1 : 0;
    if (may_be_held_[index] != 0) index_->continue_write(hashes_[index]);
  };
  const auto end = [&](std::size_t index) {
    if (looked_up && may_be_held_[index] != 0) looked_up = look_up(index);
  };
  by_groups(batch_->size(), with_key(begin), with_key(go_on), with_key(end));
  if (looked_up) overlay_ = &index_->reserve_overlay(batch_->size());
  return looked_up;
}

Status IndexBatch::look_up(std::size_t record_index) {
  KeyIndex::Place place(hashes_[record_index]);
  DATAWAL_TRY(index_->locate((*batch_)[record_index].key, hashes_[record_index], place));
  place.visit_entries([&](LogAddress address) { replaced_.push_back({record_index, address}); });
  return {};
}

Status IndexBatch::apply(Position begin) {
  struct Shown {
    explicit Shown(StoreIndex& its_index) noexcept : index(its_index) { index.show_overlay(); }
    Shown(const Shown&) = delete;
    Shown& operator=(const Shown&) = delete;
    ~Shown() { index.withdraw_overlay(); }
    StoreIndex& index;
  };
  DATAWAL_TRY(set_overlay(begin));
  const Shown shown(*index_);
  std::span<const Replaced> rest(replaced_);
  const bool loads_again = batch_->size() > kStillNear;
  for (std::size_t index = 0; index < batch_->size(); ++index) {
    if (loads_again && index + kDistance < batch_->size())
      index_->prefetch(hashes_[index + kDistance]);
    const bool is_new = may_be_held_[index] == 0 && batch_->type(index) == RecordType::kPut;
    if (is_new && index_->put_new(hashes_[index], addresses_[index])) continue;
    if (has_key(index)) replace(index, begin, rest);
  }
  return {};
}

Status IndexBatch::set_overlay(Position begin) {
  for (std::size_t index = 0; index < batch_->size(); ++index) {
    if (!has_key(index)) continue;
    const RecordView record = (*batch_)[index];
    const auto size =
        static_cast<std::uint32_t>(frame_size(record.key.size(), record.payload.size()));
    const RecordRef ref{begin.segment, size, begin.offset + batch_->frame_offset(index)};
    const Result<LogAddress> address = index_->records().add(ref);
    if (!address) return std::unexpected(address.error());
    addresses_[index] = *address;
    if (record.type == RecordType::kPut) {
      overlay_->set(hashes_[index], *address);
    } else {
      overlay_->set_deleted(hashes_[index]);
    }
  }
  return {};
}

void IndexBatch::replace(std::size_t index, Position begin, std::span<const Replaced>& rest) {
  const auto is_of_other = [&](const Replaced& old) { return old.record_index != index; };
  const auto old_end = std::ranges::find_if(rest, is_of_other);
  const std::span<const Replaced> old(rest.begin(), old_end);
  rest = {old_end, rest.end()};
  index_->change(hashes_[index], batch_->type(index), addresses_[index], [&](LogAddress found) {
    const bool is_old = std::ranges::find(old, found, &Replaced::address) != old.end();
    if (is_old || is_earlier_record(found, (*batch_)[index].key, begin)) return Match::kYes;
    return Match::kNo;
  });
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
