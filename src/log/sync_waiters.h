// The threads that wait until what they have appended is durable, in the order in which they came:
// so that the end of a sync wakes those whose records it covers, and one to begin the next, rather
// than everybody.
//
// Thread safety: under the lock of whoever owns them, but for SyncWaiter::wait(), and for wake().
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "datawal/record_log.h"

namespace datawal {

class SyncWaiter {
 public:
  enum class Reason {
    kDurable,  // what it waits for is
    kMayLead,  // nobody syncs: it is to look for itself, and to call the next one if it does not
  };

  // Waits for what is before `target`.
  explicit SyncWaiter(Position target) : target_(target) {}

  [[nodiscard]] Position target() const noexcept { return target_; }
  [[nodiscard]] Reason wait();
  void wake(Reason reason);

 private:
  const Position target_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = false;
  Reason reason_{};
};

class SyncWaiters {
 public:
  using Shared = std::shared_ptr<SyncWaiter>;  // with the one that wakes it, who is done later

  [[nodiscard]] Shared add(Position target);
  // Any thread may ask.
  [[nodiscard]] std::size_t count() const noexcept {
    return count_.load(std::memory_order_relaxed);
  }
  // Takes out the first; null if there is none.
  [[nodiscard]] Shared take_first();
  // Takes out those for whom `is_durable`(target).
  template <typename IsDurable>
  [[nodiscard]] std::vector<Shared> take_durable(const IsDurable& is_durable) {
    std::vector<Shared> durable;
    std::erase_if(waiters_, [&](const Shared& waiter) {
      const bool is_done = is_durable(waiter->target());
      if (is_done) durable.push_back(waiter);
      return is_done;
    });
    count_.store(waiters_.size(), std::memory_order_relaxed);
    return durable;
  }

 private:
  std::deque<Shared> waiters_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace datawal
