#include "store/lookup_stats.h"

namespace datawal {

// Not in the header: what seldom happens is not to be in the way of a get().
void LookupStats::note_failure() const noexcept {
  const std::size_t slot_index = ThreadSlot::current();
  add_one(slots_[slot_index].failures, slot_index);
}

ReadStats LookupStats::counts() const noexcept {
  ReadStats sum;
  for (const Slot& slot : slots_) {
    sum.hits += slot.hits.load(std::memory_order_relaxed);
    sum.misses += slot.misses.load(std::memory_order_relaxed);
    sum.failures += slot.failures.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace datawal
