#include "store/keydir.h"

#include <algorithm>
#include <utility>

#include "log/frame_fetch.h"

namespace datawal {
namespace {

constexpr std::uint64_t kSizeUnknown = 0;
constexpr unsigned kSizeBits = 16;
constexpr std::uint64_t kSizeMask = (std::uint64_t{1} << kSizeBits) - 1;
constexpr unsigned kOffsetBits = 40;
constexpr std::uint64_t kWindowSize = std::uint64_t{1} << kOffsetBits;
constexpr std::size_t kSlotCountMin = 64;

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
  for (std::size_t at = fingerprint.low & mask_;; at = (at + 1) & mask_) {
    const Slot& slot = slots_[at];
    if (slot.place == 0) return {};
    if (slot.fingerprint() == fingerprint) return at;
  }
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
  mask_ = count - 1;
  for (const Slot& slot : old) {
    if (slot.place != 0) place_slot(slot);
  }
}

void Keydir::place_slot(const Slot& slot) noexcept {
  std::size_t at = home(slot);
  while (slots_[at].place != 0) at = (at + 1) & mask_;
  slots_[at] = slot;
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
  for (std::size_t at = (hole + 1) & mask_; slots_[at].place != 0; at = (at + 1) & mask_) {
    if (((at - home(slots_[at])) & mask_) < ((at - hole) & mask_)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
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
