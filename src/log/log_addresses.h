// Addresses of 42 bits for the places in a log, which need 96: what an index stores instead.
//
// The address space of 4 TiB is handed out in units of 1 MiB, each of which stands for one stretch
// of one segment. An address is the number of its unit above the offset in the unit. A segment
// takes as many units as it has stretches in which a record begins, and one at least.
//
//   DATAWAL_TRY_ASSIGN(const LogAddress address, addresses.address_of(position));
//   addresses.position_of(address) == position;
//
// A unit also knows where its stretch is in memory, if its segment is mapped.
//
// Thread safety: position_of() and view_at() may be called by any thread at any time, take no lock
// and write nothing; the address must have reached the thread from the one that asked for it in a
// way that orders memory (release, acquire). address_of() and retire() are for one thread at a
// time. The other functions may be called by any thread.
//
// Cost: position_of() and view_at() are two dependent loads, from 32 bytes for each unit;
// address_of() is a comparison, or a search under a mutex where the unit is another than before.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "datawal/record_log.h"

namespace datawal {

// A place in a log. Ordered as the log was written, as far as units are not used again.
enum class LogAddress : std::uint64_t {};

inline constexpr unsigned kLogAddressBits = 42;

// The units of a segment that is no longer addressed.
class RetiredUnits {
 public:
  [[nodiscard]] std::size_t count() const noexcept { return units_.size(); }
  [[nodiscard]] const std::vector<std::uint32_t>& units() const noexcept { return units_; }

 private:
  friend class LogAddresses;
  std::vector<std::uint32_t> units_;
};

// The addresses of one segment, for who asks for many of them: as they were when this was made.
class SegmentAddresses {
 public:
  // The address that was given for a frame at `offset`, or for one in its unit.
  [[nodiscard]] std::optional<LogAddress> find(std::uint64_t offset) const noexcept;

  // The units of its stretches, in order.
  static constexpr std::uint32_t kNoUnit = ~std::uint32_t{0};
  [[nodiscard]] const std::vector<std::uint32_t>& unit_numbers() const noexcept { return units_; }

 private:
  friend class LogAddresses;

  std::vector<std::uint32_t> units_;  // by stretch
};

// The stretch of a segment that a unit of addresses stands for.
struct AddressedStretch {
  SegmentId segment{};
  std::uint32_t index = 0;       // in the segment, counted in units
  std::uint64_t end = 0;         // of the frames that begin in it, from its begin
  std::uint64_t dead_bytes = 0;  // of those, in frames that nothing leads to any more

  friend bool operator==(const AddressedStretch&, const AddressedStretch&) = default;
};

class LogAddresses {
 public:
  static constexpr unsigned kUnitBits = 20;
  static constexpr std::uint64_t kUnitSize = std::uint64_t{1} << kUnitBits;
  static constexpr std::uint32_t kUnitCountMax = 1U << (kLogAddressBits - kUnitBits);

  // Addresses at most `unit_count_max` units, for tests of the limit.
  explicit LogAddresses(std::uint32_t unit_count_max = kUnitCountMax);
  ~LogAddresses();
  LogAddresses(const LogAddresses&) = delete;
  LogAddresses& operator=(const LogAddresses&) = delete;

  // The address of the frame of `frame_size` bytes at `position`, the same until the segment is
  // retired. Fails with kExhausted where a new unit is needed and there is none.
  [[nodiscard]] Result<LogAddress> address_of(Position position, std::uint32_t frame_size) {
    if (position.segment == last_segment_ && position.offset >> kUnitBits == last_index_) {
      return address_in_last_unit(position.offset % kUnitSize, frame_size);
    }
    return address_in_other_unit(position, frame_size);
  }
  // What address_of() fails with.
  [[nodiscard]] static Error exhausted(Position position);
  // The address that address_of() has given for a frame at `position`, or for one in its unit.
  [[nodiscard]] std::optional<LogAddress> find(Position position) const;
  // Whether address_of() is sure not to fail; and whether not for frames of so many bytes in a row.
  [[nodiscard]] bool has_room() const noexcept { return has_room_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t free_unit_count() const;
  [[nodiscard]] bool has_room_for(std::uint64_t size) const;

  // The number of the unit that `address` is in, and where in it that is.
  [[nodiscard]] static constexpr std::uint32_t unit_number(LogAddress address) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(address) >> kUnitBits);
  }
  [[nodiscard]] static constexpr std::uint64_t offset_in_unit(LogAddress address) noexcept {
    return static_cast<std::uint64_t>(address) % kUnitSize;
  }
  [[nodiscard]] static constexpr LogAddress unit_begin(LogAddress address) noexcept {
    return LogAddress{static_cast<std::uint64_t>(address) - offset_in_unit(address)};
  }
  [[nodiscard]] Position position_of(LogAddress address) const noexcept {
    const std::uint64_t stretch = unit_of(address).stretch.load(std::memory_order_relaxed);
    return {SegmentId{static_cast<std::uint32_t>(stretch >> 32)},
            (stretch & 0xffff'ffff) << kUnitBits | offset_in_unit(address)};
  }

  // The bytes from `address` on, as far as frames are known that begin in its unit; nothing where
  // the segment is not mapped. The caller keeps the mapping for as long as anybody may be using it.
  [[nodiscard]] ByteView view_at(LogAddress address) const noexcept {
    const Unit& unit = unit_of(address);
    const std::byte* const base = unit.base.load(std::memory_order_acquire);
    const std::uint64_t end = std::min(unit.end.load(std::memory_order_relaxed),
                                       unit.mapped_end.load(std::memory_order_relaxed));
    const std::uint64_t offset = offset_in_unit(address);
    if (base == nullptr || end <= offset) return {};
    return {base + offset, end - offset};
  }
  // How many bytes there are from `address` to the end of the frames that begin in its unit.
  [[nodiscard]] std::uint64_t size_from(LogAddress address) const noexcept {
    const std::uint64_t end = unit_of(address).end.load(std::memory_order_relaxed);
    return end - std::min(end, offset_in_unit(address));
  }

  // Says that `segment` is mapped as `bytes`; none takes that back.
  void set_mapping(SegmentId segment, ByteView bytes);

  // Ends the addressing of `segment`, whose file is replaced or removed: from now on its positions
  // get other addresses, while those given so far still lead where they did.
  [[nodiscard]] RetiredUnits retire(SegmentId segment);
  // Makes units of a retired segment available again. The caller knows that no index holds an
  // address in them. A thread that has taken one from an index before may still ask for its
  // position, and is told another place; it finds out as it compares the key there.
  void reuse(RetiredUnits retired);

  // Notes that nothing leads to a record of `size` bytes at `address` any more. For the thread that
  // asks for addresses.
  void note_dead(LogAddress address, std::uint64_t size) noexcept {
    std::atomic<std::uint64_t>& bytes = dead_bytes_at(unit_number(address));
    bytes.store(bytes.load(std::memory_order_relaxed) + size, std::memory_order_relaxed);
  }
  void forget_dead() noexcept;
  // The bytes of such records in `segment`.
  [[nodiscard]] std::uint64_t dead_bytes(SegmentId segment) const;
  [[nodiscard]] SegmentAddresses addresses_in(SegmentId segment) const;

  // How many units have ever been in use: all have numbers below that.
  [[nodiscard]] std::uint32_t unit_count() const;
  // The bytes of records in the unit of `address` that nothing leads to any more.
  [[nodiscard]] std::uint64_t dead_bytes_around(LogAddress address) const noexcept {
    return dead_bytes_at(unit_number(address)).load(std::memory_order_relaxed);
  }

  // What each unit stands for; nothing for those that are free or retired.
  [[nodiscard]] std::vector<std::optional<AddressedStretch>> stretches() const;
  // Makes the units of an object that has given no address yet stand for `stretches`. False, with
  // nothing changed, if there are more than it may have, or two are the same.
  [[nodiscard]] bool restore(std::span<const std::optional<AddressedStretch>> stretches);

  [[nodiscard]] std::size_t memory_size() const;

 private:
  struct Unit {
    std::atomic<std::uint64_t> stretch{0};  // the segment above the index in it
    std::atomic<const std::byte*> base{nullptr};
    std::atomic<std::uint64_t> end{0};         // of the frames that begin in it, from its begin
    std::atomic<std::uint64_t> mapped_end{0};  // of what is mapped, likewise
  };
  static_assert(sizeof(Unit) == 32);
  static constexpr std::uint32_t kChunkUnits = 2048;
  // Memory for units, each of which is made when it is first used: most logs need a few of so many.
  struct Chunk {
    Chunk() noexcept {}
    union {
      std::array<Unit, kChunkUnits> units;
    };
    union {
      std::array<std::atomic<std::uint64_t>, kChunkUnits> dead_bytes;
    };
  };
  static constexpr std::uint32_t kChunkCount = kUnitCountMax / kChunkUnits;

  struct AddressedUnit {
    std::uint32_t index;  // of the stretch in the segment
    std::uint32_t unit;
  };
  struct Segment {
    ByteView mapped = {};
    std::vector<AddressedUnit> units;  // by index, ascending
  };

  [[nodiscard]] const Unit& unit_of(LogAddress address) const noexcept {
    return unit_at(unit_number(address));
  }
  [[nodiscard]] Chunk& chunk_of(std::uint32_t unit) const noexcept {
    return *chunks_[unit / kChunkUnits].load(std::memory_order_acquire);
  }
  [[nodiscard]] Unit& unit_at(std::uint32_t unit) const noexcept {
    return chunk_of(unit).units[unit % kChunkUnits];
  }
  [[nodiscard]] std::atomic<std::uint64_t>& dead_bytes_at(std::uint32_t unit) const noexcept {
    return chunk_of(unit).dead_bytes[unit % kChunkUnits];
  }

  [[nodiscard]] LogAddress address_in_last_unit(std::uint64_t offset, std::uint64_t frame_size) {
    const std::uint64_t end = offset + frame_size;
    if (end > last_unit_->end.load(std::memory_order_relaxed)) {
      last_unit_->end.store(end, std::memory_order_relaxed);
    }
    return LogAddress{last_unit_base_ | offset};
  }
  [[nodiscard]] Result<LogAddress> address_in_other_unit(Position position,
                                                         std::uint32_t frame_size);
  void map_unit(const Segment& segment, const AddressedUnit& known);
  [[nodiscard]] Result<std::uint32_t> unit_for(Position position);
  [[nodiscard]] Result<std::uint32_t> take_unit(Position position);
  void make_unit(std::uint32_t unit);

  // Of the call of address_of() before; an index that no position has says that there was none.
  SegmentId last_segment_{};
  std::uint64_t last_index_ = ~std::uint64_t{0};
  std::uint64_t last_unit_base_ = 0;
  Unit* last_unit_ = nullptr;
  std::atomic<bool> has_room_{true};

  std::array<std::atomic<Chunk*>, kChunkCount> chunks_{};  // owned; never moved once published
  const std::uint32_t unit_count_max_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint32_t unit_count_ = 0;
  std::vector<std::uint32_t> free_units_;
  std::unordered_map<SegmentId, Segment> segments_;
};

}  // namespace datawal
