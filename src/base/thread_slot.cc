#include "base/thread_slot.h"

#include <atomic>
#include <bit>

namespace datawal {
namespace {

// A bit for each slot that a thread owns; that of the shared one is always set.
constinit std::atomic<std::uint64_t> taken{std::uint64_t{1} << ThreadSlot::kShared};

static_assert(ThreadSlot::kCount == 64);

}  // namespace

// Gives the slot back when the thread ends.
class ThreadSlot::Tenancy {
 public:
  Tenancy() = default;
  Tenancy(const Tenancy&) = delete;
  Tenancy& operator=(const Tenancy&) = delete;
  ~Tenancy() {
    const std::uint32_t slot = own_slot;
    own_slot = kShared;  // for what other thread-local objects do behind this
    if (slot != kShared) taken.fetch_and(~(std::uint64_t{1} << slot), std::memory_order_release);
  }
};

std::size_t ThreadSlot::take() noexcept {
  thread_local const Tenancy tenancy;
  std::uint64_t seen = taken.load(std::memory_order_relaxed);
  while (true) {
    const auto slot = static_cast<std::uint32_t>(std::countr_one(seen));
    if (slot >= kShared) {
      own_slot = kShared;
      return kShared;
    }
    if (taken.compare_exchange_weak(seen, seen | (std::uint64_t{1} << slot),
                                    std::memory_order_acquire, std::memory_order_relaxed)) {
      own_slot = slot;
      return slot;
    }
  }
}

}  // namespace datawal
