#include "store/index_replay.h"

#include <span>
#include <utility>

#include "base/copy_short.h"
#include "base/radix_sort.h"
#include "base/try.h"
#include "store/by_groups.h"

namespace datawal {
namespace {

// So many fit into a processor's second cache, with their keys if these are not long.
constexpr std::size_t kGatheredMax = std::size_t{16} << 10;
constexpr std::size_t kKeyBytesMax = std::size_t{1} << 20;
// Parts of the index that records are sorted by: no fewer than the tables of a million keys.
constexpr unsigned kPartBits = 8;

}  // namespace

Status IndexReplay::add(std::span<const ScannedRecord> records) {
  if (!keys_) {
    keys_ = std::make_unique_for_overwrite<std::byte[]>(kKeyBytesMax + kKeySizeMax);
  }
  StoreRecords& addressed = index_->records();
  for (const ScannedRecord& record : records) {
    if (record.type == RecordType::kRaw) continue;
    DATAWAL_TRY(addressed.check_room());
    const Result<LogAddress> address = addressed.add(record.ref);
    if (!address) [[unlikely]]
      return std::unexpected(address.error());
    gather(record, *address);
    if (gathered_.size() == kGatheredMax || key_bytes_ >= kKeyBytesMax) DATAWAL_TRY(finish());
  }
  return {};
}

inline void IndexReplay::gather(const ScannedRecord& record, LogAddress address) {
  gathered_.emplace_back(index_->hash_of(record.key), address,
                         static_cast<std::uint32_t>(key_bytes_),
                         static_cast<std::uint32_t>(record.key.size()), record.type, false);
  copy_short(keys_.get() + key_bytes_, record.key);
  key_bytes_ += record.key.size();
}

// Those of one key stay in their order.
Status IndexReplay::finish() {
  scratch_.resize(gathered_.size());
  const std::span<Gathered> sorted = radix_sort<kPartBits>(
      std::span(gathered_), std::span(scratch_), kPartBits,
      [](const Gathered& record) { return std::to_underlying(record.hash) >> (64 - kPartBits); });
  Status outcome;
  by_groups(
      sorted.size(), [&](std::size_t at) { index_->prefetch(sorted[at].hash); },
      [&](std::size_t at) { begin(sorted[at]); },
      [&](std::size_t at) {
        if (outcome && !sorted[at].is_done) outcome = end(sorted[at]);
      });
  gathered_.clear();
  key_bytes_ = 0;
  return outcome;
}

// A record of a key that is not there is done with at once, unless an earlier one is not: that may
// be of the same key.
void IndexReplay::begin(Gathered& record) {
  if (begun_count_ == 0) {
    record.is_done = record.type == RecordType::kPut ? index_->put_new(record.hash, record.address)
                                                     : !index_->may_hold(record.hash);
    if (record.is_done) return;
  }
  ++begun_count_;
  index_->continue_write(record.hash);
}

Status IndexReplay::end(const Gathered& record) {
  --begun_count_;
  const ByteView key(keys_.get() + record.key_begin, record.key_size);
  DATAWAL_TRY_ASSIGN(const bool has_replaced,
                     index_->finish_replay(key, record.hash, record.type, record.address));
  if (has_replaced) ++replaced_count_;
  return {};
}

}  // namespace datawal
