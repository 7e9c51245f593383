#include "log/log_addresses.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/try.h"
#include "format/names.h"

namespace datawal {

Error LogAddresses::exhausted(Position position) {
  return {.code = ErrorCode::kExhausted,
          .message =
              "the address space of the key index has run out: the segments that were "
              "written since the store was opened and those in it are more than 4 TiB, or "
              "4,194,304 pieces; close the store and open it again, and if that does not "
              "help, compact it or divide it into several",
          .path = segment_name(position.segment),
          .segment = position.segment,
          .offset = position.offset};
}

LogAddresses::LogAddresses(std::uint32_t unit_count_max)
    : unit_count_max_(std::min(unit_count_max, kUnitCountMax)) {}

LogAddresses::~LogAddresses() {
  for (const std::atomic<Chunk*>& chunk : chunks_) {
    const std::unique_ptr<Chunk> owned(chunk.load(std::memory_order_relaxed));
  }
}

Result<LogAddress> LogAddresses::address_in_other_unit(Position position,
                                                       std::uint32_t frame_size) {
  const std::lock_guard lock(mutex_);
  DATAWAL_TRY_ASSIGN(const std::uint32_t unit, unit_for(position));
  last_segment_ = position.segment;
  last_index_ = position.offset >> kUnitBits;
  last_unit_base_ = std::uint64_t{unit} << kUnitBits;
  last_unit_ = &unit_at(unit);
  return address_in_last_unit(position.offset % kUnitSize, frame_size);
}

bool LogAddresses::has_room_for(std::uint64_t size) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t unit_count = size / kUnitSize + 2;
  return unit_count <= free_units_.size() + (unit_count_max_ - unit_count_);
}

std::uint32_t LogAddresses::unit_count() const {
  const std::lock_guard lock(mutex_);
  return unit_count_;
}

std::optional<LogAddress> LogAddresses::find(Position position) const {
  const std::lock_guard lock(mutex_);
  const auto segment = segments_.find(position.segment);
  if (segment == segments_.end()) return std::nullopt;
  const std::uint64_t index = position.offset >> kUnitBits;
  const std::vector<AddressedUnit>& units = segment->second.units;
  const auto at = std::ranges::lower_bound(units, index, {}, &AddressedUnit::index);
  if (at == units.end() || at->index != index) return std::nullopt;
  return LogAddress{std::uint64_t{at->unit} << kUnitBits | position.offset % kUnitSize};
}

Result<std::uint32_t> LogAddresses::unit_for(Position position) {
  if (position.offset >> kUnitBits > std::numeric_limits<std::uint32_t>::max()) {
    return std::unexpected(exhausted(position));
  }
  const auto index = static_cast<std::uint32_t>(position.offset >> kUnitBits);
  Segment& segment = segments_[position.segment];
  const auto at = std::ranges::lower_bound(segment.units, index, {}, &AddressedUnit::index);
  if (at != segment.units.end() && at->index == index) return at->unit;
  const auto inserted = segment.units.insert(at, {index, 0});
  Result<std::uint32_t> unit = take_unit(position);
  if (!unit) {
    segment.units.erase(inserted);
    return unit;
  }
  inserted->unit = *unit;
  unit_at(*unit).end.store(0, std::memory_order_relaxed);
  dead_bytes_at(*unit).store(0, std::memory_order_relaxed);
  map_unit(segment, *inserted);
  return unit;
}

void LogAddresses::map_unit(const Segment& segment, const AddressedUnit& known) {
  Unit& unit = unit_at(known.unit);
  const std::uint64_t begin = std::uint64_t{known.index} << kUnitBits;
  const bool is_mapped = begin < segment.mapped.size();
  unit.mapped_end.store(is_mapped ? segment.mapped.size() - begin : 0, std::memory_order_relaxed);
  unit.base.store(is_mapped ? segment.mapped.data() + begin : nullptr, std::memory_order_release);
}

Result<std::uint32_t> LogAddresses::take_unit(Position position) {
  std::uint32_t unit = unit_count_;
  if (!free_units_.empty()) {
    unit = free_units_.back();
    free_units_.pop_back();
  } else {
    if (unit == unit_count_max_) return std::unexpected(exhausted(position));
    make_unit(unit);
    ++unit_count_;
  }
  has_room_.store(!free_units_.empty() || unit_count_ < unit_count_max_, std::memory_order_relaxed);
  const std::uint64_t segment{std::to_underlying(position.segment)};
  unit_at(unit).stretch.store(segment << 32 | position.offset >> kUnitBits,
                              std::memory_order_relaxed);
  return unit;
}

std::size_t LogAddresses::free_unit_count() const {
  const std::lock_guard lock(mutex_);
  return free_units_.size() + (unit_count_max_ - unit_count_);
}

void LogAddresses::make_unit(std::uint32_t unit) {
  std::atomic<Chunk*>& chunk = chunks_[unit / kChunkUnits];
  if (chunk.load(std::memory_order_relaxed) == nullptr) {
    chunk.store(std::make_unique_for_overwrite<Chunk>().release(), std::memory_order_release);
  }
  std::construct_at(&unit_at(unit));
  std::construct_at(&dead_bytes_at(unit), 0);
}

void LogAddresses::set_mapping(SegmentId segment, ByteView bytes) {
  const std::lock_guard lock(mutex_);
  Segment& mapped = segments_[segment];
  mapped.mapped = bytes;
  for (const AddressedUnit& known : mapped.units) map_unit(mapped, known);
}

RetiredUnits LogAddresses::retire(SegmentId segment) {
  const std::lock_guard lock(mutex_);
  RetiredUnits retired;
  const auto found = segments_.find(segment);
  if (found == segments_.end()) return retired;
  for (const AddressedUnit& known : found->second.units) retired.units_.push_back(known.unit);
  segments_.erase(found);
  if (segment == last_segment_) last_index_ = ~std::uint64_t{0};
  return retired;
}

void LogAddresses::reuse(RetiredUnits retired) {
  const std::lock_guard lock(mutex_);
  free_units_.insert(free_units_.end(), retired.units_.begin(), retired.units_.end());
  if (!free_units_.empty()) has_room_.store(true, std::memory_order_relaxed);
}

void LogAddresses::forget_dead() noexcept {
  const std::uint32_t count = unit_count();
  for (std::uint32_t unit = 0; unit < count; ++unit) {
    dead_bytes_at(unit).store(0, std::memory_order_relaxed);
  }
}

std::uint64_t LogAddresses::dead_bytes(SegmentId segment) const {
  const std::lock_guard lock(mutex_);
  const auto found = segments_.find(segment);
  std::uint64_t size = 0;
  if (found == segments_.end()) return size;
  for (const AddressedUnit& known : found->second.units) {
    size += dead_bytes_at(known.unit).load(std::memory_order_relaxed);
  }
  return size;
}

SegmentAddresses LogAddresses::addresses_in(SegmentId segment) const {
  const std::lock_guard lock(mutex_);
  SegmentAddresses addresses;
  const auto found = segments_.find(segment);
  if (found == segments_.end() || found->second.units.empty()) return addresses;
  addresses.units_.assign(found->second.units.back().index + 1, SegmentAddresses::kNoUnit);
  for (const AddressedUnit& known : found->second.units) addresses.units_[known.index] = known.unit;
  return addresses;
}

std::optional<LogAddress> SegmentAddresses::find(std::uint64_t offset) const noexcept {
  const std::uint64_t index = offset >> LogAddresses::kUnitBits;
  if (index >= units_.size() || units_[index] == kNoUnit) return std::nullopt;
  return LogAddress{std::uint64_t{units_[index]} << LogAddresses::kUnitBits |
                    offset % LogAddresses::kUnitSize};
}

std::vector<std::optional<AddressedStretch>> LogAddresses::stretches() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::optional<AddressedStretch>> stretches(unit_count_);
  for (const auto& [id, segment] : segments_) {
    for (const AddressedUnit& known : segment.units) {
      stretches[known.unit] = {id, known.index,
                               unit_at(known.unit).end.load(std::memory_order_relaxed),
                               dead_bytes_at(known.unit).load(std::memory_order_relaxed)};
    }
  }
  return stretches;
}

bool LogAddresses::restore(std::span<const std::optional<AddressedStretch>> stretches) {
  if (stretches.size() > unit_count_max_) return false;
  const auto count = static_cast<std::uint32_t>(stretches.size());
  std::vector<std::uint32_t> used;
  std::vector<std::uint32_t> unused;
  for (std::uint32_t unit = count; unit-- > 0;) (stretches[unit] ? used : unused).push_back(unit);
  const auto place = [&](std::uint32_t unit) {
    return std::pair(stretches[unit]->segment, stretches[unit]->index);
  };
  std::ranges::sort(used, {}, place);
  if (std::ranges::adjacent_find(used, {}, place) != used.end()) return false;
  const std::lock_guard lock(mutex_);
  for (std::uint32_t unit = 0; unit < count; ++unit) make_unit(unit);
  for (const std::uint32_t unit : used) {
    const auto [segment, index] = place(unit);
    segments_[segment].units.push_back({index, unit});
    unit_at(unit).stretch.store(std::uint64_t{std::to_underlying(segment)} << 32 | index,
                                std::memory_order_relaxed);
    unit_at(unit).end.store(stretches[unit]->end, std::memory_order_relaxed);
    dead_bytes_at(unit).store(stretches[unit]->dead_bytes, std::memory_order_relaxed);
  }
  free_units_ = std::move(unused);
  unit_count_ = count;
  has_room_.store(!free_units_.empty() || unit_count_ < unit_count_max_, std::memory_order_relaxed);
  return true;
}

std::size_t LogAddresses::memory_size() const {
  const std::lock_guard lock(mutex_);
  std::size_t size = sizeof *this + free_units_.capacity() * sizeof(std::uint32_t);
  size += (unit_count_ + kChunkUnits - 1) / kChunkUnits * sizeof(Chunk);
  for (const auto& [id, segment] : segments_) {
    size += sizeof id + sizeof segment + segment.units.capacity() * sizeof(AddressedUnit);
  }
  return size;
}

}  // namespace datawal
