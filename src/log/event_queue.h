// Events on their way from where they come about, under locks, to a listener, who is called under
// none.
//
//   const EventQueue::Delivery delivery(events);  // before the lock, so that it ends after it
//   const std::lock_guard lock(mutex);
//   events.push(SegmentRotated{...});
//
// Thread safety: any thread may call anything at any time.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>

#include "datawal/event.h"

namespace datawal {

class EventQueue {
 public:
  // Tells what was pushed until it ends.
  class Delivery {
   public:
    explicit Delivery(EventQueue& queue) noexcept : queue_(queue) {}
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;
    ~Delivery() { queue_.deliver(); }

   private:
    EventQueue& queue_;
  };

  // Null is nobody.
  explicit EventQueue(EventListener* listener) noexcept : listener_(listener) {}

  void push(Event event);
  // Calls the listener for every event that has not been told. If another thread, or this one
  // further up, is about that already, it will tell these too. To be called without a lock.
  void deliver() {
    if (has_events_.load(std::memory_order_relaxed)) [[unlikely]]
      deliver_all();
  }

 private:
  void deliver_all();

  EventListener* const listener_;
  std::atomic<bool> has_events_{false};
  std::mutex mutex_;  // guards what follows; nothing else is locked while it is held
  std::deque<Event> events_;
  bool is_delivering_ = false;
};

}  // namespace datawal
