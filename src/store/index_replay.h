// Builds an index from the records of a log.
//
// What a put replaces has to be looked at, and is somewhere in memory: a record waits for two
// loads, one after the other. So a few records are under way at a time, by groups as in
// by_groups.h.
#pragma once

#include <array>
#include <cstdint>

#include "datawal/record_log.h"
#include "store/by_groups.h"
#include "store/store_index.h"

namespace datawal {

class IndexReplay {
 public:
  // `index` must outlive it.
  explicit IndexReplay(StoreIndex& index) : index_(&index) {}

  // Takes the log's next record. Fails as StoreIndex::replay does.
  [[nodiscard]] Status add(const ScannedRecord& record);
  // Takes over those that are still under way. To be called at the end.
  [[nodiscard]] Status finish();
  // How many older records have been replaced, and looked at for that.
  [[nodiscard]] std::uint64_t replaced_count() const noexcept { return replaced_count_; }

 private:
  struct Pending {
    KeyHash hash{};
    RecordType type{};
    LogAddress address{};
    Bytes key;  // its memory is used again
  };

  [[nodiscard]] Pending& pending(std::uint64_t number) { return ring_[number % ring_.size()]; }
  [[nodiscard]] Status end_group();
  [[nodiscard]] Status finish_one();

  StoreIndex* index_;
  std::array<Pending, 4 * kLoadGroup> ring_{};  // three groups are under way at most
  std::uint64_t begun_ = 0;
  std::uint64_t finished_ = 0;
  std::uint64_t replaced_count_ = 0;
};

}  // namespace datawal
