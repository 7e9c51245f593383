// The records that a compaction has copied, and how the index is led from the old ones to these.
//
// Thread safety: for one thread.
// Memory: 32 bytes for each record that is known by its key, 8 for one that is known by its place.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "datawal/record_log.h"
#include "log/log_addresses.h"
#include "log/shared_log.h"
#include "store/key_hash.h"
#include "store/record_places.h"
#include "store/store_index.h"

namespace datawal {

class MovedRecords {
 public:
  // Of records that are known by their keys; or by their places, if there are `places`, which must
  // outlive this.
  explicit MovedRecords(const RecordPlaces* places);

  // A record of `size` bytes is at `target` in the new segment, and will be found by its key and
  // the old address, or by its old place. In the order of the log.
  void add(KeyHash hash, LogAddress source, std::uint64_t target, std::uint32_t size);
  void add(std::uint64_t source_place, std::uint64_t target, std::uint32_t size);

  // The last in each unit of addresses of what is `segment` by now.
  [[nodiscard]] std::vector<RecordRef> last_in_units(SegmentId segment) const;

  // Leads the index to the new places, once, a part at a time, so that writers need not wait long:
  // for 200 microseconds. Those of last_in_units() must have addresses. Costs 25 ns for each entry
  // of the index where records are known by their places, else 50 for each record.
  void lead(StoreIndex& index, SharedLog& log, SegmentId segment);

 private:
  struct ByKey {
    KeyHash hash;
    LogAddress source;
    std::uint64_t target;
    std::uint32_t size;
  };
  struct Placed {
    std::uint64_t offset;
    std::uint32_t size;
  };
  class Targets;

  void note_last(std::uint64_t target, std::uint32_t size);
  void lead_by_keys(StoreIndex& index, SharedLog& log, SegmentId segment) const;
  void lead_by_places(StoreIndex& index, SharedLog& log, SegmentId segment);

  const RecordPlaces* places_;
  std::vector<ByKey> by_key_;
  std::optional<PlaceBits> source_places_;
  std::vector<std::uint64_t> targets_;  // in the order of their places
  std::vector<Placed> last_in_units_;
};

}  // namespace datawal
