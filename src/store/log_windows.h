// The live records of an index by the stretch of the log that they are in, for walking over them in
// log order a stretch at a time.
//
//   LogWindows windows(frozen, records);
//   for (std::size_t window = 0; window < windows.size(); ++window) {
//     for (const std::uint64_t slot : windows.slots(window)) ...
//   }
//
// Where nothing is dead the records of a window are those that are there, one behind the other. So
// there it is enough to know how many there must be, and a fingerprint of their slots: whoever has
// met records with that fingerprint has met the right ones, and all of them. Only where that is not
// so, or not likely, are slots listed.
//
// Thread safety: belongs to one thread at a time.
//
// Cost: reads the index once, 2 ns a key, and once more where slots are listed; 16 bytes for each
// window that the log has, which is 1/8192 of it, and where slots are listed 8 bytes a key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "log/log_addresses.h"
#include "store/frozen_index.h"
#include "store/store_records.h"

namespace datawal {

// A sum over slots, which no two sets of them have in common by chance.
class SlotsFingerprint {
 public:
  void add(std::uint64_t slot) noexcept {
    const std::uint64_t mixed = slot * 0x9e37'79b9'7f4a'7c15;
    sum_ += mixed ^ mixed >> 32;
  }
  friend bool operator==(const SlotsFingerprint&, const SlotsFingerprint&) = default;

 private:
  std::uint64_t sum_ = 0;
};

class LogWindows {
 public:
  static constexpr unsigned kWindowBits = 17;
  static constexpr std::uint64_t kWindowSize = std::uint64_t{1} << kWindowBits;
  static_assert(kWindowBits <= LogAddresses::kUnitBits);

  // The records of a window.
  struct Census {
    SlotsFingerprint fingerprint;
    std::uint32_t count = 0;
    std::uint32_t first = ~std::uint32_t{0};  // where the first begins, in the window
  };

  // `index` and `records` must outlive it.
  LogWindows(const FrozenIndex& index, const StoreRecords& records);

  // How many windows have live records. They are numbered in log order.
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
  // Where the window begins.
  [[nodiscard]] LogAddress address(std::size_t window) const noexcept {
    return LogAddress{std::uint64_t{order_[window].number} << kWindowBits};
  }
  [[nodiscard]] const Census& census(std::size_t window) const noexcept {
    return census_[order_[window].number];
  }
  // Whether it is likely that all records in the window are live.
  [[nodiscard]] bool is_dense(std::size_t window) const noexcept { return order_[window].is_dense; }
  // Has the disk begin with what will be read soon after `window`, with which the reader begins:
  // mappings are such that the system does not do that by itself.
  void load_ahead(std::size_t window);
  // The slots of the window in the order of their addresses, valid until the next call. To be asked
  // for in the order of the windows.
  [[nodiscard]] std::span<const std::uint64_t> slots(std::size_t window);

 private:
  struct Window {
    std::uint32_t number = 0;  // of all that there are addresses for
    bool is_dense = false;     // and so not listed
    std::uint64_t begin = 0;   // of its slots in listed_
  };

  void count();
  void put_in_order();
  void list_from(std::size_t window);

  const FrozenIndex* index_;
  const StoreRecords* records_;
  std::vector<Census> census_;  // by number
  std::vector<Window> order_;
  std::size_t loaded_count_ = 0;                   // of windows
  std::uint32_t loaded_unit_ = ~std::uint32_t{0};  // of addresses, the last
  bool is_listed_ = false;
  std::unique_ptr<std::uint64_t[]> listed_;  // of windows that are not dense, one after the other
  std::unique_ptr<std::uint64_t[]> scratch_;
};

}  // namespace datawal
