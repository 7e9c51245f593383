#include "store/index_table.h"

#include <cstddef>
#include <limits>
#include <type_traits>

namespace datawal {
namespace {

constexpr std::uint64_t lanes_in_use(std::uint64_t tags) {
  return ~lanes_with_tag(tags, 0) & kEveryTag << 7;
}

// std::popcount() would be a call where the baseline processor has no instruction for it.
constexpr unsigned count_of(std::uint64_t lanes) {
  return static_cast<unsigned>((lanes >> 7) * kEveryTag >> 56);
}

// The buckets that a search for room has come to, nearest first, and from where.
struct Step {
  std::uint16_t bucket;
  std::uint8_t parent;
  std::uint8_t lane;  // of the entry in the parent that can be moved here
};
constexpr std::size_t kStepCountMax = 2 + 16 + 128;
constexpr std::uint8_t kRoot = std::numeric_limits<std::uint8_t>::max();
static_assert(kStepCountMax <= kRoot);

}  // namespace

// The table itself, because a copy would cost as much as reading. An atomic word is the word that
// it begins with, and has no room for anything else.
IndexTable::Words IndexTable::words() noexcept {
  static_assert(std::is_standard_layout_v<Slot> && std::is_same_v<Slot, TagWord>);
  static_assert(sizeof(Slot) == sizeof(std::uint64_t) && Slot::is_always_lock_free);
  static_assert(sizeof tags_ + sizeof slots_ == kWordCount * sizeof(std::uint64_t));
  static_assert(offsetof(IndexTable, slots_) - offsetof(IndexTable, tags_) == sizeof tags_);
  return Words(reinterpret_cast<std::uint64_t*>(tags_.data()), kWordCount);
}

void IndexTable::take_words() noexcept {
  for (const TagWord& tags : tags_) {
    count_ += count_of(lanes_in_use(tags.load(std::memory_order_relaxed)));
  }
}

IndexTable::IndexTable(const IndexTable& source) noexcept
    : overflows_(source.overflows()),
      depth_(source.depth()),
      count_(source.count_),
      generation_(source.generation_) {
  for (std::size_t bucket = 0; bucket < kBucketCount; ++bucket) {
    tags_[bucket].store(source.tags_[bucket].load(std::memory_order_relaxed),
                        std::memory_order_relaxed);
  }
  for (std::size_t index = 0; index < slots_.size(); ++index) {
    slots_[index].store(source.slots_[index].load(std::memory_order_relaxed),
                        std::memory_order_relaxed);
  }
}

void IndexTable::copy_words(Words words) const noexcept {
  for (std::size_t bucket = 0; bucket < kBucketCount; ++bucket) {
    const std::uint64_t tags = tags_[bucket].load(std::memory_order_acquire);
    words[bucket] = tags;
    const std::uint64_t lanes = lanes_in_use(tags) >> 7;
    for (std::size_t lane = 0; lane < kBucketSlots; ++lane) {
      const std::size_t index = bucket * kBucketSlots + lane;
      words[kBucketCount + index] =
          slots_[index].load(std::memory_order_acquire) & (0 - (lanes >> lane * 8 & 1));
    }
  }
}

// Which bucket is emptier is chance, hence no branch on it (see visit()).
bool IndexTable::insert(const HashParts& parts, std::uint64_t entry) noexcept {
  const std::uint64_t empty =
      lanes_with_tag(tags_[parts.bucket].load(std::memory_order_relaxed), 0);
  const std::uint64_t other_empty =
      lanes_with_tag(tags_[parts.other_bucket].load(std::memory_order_relaxed), 0);
  const std::uint64_t other_is_emptier = 0 - std::uint64_t{count_of(other_empty) > count_of(empty)};
  const std::uint64_t chosen = empty ^ ((empty ^ other_empty) & other_is_emptier);
  if (chosen != 0) {
    const std::uint64_t bucket =
        parts.bucket ^ ((parts.bucket ^ parts.other_bucket) & other_is_emptier);
    cell(bucket, first_lane(chosen)).set(parts.tag, entry);
  } else {
    const std::optional<IndexCell> room = make_room(parts);
    if (!room) return false;
    room->set(parts.tag, entry);
  }
  ++count_;
  return true;
}

// Looks, nearest first, for a bucket with an empty slot that entries can be moved towards, and
// moves them from the end of that way on. The way to an entry's other bucket is in its tag, so
// nothing but tag words is looked at. No bucket comes twice on the way found, for without the loop
// it would be shorter and have been found before.
std::optional<IndexCell> IndexTable::make_room(const HashParts& parts) noexcept {
  std::array<Step, kStepCountMax> steps;
  steps[0] = {static_cast<std::uint16_t>(parts.bucket), kRoot, 0};
  steps[1] = {static_cast<std::uint16_t>(parts.other_bucket), kRoot, 0};
  std::size_t count = 2;
  for (std::size_t parent = 0; parent < count && count < steps.size(); ++parent) {
    const std::uint64_t tags = tags_[steps[parent].bucket].load(std::memory_order_relaxed);
    for (unsigned lane = 0; lane < kBucketSlots && count < steps.size(); ++lane) {
      const auto tag = static_cast<std::uint8_t>(tags >> lane * 8);
      const std::uint32_t bucket = HashParts::other(steps[parent].bucket, tag);
      steps[count++] = {static_cast<std::uint16_t>(bucket), static_cast<std::uint8_t>(parent),
                        static_cast<std::uint8_t>(lane)};
      const std::uint64_t empty = lanes_with_tag(tags_[bucket].load(std::memory_order_relaxed), 0);
      if (empty == 0) continue;
      IndexCell target = cell(bucket, first_lane(empty));
      for (const Step* step = &steps[count - 1]; step->parent != kRoot;
           step = &steps[step->parent]) {
        const IndexCell source = cell(steps[step->parent].bucket, step->lane);
        move(source, target);
        target = source;
      }
      return target;
    }
  }
  return std::nullopt;
}

void IndexTable::move(const IndexCell& source, const IndexCell& target) noexcept {
  const auto tag =
      static_cast<std::uint8_t>(source.tags->load(std::memory_order_relaxed) >> source.lane * 8);
  target.set(tag, source.slot->load(std::memory_order_relaxed));
  version_.store(version_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  source.clear_tag();
}

void IndexTable::copy_upper_half(IndexTable& upper) noexcept {
  const unsigned next_bit = kLogAddressBits + kRegionBits - 1 - depth();
  upper.depth_.store(depth() + 1, std::memory_order_release);
  upper.generation_ = generation_;
  upper.overflows_.store(overflows(), std::memory_order_relaxed);
  for (std::size_t bucket = 0; bucket < kBucketCount; ++bucket) {
    std::uint64_t going = 0;
    for (unsigned lane = 0; lane < kBucketSlots; ++lane) {
      const std::size_t at = bucket * kBucketSlots + lane;
      const std::uint64_t entry = slots_[at].load(std::memory_order_relaxed);
      upper.slots_[at].store(entry, std::memory_order_relaxed);
      going |= (entry >> next_bit & 1) * 0xff << lane * 8;
    }
    going &= tags_[bucket].load(std::memory_order_relaxed);
    upper.tags_[bucket].store(going, std::memory_order_relaxed);
    upper.count_ += count_of(lanes_in_use(going));
  }
}

void IndexTable::drop_upper_half(const IndexTable& upper) noexcept {
  depth_.store(upper.depth(), std::memory_order_release);
  count_ -= upper.count_;
  for (std::size_t bucket = 0; bucket < kBucketCount; ++bucket) {
    const std::uint64_t going = upper.tags_[bucket].load(std::memory_order_relaxed);
    if (going == 0) continue;
    tags_[bucket].store(tags_[bucket].load(std::memory_order_relaxed) ^ going,
                        std::memory_order_release);
  }
}

}  // namespace datawal
