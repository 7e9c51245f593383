// One table of the key index: 2^10 buckets of eight slots, for the keys of one region of the hash.
//
//   header       64 bytes: version, depth, count, generation
//   tag words     8 KiB: for each bucket eight tags of 8 bits, 0 for an empty slot
//   slots        64 KiB: for each bucket one cache line of eight slots
//                        slot: 22 bits of region above 42 bits of address
//
// A hash gives a region (22 bits, of which the upper ones have chosen this table), a bucket (10
// bits) and a tag (8 bits). The key is in its bucket or in the other one, which is the first XOR a
// function of the tag. So a slot is moved, and the table divided by the next bit of the region,
// without asking for a key. A search looks at the two tag words, and at a slot only where its tag
// fits; what a slot without a tag holds means nothing.
//
// Thread safety: one thread changes a table while any number search in it. To be found, an entry
// needs its tag, which is stored last and cleared first. A move stores the copy, raises the version
// and then clears the original: who has missed the entry in both places has seen the clearing, sees
// the raised version therefore, and searches again. Neither side ever waits for the other.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "store/hash_parts.h"

namespace datawal {

inline constexpr std::size_t kBucketSlots = 8;

using TagWord = std::atomic<std::uint64_t>;
using Slot = std::atomic<std::uint64_t>;

inline void set_address(Slot& slot, LogAddress address) noexcept {
  const std::uint64_t region = region_in_slot(slot.load(std::memory_order_relaxed));
  slot.store(region << kLogAddressBits | static_cast<std::uint64_t>(address),
             std::memory_order_release);
}

inline constexpr std::uint64_t kEveryTag = 0x0101'0101'0101'0101;

// The high bit of each tag of `tags` that equals `tag`.
[[nodiscard]] constexpr std::uint64_t lanes_with_tag(std::uint64_t tags,
                                                     std::uint8_t tag) noexcept {
  constexpr std::uint64_t kLow = kEveryTag * 0x7f;
  const std::uint64_t difference = tags ^ kEveryTag * tag;
  return ~(((difference & kLow) + kLow) | difference | kLow);
}

[[nodiscard]] constexpr unsigned first_lane(std::uint64_t lanes) noexcept {
  return static_cast<unsigned>(std::countr_zero(lanes)) / 8;
}

class IndexTable;

// Where an entry is, for the one thread that changes entries.
struct IndexCell {
  IndexTable* table;  // null in the overflow
  TagWord* tags;
  Slot* slot;
  unsigned lane;

  [[nodiscard]] bool has_tag(std::uint8_t tag) const noexcept {
    return static_cast<std::uint8_t>(tags->load(std::memory_order_acquire) >> lane * 8) == tag;
  }
  void set(std::uint8_t tag, std::uint64_t entry) const noexcept {
    slot->store(entry, std::memory_order_release);
    tags->store(tags->load(std::memory_order_relaxed) | std::uint64_t{tag} << lane * 8,
                std::memory_order_release);
  }
  void clear_tag() const noexcept {
    tags->store(tags->load(std::memory_order_relaxed) & ~(std::uint64_t{0xff} << lane * 8),
                std::memory_order_release);
  }
};

// Calls visit(entry, cell) for the entries of one bucket that the hash may stand for, until it
// gives false; then gives false itself.
template <typename Visit>
bool visit_bucket(const HashParts& parts, std::uint64_t tag_word, IndexCell cell,
                  const Visit& visit) {
  Slot* const slots = cell.slot;
  for (std::uint64_t lanes = lanes_with_tag(tag_word, parts.tag); lanes != 0; lanes &= lanes - 1) {
    cell.lane = first_lane(lanes);
    cell.slot = slots + cell.lane;
    const std::uint64_t entry = cell.slot->load(std::memory_order_acquire);
    if (entry >> kLogAddressBits == parts.region && !visit(entry, cell)) return false;
  }
  return true;
}

class IndexTable {
 public:
  // A fuller table still takes entries, but looks for room so long that it is better divided.
  static constexpr std::uint32_t kComfortableCount = kBucketCount * kBucketSlots * 15 / 16;

  // The words of an image of a table: its tag words, then its slots.
  static constexpr std::size_t kWordCount = kBucketCount * (1 + kBucketSlots);
  using Words = std::span<std::uint64_t, kWordCount>;
  using ConstWords = std::span<const std::uint64_t, kWordCount>;

  explicit IndexTable(unsigned depth = 0) noexcept : depth_(depth) {}
  // A copy, for the thread that may change entries.
  IndexTable(const IndexTable& source) noexcept;
  // For who has just made the table: where to read an image to, and to be called if it was one.
  [[nodiscard]] Words words() noexcept;
  void take_words() noexcept;
  // Slots without an entry are zeros in it. What changes meanwhile is in it or not.
  void copy_words(Words words) const noexcept;

  // How many of the upper bits of the region are the same for all entries.
  [[nodiscard]] unsigned depth() const noexcept { return depth_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  // For whom the table has been kept as it was: see FrozenIndexes.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  void set_generation(std::uint64_t generation) noexcept { generation_ = generation; }
  [[nodiscard]] std::uint64_t version() const noexcept {
    return version_.load(std::memory_order_acquire);
  }
  // After visit(): whether it has missed nothing that was there since version() gave `version`.
  [[nodiscard]] bool is_unchanged_since(std::uint64_t version) const noexcept {
    return version_.load(std::memory_order_relaxed) == version;
  }

  // Whether entries that belong here had to be put elsewhere.
  [[nodiscard]] bool overflows() const noexcept {
    return overflows_.load(std::memory_order_acquire);
  }
  void set_overflows() noexcept { overflows_.store(true, std::memory_order_release); }

  // Inlined for good: GCC 12 may take a call for one without any effect.
  [[gnu::always_inline]] void prefetch_tags(const HashParts& parts) const noexcept {
    __builtin_prefetch(&tags_[parts.bucket]);
    __builtin_prefetch(&tags_[parts.other_bucket]);
  }
  [[gnu::always_inline]] void prefetch_slots(const HashParts& parts) const noexcept {
    __builtin_prefetch(&slots_[parts.bucket * kBucketSlots]);
    __builtin_prefetch(&slots_[parts.other_bucket * kBucketSlots]);
  }

  // As visit_bucket(), for both buckets, without a branch on which has the entry: it were chance.
  template <typename Visit>
  [[gnu::always_inline]] bool visit(const HashParts& parts, const Visit& visit) {
    const std::uint64_t tags = tags_[parts.bucket].load(std::memory_order_acquire);
    const std::uint64_t other_tags = tags_[parts.other_bucket].load(std::memory_order_acquire);
    // Bit 0 of each byte stands for a lane of the first bucket, bit 1 for one of the other.
    std::uint64_t lanes =
        lanes_with_tag(tags, parts.tag) >> 7 | lanes_with_tag(other_tags, parts.tag) >> 6;
    for (; lanes != 0; lanes &= lanes - 1) {
      const std::uint32_t is_other = static_cast<std::uint32_t>(std::countr_zero(lanes)) % 2;
      const std::uint32_t bucket =
          parts.bucket ^ ((parts.bucket ^ parts.other_bucket) & (0 - is_other));
      const IndexCell found = cell(bucket, first_lane(lanes));
      const std::uint64_t entry = found.slot->load(std::memory_order_acquire);
      if (entry >> kLogAddressBits == parts.region && !visit(entry, found)) return false;
    }
    return true;
  }

  // Calls visit(slot) for every entry.
  template <typename Visit>
  void visit_all(const Visit& visit) const {
    for (std::size_t index = 0; index < slots_.size(); ++index) {
      if (has_entry(index)) visit(slot_at(index));
    }
  }

  // The slots one by one, for the thread that may change entries: whether there is an entry, what
  // it is, and to give it another address, with which it stays the same key's.
  static constexpr std::size_t kSlotCount = kBucketCount * kBucketSlots;
  [[nodiscard]] bool has_entry(std::size_t index) const noexcept {
    const std::uint64_t tags = tags_[index / kBucketSlots].load(std::memory_order_relaxed);
    return (tags >> index % kBucketSlots * 8 & 0xff) != 0;
  }
  [[nodiscard]] std::uint64_t slot_at(std::size_t index) const noexcept {
    return slots_[index].load(std::memory_order_relaxed);
  }
  void set_address(std::size_t index, LogAddress address) noexcept {
    datawal::set_address(slots_[index], address);
  }

  // Adds an entry, moving a few others if need be. False, with nothing changed, if there is no room
  // to be found.
  [[nodiscard]] bool insert(const HashParts& parts, std::uint64_t entry) noexcept;
  void erase(const IndexCell& cell) noexcept {
    cell.clear_tag();
    --count_;
  }

  // Divides the table by the next bit of the region, in two steps. First what goes is copied to
  // `upper`, a new table; when searches for it begin there, it is dropped here. Who misses it here
  // then finds that the search would begin elsewhere by now.
  void copy_upper_half(IndexTable& upper) noexcept;
  void drop_upper_half(const IndexTable& upper) noexcept;

 private:
  [[nodiscard]] IndexCell cell(std::size_t bucket, unsigned lane) noexcept {
    return {this, &tags_[bucket], &slots_[bucket * kBucketSlots + lane], lane};
  }
  [[nodiscard]] std::optional<IndexCell> make_room(const HashParts& parts) noexcept;
  void move(const IndexCell& source, const IndexCell& target) noexcept;

  alignas(64) std::atomic<std::uint64_t> version_{0};
  std::atomic<bool> overflows_{false};
  std::atomic<unsigned> depth_{0};
  std::uint32_t count_ = 0;
  std::uint64_t generation_ = 0;
  alignas(64) std::array<TagWord, kBucketCount> tags_{};
  alignas(64) std::array<Slot, kBucketCount * kBucketSlots> slots_{};
};
static_assert(sizeof(IndexTable) == 64 + kBucketCount * 8 + kBucketCount * 64);

}  // namespace datawal
