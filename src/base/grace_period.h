// Lets one thread wait until no other is using any more what it has taken out of their reach, while
// they wait for nobody.
//
//   GracePeriod grace;
//   { const GracePeriod::Use use(grace); ... }   // a reader: looks up, uses, forgets
//   unlink(thing); grace.wait(); destroy(thing); // who takes something away
//
// A use counts itself in one of two counters, of which the one is being filled while the other runs
// dry. Waiting runs both dry in turn, because a use may have begun to count itself before the
// counters changed roles. Each thread has its own two: see ThreadSlot.
//
// Thread safety: any thread may do anything at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/thread_slot.h"

namespace datawal {

class GracePeriod {
 public:
  class Use {
   public:
    explicit Use(const GracePeriod& grace) noexcept
        : slot_(ThreadSlot::current()), counter_(grace.counter(slot_)) {
      // Either wait() sees this use, or this is behind its look and sees all that was done before
      // it.
      counter_.fetch_add(1, std::memory_order_acquire);
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
      if (slot_ == ThreadSlot::kShared) [[unlikely]] {
        counter_.fetch_sub(1, std::memory_order_release);
      } else {  // nobody else counts here
        counter_.store(counter_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
      }
    }

   private:
    std::size_t slot_;
    std::atomic<std::uint32_t>& counter_;
  };

  // Returns when all uses that had begun before the call have ended.
  void wait();

 private:
  // A cache line for each, so that readers on different processors do not get in each other's way.
  struct alignas(64) Counters {
    std::array<std::atomic<std::uint32_t>, 2> uses{};
  };

  [[nodiscard]] std::atomic<std::uint32_t>& counter(std::size_t slot) const noexcept {
    return counters_[slot].uses[phase_.load(std::memory_order_relaxed) % 2];
  }
  void run_dry(std::uint32_t phase);

  mutable std::array<Counters, ThreadSlot::kCount> counters_{};
  std::atomic<std::uint32_t> phase_{0};
  std::mutex waiting_;
};

}  // namespace datawal
