#include "log/event_queue.h"

#include <utility>

namespace datawal {

EventListener::~EventListener() = default;

void EventQueue::push(Event event) {
  if (listener_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  has_events_.store(true, std::memory_order_relaxed);
}

void EventQueue::deliver_all() {
  std::unique_lock lock(mutex_);
  if (is_delivering_) return;
  is_delivering_ = true;
  while (!events_.empty()) {
    const Event event = std::move(events_.front());
    events_.pop_front();
    lock.unlock();
    listener_->on_event(event);
    lock.lock();
  }
  has_events_.store(false, std::memory_order_relaxed);
  is_delivering_ = false;
}

}  // namespace datawal
