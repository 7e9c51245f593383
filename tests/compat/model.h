// What a store must hold after a sequence of operations, worked out from the contract alone,
// without either implementation.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/frame.h"

namespace datawal::compat {

// A key or payload: how it is named to a driver, and how a driver shows it.
struct Blob {
  std::string word = "-";
  std::string shown = "-";
  std::uint64_t size = 0;
  Bytes bytes = {};  // for keys, which are sorted; payloads need not keep theirs
};

// The `size` bytes that the generator gives for `seed`. Payloads may be large, so that their bytes
// are forgotten.
[[nodiscard]] Blob make_key(std::uint64_t seed, std::size_t size);
[[nodiscard]] Blob make_payload(std::uint64_t seed, std::size_t size);

struct ModelRecord {
  RecordType type = RecordType::kRaw;
  std::uint64_t txid = 0;
  Blob key = {};
  Blob payload = {};
  std::uint32_t segment = 1;
  std::uint64_t offset = 0;

  [[nodiscard]] std::uint64_t frame_size() const;
  // "SEGMENT OFFSET SIZE", as a driver shows it.
  [[nodiscard]] std::string place() const;
};

inline constexpr std::uint64_t kSegmentSizeMaxNone = ~std::uint64_t{0};

class Model {
 public:
  // From here on a segment is closed before it would grow beyond `size` bytes.
  void set_segment_size_max(std::uint64_t size) { segment_size_max_ = size; }
  // Appends a record to the active segment.
  const ModelRecord& append(RecordType type, const Blob& key, const Blob& payload);
  // Begins the next segment.
  void rotate();
  // Forgets the records behind the first `count`; they must be in the active segment.
  void cut(std::size_t count);

  // As the drivers show them.
  [[nodiscard]] std::vector<std::string> dump() const;
  [[nodiscard]] std::vector<std::string> state() const;
  [[nodiscard]] std::string report() const;

  // Live keys in ascending order of their bytes, and the index of the record of each.
  [[nodiscard]] const std::map<Bytes, std::size_t>& live() const { return live_; }
  [[nodiscard]] const std::vector<ModelRecord>& records() const { return records_; }
  // A model of what compact_to() makes of this one.
  [[nodiscard]] Model compacted() const;

 private:
  void apply(std::size_t index);

  std::vector<ModelRecord> records_;
  std::map<Bytes, std::size_t> live_;
  std::uint32_t segments_ = 1;
  std::uint64_t offset_ = 0;
  std::uint64_t segment_size_max_ = kSegmentSizeMaxNone;
};

}  // namespace datawal::compat
