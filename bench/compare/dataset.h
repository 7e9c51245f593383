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
enum class Generation : std::uint32_t { kPut = 0, kOverwritten = 1, kRewritten = 2 };

// Which values a store holds: those of the entries with even and with odd indices.
struct Written {
  Generation even = Generation::kPut;
  Generation odd = Generation::kPut;

  [[nodiscard]] Generation of(std::uint32_t index) const { return index % 2 == 0 ? even : odd; }
};

enum class KeyOrder {
  kScattered,  // no order that a store could profit from
  kAscending,  // an entry's key is behind all with lower indices
};

class Dataset {
 public:
  // `count` entries with values of `value_size` bytes. Touches all memory that it will ever use.
  Dataset(std::size_t value_size, std::uint32_t count, std::uint64_t seed,
          KeyOrder key_order = KeyOrder::kScattered);

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::size_t value_size() const { return value_size_; }

  // The key of an entry; those from count() on are in no store.
  [[nodiscard]] Key key(std::uint32_t index) const;
  // The value of an entry; valid as long as the dataset is.
  [[nodiscard]] ByteView value(std::uint32_t index, Generation generation) const;

  // Throws unless `found` is, byte for byte, the entry's value.
  void check_value(std::uint32_t index, Generation generation, ByteView found) const;
  // The same for an entry known by its key only; throws if no entry has it. Gives the index.
  std::uint32_t check_entry(ByteView key_found, Written written, ByteView value_found) const;

  // All indices, shuffled; another order for each `purpose`.
  [[nodiscard]] std::vector<std::uint32_t> shuffled(std::uint64_t purpose) const;

 private:
  std::size_t value_size_;
  std::uint32_t count_;
  std::uint64_t seed_;
  KeyOrder key_order_;
  std::vector<std::byte> pool_;  // values are windows of it
};

// What a scan has shown, told by sums over entries in any order: cheap enough to be made inside a
// measured loop. Values count by their first and last word, keys whole.
struct ScanSum {
  std::uint64_t count = 0;
  std::uint64_t keys = 0;
  std::uint64_t values = 0;

  void add(ByteView key, ByteView value);
  friend bool operator==(const ScanSum&, const ScanSum&) = default;
};

// The sum of all entries. Where `has_keys` is false the keys are left out.
[[nodiscard]] ScanSum sum_of(const Dataset& dataset, Written written, bool has_keys);

// Counts the entries of a scan, each of them once, and compares each with what it must be.
class EntryCheck {
 public:
  EntryCheck(const Dataset& dataset, Written written)
      : dataset_(dataset), written_(written), seen_(dataset.count(), false) {}

  void visit(ByteView key, ByteView value);
  // Throws if an entry was missing.
  void finish() const;

 private:
  const Dataset& dataset_;
  Written written_;
  std::vector<bool> seen_;
  std::uint32_t seen_count_ = 0;
};

}  // namespace datawal::bench
