// The entries that every store is given: 16-byte keys and incompressible values, both computed from
// an index, so that any entry met anywhere can be checked without remembering it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "datawal/bytes.h"

namespace datawal::bench {

inline constexpr std::size_t kKeySize = 16;
using Key = std::array<std::byte, kKeySize>;

// How often an entry has been written: its value is another one each time.
enum class Generation : std::uint32_t { kPut = 0, kOverwritten = 1 };

class Dataset {
 public:
  // `count` entries with values of `value_size` bytes. Touches all memory that it will ever use.
  Dataset(std::size_t value_size, std::uint32_t count, std::uint64_t seed);

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::size_t value_size() const { return value_size_; }

  // Keys in no order that a store could profit from. Those from count() on are in no store.
  [[nodiscard]] Key key(std::uint32_t index) const;
  // The value of an entry; valid as long as the dataset is.
  [[nodiscard]] ByteView value(std::uint32_t index, Generation generation) const;

  // Throws unless `found` is, byte for byte, the entry's value.
  void check_value(std::uint32_t index, Generation generation, ByteView found) const;
  // The same for an entry known by its key only; throws if no entry has it. Gives the index.
  std::uint32_t check_entry(ByteView key_found, Generation generation, ByteView value_found) const;

  // All indices, shuffled; another order for each `purpose`.
  [[nodiscard]] std::vector<std::uint32_t> shuffled(std::uint64_t purpose) const;

 private:
  std::size_t value_size_;
  std::uint32_t count_;
  std::uint64_t seed_;
  std::vector<std::byte> pool_;  // values are windows of it
};

// Counts the entries of a scan, each of them once, and compares each with what it must be.
class EntryCheck {
 public:
  EntryCheck(const Dataset& dataset, Generation generation)
      : dataset_(dataset), generation_(generation), seen_(dataset.count(), false) {}

  void visit(ByteView key, ByteView value);
  // Throws if an entry was missing.
  void finish() const;

 private:
  const Dataset& dataset_;
  Generation generation_;
  std::vector<bool> seen_;
  std::uint32_t seen_count_ = 0;
};

}  // namespace datawal::bench
