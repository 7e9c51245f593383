#include "store/index_replay.h"

#include <algorithm>

#include "base/try.h"

namespace datawal {
namespace {

constexpr std::uint64_t kGroup = kLoadGroup;

}  // namespace

Status IndexReplay::add(const ScannedRecord& record) {
  if (record.type == RecordType::kRaw) return {};
  DATAWAL_TRY(index_->records().check_room());
  DATAWAL_TRY_ASSIGN(const LogAddress address, index_->records().add(record.ref));
  if (index_->records().view(address).size() < record.ref.size) {
    DATAWAL_TRY(finish());
    return index_->replay(record);
  }
  Pending& newest = pending(begun_++);
  newest.hash = index_->hash_of(record.key);
  newest.type = record.type;
  newest.address = address;
  newest.key.assign(record.key.begin(), record.key.end());
  return begun_ % kLoadGroup == 0 ? end_group() : Status{};
}

// Begins to load the entries of the newest group, and what those of the one before lead to; takes
// over what is older. What finish() has taken over in between is in none.
Status IndexReplay::end_group() {
  const std::uint64_t newest = std::max(finished_, begun_ - kGroup);
  const std::uint64_t before = std::max(finished_, newest - std::min(newest, kGroup));
  for (std::uint64_t number = newest; number < begun_; ++number) {
    index_->prefetch(pending(number).hash);
  }
  for (std::uint64_t number = before; number < newest; ++number) {
    index_->continue_write(pending(number).hash);
  }
  while (finished_ < before) DATAWAL_TRY(finish_one());
  return {};
}

Status IndexReplay::finish_one() {
  const Pending& oldest = pending(finished_++);
  DATAWAL_TRY_ASSIGN(const bool has_replaced,
                     index_->finish_replay(oldest.key, oldest.hash, oldest.type, oldest.address));
  if (has_replaced) ++replaced_count_;
  return {};
}

Status IndexReplay::finish() {
  while (finished_ < begun_) DATAWAL_TRY(finish_one());
  return {};
}

}  // namespace datawal
