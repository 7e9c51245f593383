// What must hold in an image of an index beyond its checksums, so that an index made of it can be
// used whatever the bytes are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log/log_addresses.h"
#include "store/index_image.h"
#include "store/index_table.h"

namespace datawal {

inline constexpr std::uint32_t kIndexTableCountMax = 1U << kRegionBits;

// Whether `segments` are in order, end where `coverage` does, and add up to it.
[[nodiscard]] bool is_coverage_of(const IndexCoverage& coverage,
                                  std::span<const SegmentFacts> segments);

// In how many bytes of each unit frames can begin, in none of free ones; behind them a zero.
// Nullopt if a unit stands for a place that is not covered.
[[nodiscard]] std::optional<std::vector<std::uint32_t>> unit_bounds(
    std::span<const std::optional<AddressedStretch>> units, std::span<const SegmentFacts> segments);

// What holds for the entries of the table of `depth` whose regions begin with `first_region`: that
// is where they belong, and their address is covered.
class EntryRule {
 public:
  // `bounds` are unit_bounds().
  EntryRule(std::uint32_t first_region, unsigned depth, std::span<const std::uint32_t> bounds);

  [[nodiscard]] bool holds_for(std::uint64_t entry) const noexcept { return faults_of(entry) == 0; }
  // As well as whether slots without a tag are zeros.
  [[nodiscard]] bool holds_for_all(IndexTable::ConstWords words) const noexcept;

 private:
  // Not zero if there is one; without a branch, because it is asked of every slot.
  [[nodiscard]] std::uint64_t faults_of(std::uint64_t entry) const noexcept;

  std::uint64_t prefix_;
  std::uint64_t prefix_mask_;
  std::span<const std::uint32_t> bounds_;
};

}  // namespace datawal
