#include "store/index_image_check.h"

#include <algorithm>

#include "datawal/frame.h"
#include "format/names.h"

namespace datawal {
namespace {

bool is_within(const AddressedStretch& stretch, std::span<const SegmentFacts> segments) {
  const auto found = std::ranges::lower_bound(segments, stretch.segment, {}, &SegmentFacts::id);
  if (found == segments.end() || found->id != stretch.segment) return false;
  const std::uint64_t begin = std::uint64_t{stretch.index} << LogAddresses::kUnitBits;
  // The last frame that begins in a unit may end far behind it.
  return begin < found->size && stretch.end > 0 && stretch.end <= found->size - begin &&
         stretch.end < LogAddresses::kUnitSize + kFrameSizeMax && stretch.dead_bytes <= stretch.end;
}

}  // namespace

bool is_coverage_of(const IndexCoverage& coverage, std::span<const SegmentFacts> segments) {
  if (segments.empty()) return coverage.end == Position{};
  if (segments.front().id == SegmentId{} || segments.back().id > kSegmentIdMax) return false;
  const auto is_out_of_order = [](SegmentId a, SegmentId b) { return a >= b; };
  if (std::ranges::adjacent_find(segments, is_out_of_order, &SegmentFacts::id) != segments.end()) {
    return false;
  }
  const auto has_too_many_tombstones = [](const SegmentFacts& segment) {
    return segment.tombstone_bytes > segment.size;
  };
  if (std::ranges::any_of(segments, has_too_many_tombstones)) return false;
  const LogTotals log = add_up(segments);
  return coverage.end == Position{segments.back().id, segments.back().size} &&
         coverage.records == log.records && coverage.last_txid == log.highest_txid &&
         coverage.txid_gaps == log.txid_gaps && coverage.first_txid_gap == log.first_txid_gap;
}

std::optional<std::vector<std::uint32_t>> unit_bounds(
    std::span<const std::optional<AddressedStretch>> units,
    std::span<const SegmentFacts> segments) {
  std::vector<std::uint32_t> bounds;
  bounds.reserve(units.size() + 1);
  for (const std::optional<AddressedStretch>& unit : units) {
    if (unit && !is_within(*unit, segments)) return std::nullopt;
    const std::uint64_t end = unit ? unit->end : 0;
    bounds.push_back(static_cast<std::uint32_t>(std::min(end, LogAddresses::kUnitSize)));
  }
  bounds.push_back(0);
  return bounds;
}

EntryRule::EntryRule(std::uint32_t first_region, unsigned depth,
                     std::span<const std::uint32_t> bounds)
    : prefix_(std::uint64_t{first_region} << kLogAddressBits),
      prefix_mask_(depth == 0 ? 0 : ~std::uint64_t{0} << (64 - depth)),
      bounds_(bounds) {}

std::uint64_t EntryRule::faults_of(std::uint64_t entry) const noexcept {
  const auto address = static_cast<std::uint64_t>(address_in_slot(entry));
  const std::uint64_t unit =
      std::min<std::uint64_t>(address >> LogAddresses::kUnitBits, bounds_.size() - 1);
  const std::uint64_t is_behind = address % LogAddresses::kUnitSize >= bounds_[unit] ? 1 : 0;
  return ((entry ^ prefix_) & prefix_mask_) | is_behind;
}

bool EntryRule::holds_for_all(IndexTable::ConstWords words) const noexcept {
  std::uint64_t faults = 0;
  for (std::size_t bucket = 0; bucket < kBucketCount; ++bucket) {
    const std::uint64_t tags = words[bucket];
    for (unsigned lane = 0; lane < kBucketSlots; ++lane) {
      const std::uint64_t entry = words[kBucketCount + bucket * kBucketSlots + lane];
      const std::uint64_t is_used = 0 - std::uint64_t{(tags >> lane * 8 & 0xff) != 0};
      faults |= (faults_of(entry) & is_used) | (entry & ~is_used);
    }
  }
  return faults == 0;
}

}  // namespace datawal
