#include "store/keydir.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/endian.h"
#include "log/frame_fetch.h"

namespace datawal {
namespace {

constexpr std::uint64_t kSizeUnknown = 0;
constexpr unsigned kSizeBits = 16;
constexpr std::uint64_t kSizeMask = (std::uint64_t{1} << kSizeBits) - 1;
constexpr unsigned kOffsetBits = 37;  // leaves more windows than there are segment ids
constexpr std::uint64_t kWindowSize = std::uint64_t{1} << kOffsetBits;
constexpr std::size_t kSlotCountMin = 64;

// Tags are looked at eight at a time. One has its high bit set; the tag of an empty slot is 0.
constexpr std::size_t kGroupSize = 8;
constexpr std::uint64_t kLowBits = 0x0101'0101'0101'0101;
constexpr std::uint64_t kHighBits = kLowBits << 7;

// Of bits that do not choose the slot.
constexpr std::uint8_t tag_of(const Fingerprint& fingerprint) {
  return static_cast<std::uint8_t>(fingerprint.high >> 40 | 0x80);
}

// The high bit of each byte of `group` that equals `tag`, and sometimes of the one behind such a
// byte.
constexpr std::uint64_t bytes_equal_to(std::uint64_t group, std::uint8_t tag) {
  const std::uint64_t difference = group ^ (kLowBits * tag);
  return (difference - kLowBits) & ~difference & kHighBits;
}

constexpr std::size_t lowest_byte(std::uint64_t high_bits) {
  return static_cast<std::size_t>(std::countr_zero(high_bits)) / 8;
}

// At most four of five slots are used.
constexpr bool is_full(std::uint64_t size, std::size_t slot_count) {
  return (size + 1) * 5 > slot_count * 4;
}

constexpr std::uint64_t size_hint(std::uint32_t frame_size) {
  const std::uint64_t units = round_up_frame_size(frame_size) / kFrameSizeUnit;
  return units <= kSizeMask ? units : kSizeUnknown;
}

}  // namespace

std::optional<std::size_t> Keydir::find(const Fingerprint& fingerprint) const noexcept {
  if (slots_.empty()) return {};
  std::size_t at = home(fingerprint);
  __builtin_prefetch(&slots_[at]);
  for (const std::uint8_t tag = tag_of(fingerprint);; at = (at + kGroupSize) & mask_) {
    const auto group = load_le<std::uint64_t>(reinterpret_cast<const std::byte*>(&tags_[at]));
    for (std::uint64_t matches = bytes_equal_to(group, tag); matches != 0; matches &= matches - 1) {
      const std::size_t slot = (at + lowest_byte(matches)) & mask_;
      if (slots_[slot].place != 0 && slots_[slot].fingerprint() == fingerprint) return slot;
    }
    if ((~group & kHighBits) != 0) return {};
  }
}

void Keydir::prefetch(const Fingerprint& fingerprint) const noexcept {
  if (slots_.empty()) return;
  __builtin_prefetch(&tags_[home(fingerprint)]);
  __builtin_prefetch(&slots_[home(fingerprint)]);
}

Location Keydir::location(std::size_t slot) const noexcept {
  const std::uint64_t place = slots_[slot].place - 1;
  const Window& window = windows_[place >> kOffsetBits];
  const std::uint64_t units = slots_[slot].fingerprint_high_and_size & kSizeMask;
  return {{window.segment, window.base + (place & (kWindowSize - 1))},
          static_cast<std::uint32_t>(units * kFrameSizeUnit)};
}

void Keydir::reserve_one() {
  if (!is_full(size_, slots_.size())) return;
  const std::size_t count = std::max(kSlotCountMin, slots_.size() * 2);
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(count));
  tags_.assign(count + kGroupSize - 1, 0);
  mask_ = count - 1;
  for (const Slot& slot : old) {
    if (slot.place != 0) place_slot(slot);
  }
}

void Keydir::place_slot(const Slot& slot) noexcept {
  std::size_t at = home(slot.fingerprint());
  while (tags_[at] != 0) at = (at + 1) & mask_;
  set(at, slot);
}

void Keydir::set(std::size_t at, const Slot& slot) noexcept {
  slots_[at] = slot;
  set_tag(at, tag_of(slot.fingerprint()));
}

void Keydir::set_tag(std::size_t at, std::uint8_t tag) noexcept {
  tags_[at] = tag;
  if (at + 1 < kGroupSize) tags_[slots_.size() + at] = tag;
}

void Keydir::put(const Fingerprint& fingerprint, const RecordRef& ref) {
  const Slot slot = make_slot(fingerprint, ref);
  if (const std::optional<std::size_t> known = find(fingerprint)) {
    slots_[*known] = slot;
    return;
  }
  reserve_one();
  place_slot(slot);
  ++size_;
}

// Closes the hole by moving up what comes behind it and belongs at or before it, so that no search
// ends too early.
void Keydir::erase(std::size_t slot) noexcept {
  std::size_t hole = slot;
  for (std::size_t at = (hole + 1) & mask_; tags_[at] != 0; at = (at + 1) & mask_) {
    const std::size_t distance = (at - home(slots_[at].fingerprint())) & mask_;
    if (distance < ((at - hole) & mask_)) continue;
    set(hole, slots_[at]);
    hole = at;
  }
  slots_[hole] = {};
  set_tag(hole, 0);
  --size_;
}

std::vector<Keydir::Entry> Keydir::entries() const {
  std::vector<Entry> all;
  all.reserve(size_);
  for (std::size_t at = 0; at < slots_.size(); ++at) {
    if (slots_[at].place != 0) all.push_back({slots_[at].fingerprint(), location(at)});
  }
  std::ranges::sort(all, {}, [](const Entry& entry) { return entry.location.position; });
  return all;
}

Keydir::Slot Keydir::make_slot(const Fingerprint& fingerprint, const RecordRef& ref) {
  const std::uint64_t place =
      window_of(ref.position()) << kOffsetBits | (ref.offset & (kWindowSize - 1));
  return {fingerprint.low, fingerprint.high << kSizeBits | size_hint(ref.size), place + 1};
}

std::uint64_t Keydir::window_of(Position position) {
  const std::uint64_t base = position.offset & ~(kWindowSize - 1);
  // Records are put in log order, so a window that is not the last one is a new one.
  if (windows_.empty() || windows_.back().segment != position.segment ||
      windows_.back().base != base) {
    windows_.push_back({position.segment, base});
  }
  return windows_.size() - 1;
}

}  // namespace datawal
