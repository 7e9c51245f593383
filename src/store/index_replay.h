// Builds an index from the records of a log.
//
// Where in the index a key belongs is chance, and so is where in the log what it replaces is. So
// records are gathered until there are several for each part of the index, and taken over part by
// part: what one needs of it is in the processor's cache for the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "datawal/record_log.h"
#include "store/store_index.h"

namespace datawal {

class IndexReplay {
 public:
  // `index` must outlive it.
  explicit IndexReplay(StoreIndex& index) : index_(&index) {}

  // Takes the log's next records. Fails with kExhausted, or where what one of them or of earlier
  // ones replaces cannot be read.
  [[nodiscard]] Status add(std::span<const ScannedRecord> records);
  [[nodiscard]] Status add(const ScannedRecord& record) { return add(std::span(&record, 1)); }
  // Takes over those that are gathered. To be called at the end. Fails as add() does.
  [[nodiscard]] Status finish();
  // How many older records have been replaced, and looked at for that.
  [[nodiscard]] std::uint64_t replaced_count() const noexcept { return replaced_count_; }

 private:
  struct Gathered {
    KeyHash hash;
    LogAddress address;
    std::uint32_t key_begin;  // in keys_
    std::uint32_t key_size;
    RecordType type;
    bool is_done = false;
  };

  void gather(const ScannedRecord& record, LogAddress address);
  void begin(Gathered& record);
  [[nodiscard]] Status end(const Gathered& record);

  StoreIndex* index_;
  std::vector<Gathered> gathered_;
  std::vector<Gathered> scratch_;      // for sorting
  std::unique_ptr<std::byte[]> keys_;  // with room for one more
  std::size_t key_bytes_ = 0;
  std::size_t begun_count_ = 0;  // and not ended
  std::uint64_t replaced_count_ = 0;
};

}  // namespace datawal
