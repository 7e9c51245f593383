#include "base/fair_mutex.h"

namespace datawal {

bool FairMutex::try_lock_before_sleeping() {
  if (work_.load(std::memory_order_relaxed) >= kTurn || !mutex_.try_lock()) return false;
  add_work(kWorkMin);
  return true;
}

// Only the first of the queue sleeps at mutex_, and who does not sleep yet only tries to get it: so
// once nobody may try, it comes to the first as soon as it is free.
void FairMutex::lock_slowly() {
  Sleeper self;
  std::unique_lock queue(queue_mutex_);
  queue_.push_back(&self);
  sleeping_.store(queue_.size(), std::memory_order_relaxed);
  self.is_first.wait(queue, [&] { return queue_.front() == &self; });
  queue.unlock();
  mutex_.lock();
  work_.store(0, std::memory_order_relaxed);  // the turn of who comes next begins
  queue.lock();
  queue_.pop_front();
  sleeping_.store(queue_.size(), std::memory_order_relaxed);
  // Under the lock, without which the next cannot go on, and end its life.
  if (!queue_.empty()) queue_.front()->is_first.notify_one();
}

}  // namespace datawal
