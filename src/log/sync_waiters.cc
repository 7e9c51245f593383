#include "log/sync_waiters.h"

#include <utility>

namespace datawal {

SyncWaiter::Reason SyncWaiter::wait() {
  std::unique_lock lock(mutex_);
  woken_.wait(lock, [this] { return is_woken_; });
  return reason_;
}

void SyncWaiter::wake(Reason reason) {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    reason_ = reason;
  }
  woken_.notify_one();
}

SyncWaiters::Shared SyncWaiters::add(Position target) {
  Shared waiter = waiters_.emplace_back(std::make_shared<SyncWaiter>(target));
  count_.store(waiters_.size(), std::memory_order_relaxed);
  return waiter;
}

SyncWaiters::Shared SyncWaiters::take_first() {
  if (waiters_.empty()) return nullptr;
  Shared first = std::move(waiters_.front());
  waiters_.pop_front();
  count_.store(waiters_.size(), std::memory_order_relaxed);
  return first;
}

}  // namespace datawal
