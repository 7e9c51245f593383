#include "store/batch_overlay.h"

#include <algorithm>
#include <bit>

namespace datawal {
void BatchOverlay::reserve(std::size_t count, const std::function<void()>& wait_for_readers) {
  const std::size_t wanted = std::bit_ceil(std::max(2 * count, kSlotsMin));
  const bool is_too_small = wanted > slot_count_;
  const bool is_too_large = slot_count_ > kSlotsKept && wanted <= kSlotsKept;
  if (is_too_small || is_too_large) {
    auto exchanged = std::make_unique<Slot[]>(wanted);
    wait_for_readers();
    slots_ = std::move(exchanged);
    slot_count_ = wanted;
  } else {
    for (std::size_t index = 0; index < wanted; ++index)
      slots_[index].hash.store(kNoHash, std::memory_order_release);
  }
  mask_.store(wanted - 1, std::memory_order_release);
}

BatchOverlay::Found BatchOverlay::find(KeyHash hash) const noexcept {
  const std::uint64_t version = version_.load(std::memory_order_acquire);
  const Slot* const slots = shown_.load(std::memory_order_acquire);
  if (slots == nullptr) return {};
  const std::size_t mask = mask_.load(std::memory_order_acquire);
  Found found;
  std::size_t index = first_slot(hash) & mask;
  for (std::size_t looks = 0; looks <= mask; ++looks, index = (index + 1) & mask) {
    const KeyHash at = slots[index].hash.load(std::memory_order_acquire);
    if (at == kNoHash) break;
    if (at != hash) continue;
    found.address = slots[index].address.load(std::memory_order_acquire);
    found.state = found.address == kDeleted ? State::kDeleted : State::kPut;
    break;
  }
  // What has been withdrawn meanwhile, the index has by now.
  return version_.load(std::memory_order_acquire) == version ? found : Found{};
}

}  // namespace datawal
