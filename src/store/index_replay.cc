#include "store/index_replay.h"

#include "base/try.h"

namespace datawal {

Status IndexReplay::add(const ScannedRecord& record) {
  if (record.type == RecordType::kRaw) return {};
  DATAWAL_TRY(index_->records().check_room());
  DATAWAL_TRY_ASSIGN(const LogAddress address, index_->records().add(record.ref));
  if (index_->records().view(address).size() < record.ref.size) {
    DATAWAL_TRY(finish());
    return index_->replay(record);
  }
  Pending& newest = pending(begun_++);
  newest.hash = index_->begin_write(record.key);
  newest.type = record.type;
  newest.address = address;
  newest.key.assign(record.key.begin(), record.key.end());
  if (begun_ - finished_ > kDistance) index_->continue_write(pending(begun_ - 1 - kDistance).hash);
  return begun_ - finished_ > 2 * kDistance ? finish_one() : Status{};
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
