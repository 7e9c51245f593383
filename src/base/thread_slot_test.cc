#include "base/thread_slot.h"

#include <gtest/gtest.h>

#include <barrier>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace datawal::thread_slot_test {
namespace {

TEST(ThreadSlot, AThreadKeepsItsOwn) {
  EXPECT_EQ(ThreadSlot::current(), ThreadSlot::current());
}

TEST(ThreadSlot, NoTwoThreadsHaveTheSameButTheSharedOne) {
  constexpr std::size_t kThreads = ThreadSlot::kCount + 10;
  const std::size_t own = ThreadSlot::current();
  std::multiset<std::size_t> slots;
  std::mutex mutex;
  std::barrier all_have_one(static_cast<std::ptrdiff_t>(kThreads));
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      const std::size_t slot = ThreadSlot::current();
      {
        const std::lock_guard lock(mutex);
        slots.insert(slot);
      }
      all_have_one.arrive_and_wait();
      EXPECT_EQ(ThreadSlot::current(), slot);
    });
  }
  threads.clear();
  for (std::size_t slot = 0; slot < ThreadSlot::kShared; ++slot) {
    EXPECT_EQ(slots.count(slot), slot == own ? 0U : 1U) << slot;
  }
  EXPECT_EQ(slots.count(ThreadSlot::kShared), kThreads - (ThreadSlot::kCount - 2));
}

TEST(ThreadSlot, TheSlotOfAThreadThatHasEndedIsUsedAgain) {
  std::set<std::size_t> slots;
  for (int round = 0; round < 200; ++round) {
    std::jthread([&slots] { slots.insert(ThreadSlot::current()); }).join();
  }
  EXPECT_EQ(slots.size(), 1U);
  EXPECT_EQ(slots.count(ThreadSlot::kShared), 0U);
}

}  // namespace
}  // namespace datawal::thread_slot_test
