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
    : index_(&index), batch_(&batch), changes_(batch.size()) {}

Status IndexBatch::prepare() {
  DATAWAL_TRY(index_->records().check_room_for(batch_->frames_size()));
  DATAWAL_TRY(index_->settle());
  Status looked_up;
  const auto begin = [this](std::size_t index) {
    Change& change = changes_[index];
    const RecordView record = (*batch_)[index];
    change.has_key = record.type != RecordType::kRaw;
    if (change.has_key) change.hash = index_->begin_write(record.key);
  };
  const auto go_on = [this](std::size_t index) {
    Change& change = changes_[index];
    change.may_be_held = change.has_key && index_->may_hold(change.hash);
    if (change.may_be_held) index_->continue_write(change.hash);
  };
  const auto end = [&](std::size_t index) {
    if (changes_[index].may_be_held && looked_up) looked_up = look_up(index);
  };
  by_groups(batch_->size(), begin, go_on, end);
  if (looked_up) overlay_ = &index_->reserve_overlay(batch_->size());
  return looked_up;
}

Status IndexBatch::look_up(std::size_t record_index) {
  const KeyHash hash = changes_[record_index].hash;
  KeyIndex::Place place(hash);
  DATAWAL_TRY(index_->locate((*batch_)[record_index].key, hash, place));
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
  const bool loads_again = changes_.size() > kStillNear;
  for (std::size_t index = 0; index < changes_.size(); ++index) {
    if (loads_again && index + kDistance < changes_.size())
      index_->prefetch(changes_[index + kDistance].hash);
    if (changes_[index].has_key && !add_new(index)) replace(index, begin, rest);
  }
  return {};
}

// The Put of a key that is surely new, which needs no search.
inline bool IndexBatch::add_new(std::size_t record_index) {
  const Change& change = changes_[record_index];
  if (change.may_be_held || batch_->type(record_index) != RecordType::kPut) return false;
  if (!change.is_first) return index_->put_new(change.hash, change.address);
  index_->keys().reserve_one();
  index_->keys().add_new(change.hash, change.address);
  return true;
}

Status IndexBatch::set_overlay(Position begin) {
  for (std::size_t index = 0; index < changes_.size(); ++index) {
    Change& change = changes_[index];
    if (!change.has_key) continue;
    const RecordView record = (*batch_)[index];
    const auto size =
        static_cast<std::uint32_t>(frame_size(record.key.size(), record.payload.size()));
    const RecordRef ref{begin.segment, size, begin.offset + batch_->frame_offset(index)};
    const Result<LogAddress> address = index_->records().add(ref);
    if (!address) return std::unexpected(address.error());
    change.address = *address;
    change.is_first = record.type == RecordType::kPut ? overlay_->set(change.hash, *address)
                                                      : overlay_->set_deleted(change.hash);
  }
  return {};
}

void IndexBatch::replace(std::size_t index, Position begin, std::span<const Replaced>& rest) {
  const auto is_of_other = [&](const Replaced& old) { return old.record_index != index; };
  const auto old_end = std::ranges::find_if(rest, is_of_other);
  const std::span<const Replaced> old(rest.begin(), old_end);
  rest = {old_end, rest.end()};
  index_->change(
      changes_[index].hash, batch_->type(index), changes_[index].address, [&](LogAddress found) {
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
