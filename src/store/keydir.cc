#include "store/keydir.h"

#include <algorithm>
#include <ranges>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace datawal {
namespace {

static_assert(KeyHasher::kSecretSize >= XXH3_SECRET_SIZE_MIN);

constexpr unsigned kHashBits = 48;
constexpr std::uint64_t kSizeUnit = 64;
constexpr std::uint64_t kSizeUnknown = 0;
constexpr std::uint64_t kSizeMask = 0xFFFF;
constexpr unsigned kOffsetBits = 40;
constexpr std::uint64_t kWindowSize = std::uint64_t{1} << kOffsetBits;
constexpr std::size_t kSlotCountMin = 64;

// At most four of five slots are used.
constexpr bool is_full(std::uint64_t size, std::size_t slot_count) {
  return (size + 1) * 5 > slot_count * 4;
}

constexpr std::uint64_t size_hint(std::uint32_t frame_size) {
  const std::uint64_t units = (frame_size + kSizeUnit - 1) / kSizeUnit;
  return units <= kSizeMask ? units : kSizeUnknown;
}

}  // namespace

std::uint64_t KeyHasher::hash(ByteView key) const noexcept {
  return XXH3_64bits_withSecret(key.data(), key.size(), secret_.data(), secret_.size()) >>
         (64 - kHashBits);
}

Keydir::Probe::Probe(const Keydir& keydir, std::uint64_t hash) noexcept
    : keydir_(&keydir), hash_(hash), slot_(keydir.home(hash)) {}

std::optional<Location> Keydir::Probe::next() noexcept {
  if (keydir_->slots_.empty()) return {};
  if (begun_) slot_ = (slot_ + 1) & keydir_->mask_;
  begun_ = true;
  for (;; slot_ = (slot_ + 1) & keydir_->mask_) {
    const Slot& slot = keydir_->slots_[slot_];
    if (slot.place == 0) return {};
    if (slot.hash_and_size >> 16 == hash_) return keydir_->location(slot);
  }
}

bool Keydir::contains(std::uint64_t hash, Position position) const noexcept {
  Probe probe = find(hash);
  while (const std::optional<Location> found = probe.next()) {
    if (found->position == position) return true;
  }
  return false;
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
  std::size_t at = home(slot.hash_and_size >> 16);
  while (slots_[at].place != 0) at = (at + 1) & mask_;
  slots_[at] = slot;
}

void Keydir::insert(std::uint64_t hash, const RecordRef& ref) {
  const Slot slot = make_slot(hash, ref);
  reserve_one();
  place_slot(slot);
  ++size_;
}

void Keydir::replace(std::size_t slot, const RecordRef& ref) {
  slots_[slot] = make_slot(slots_[slot].hash_and_size >> 16, ref);
}

// Closes the hole by moving up what comes behind it and belongs at or before it, so that no probe
// ends too early.
void Keydir::erase(std::size_t slot) noexcept {
  std::size_t hole = slot;
  for (std::size_t at = (hole + 1) & mask_; slots_[at].place != 0; at = (at + 1) & mask_) {
    const std::size_t wanted = home(slots_[at].hash_and_size >> 16);
    if (((at - wanted) & mask_) < ((at - hole) & mask_)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
  --size_;
}

Keydir::Slot Keydir::make_slot(std::uint64_t hash, const RecordRef& ref) {
  const std::uint64_t place =
      window_of(ref.position()) << kOffsetBits | (ref.offset & (kWindowSize - 1));
  return {hash << 16 | size_hint(ref.size), place + 1};
}

std::uint64_t Keydir::window_of(Position position) {
  const std::uint64_t base = position.offset & ~(kWindowSize - 1);
  // Records come in order, so it is nearly always the last.
  for (const std::size_t index :
       std::views::iota(std::size_t{0}, windows_.size()) | std::views::reverse) {
    const Window& window = windows_[index];
    if (window.segment == position.segment && window.base == base) return index;
  }
  windows_.push_back({position.segment, base});
  return windows_.size() - 1;
}

Location Keydir::location(const Slot& slot) const noexcept {
  const std::uint64_t place = slot.place - 1;
  const Window& window = windows_[place >> kOffsetBits];
  return {{window.segment, window.base + (place & (kWindowSize - 1))},
          static_cast<std::uint32_t>((slot.hash_and_size & kSizeMask) * kSizeUnit)};
}

}  // namespace datawal
