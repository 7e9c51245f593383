#include "log/event_queue.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

namespace datawal::event_queue_test {
namespace {

class Recording : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    seen.push_back(std::get<SegmentRotated>(event).sealed_bytes);
    if (then) then();
  }

  std::vector<std::uint64_t> seen;
  std::function<void()> then;
};

Event numbered(std::uint64_t number) {
  return SegmentRotated{.sealed_bytes = number};
}

TEST(EventQueue, TellsEveryEventOnceAndInOrder) {
  Recording listener;
  EventQueue queue(&listener);
  queue.deliver();
  queue.push(numbered(1));
  queue.push(numbered(2));
  EXPECT_TRUE(listener.seen.empty());
  queue.deliver();
  queue.deliver();
  queue.push(numbered(3));
  queue.deliver();
  EXPECT_EQ(listener.seen, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(EventQueue, ADeliveryTellsAtItsEnd) {
  Recording listener;
  EventQueue queue(&listener);
  {
    const EventQueue::Delivery delivery(queue);
    queue.push(numbered(1));
    EXPECT_TRUE(listener.seen.empty());
  }
  EXPECT_EQ(listener.seen.size(), 1U);
}

// What comes about during a call is told behind it, not within it.
TEST(EventQueue, DoesNotCallAListenerThatIsBeingCalled) {
  Recording listener;
  EventQueue queue(&listener);
  int depth = 0;
  listener.then = [&] {
    EXPECT_EQ(++depth, 1);
    if (listener.seen.size() < 3) queue.push(numbered(listener.seen.size() + 1));
    queue.deliver();
    --depth;
  };
  queue.push(numbered(1));
  queue.deliver();
  EXPECT_EQ(listener.seen, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(EventQueue, WithoutAListenerKeepsNothing) {
  EventQueue queue(nullptr);
  queue.push(numbered(1));
  queue.deliver();
}

TEST(EventQueue, ManyThreadsTellEverythingAndOneAtATime) {
  Recording listener;
  EventQueue queue(&listener);
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&queue, thread] {
        for (std::uint64_t count = 0; count < 500; ++count) {
          queue.push(numbered(thread));
          queue.deliver();
        }
      });
    }
  }
  EXPECT_EQ(listener.seen.size(), 2'000U);
}

}  // namespace
}  // namespace datawal::event_queue_test
