#include "base/fair_mutex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

namespace datawal::fair_mutex_test {
namespace {

using Lock = std::unique_lock<FairMutex>;

class FairMutexTest : public testing::Test {
 protected:
  // Returns once so many threads sleep.
  void await_sleeping(std::size_t count) const {
    while (mutex_.sleeping() < count) std::this_thread::yield();
  }
  // Takes the mutex again and again, and works so much each time, until `is_done`; how often.
  // Begins and ends with the mutex locked.
  template <typename IsDone>
  std::uint64_t take_turns(Lock& lock, std::uint64_t work, const IsDone& is_done) {
    std::uint64_t count = 0;
    while (!is_done()) {
      lock.unlock();
      lock.lock();
      if (is_done()) break;
      ++count;
      mutex_.note_work(work);
    }
    return count;
  }

  FairMutex mutex_;
};

TEST_F(FairMutexTest, KeepsOthersOut) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 20'000;
  int count = 0;  // which only the mutex guards
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int time = 0; time < kTimes; ++time) {
          const Lock lock(mutex_);
          ++count;
          mutex_.note_work(thread == 0 ? FairMutex::kTurn : 1);
        }
      });
    }
  }
  EXPECT_EQ(count, kThreads * kTimes);
  EXPECT_EQ(mutex_.sleeping(), 0U);
}

TEST_F(FairMutexTest, TryingGivesUp) {
  const Lock lock(mutex_);
  EXPECT_FALSE(mutex_.try_lock());
  std::jthread([&] { EXPECT_FALSE(mutex_.try_lock()); }).join();
}

TEST_F(FairMutexTest, WhoSleepsIsPassedForATurnAtMost) {
  for (const std::uint64_t work :
       {std::uint64_t{1}, FairMutex::kTurn / 10, FairMutex::kTurn, 5 * FairMutex::kTurn}) {
    for (int time = 0; time < 50; ++time) {
      bool is_done = false;  // guarded by the mutex
      Lock lock(mutex_);
      const std::jthread other([&] {
        const Lock own(mutex_);
        is_done = true;
      });
      await_sleeping(1);
      const std::uint64_t count = take_turns(lock, work, [&] { return is_done; });
      EXPECT_LE(count, FairMutex::kTurn / std::max(work, FairMutex::kWorkMin) + 1) << work;
    }
  }
}

TEST_F(FairMutexTest, WhoSleepsIsBeforeWhoDoesNotOnceATurnIsOver) {
  Lock lock(mutex_);
  const std::jthread other([&] { const Lock own(mutex_); });
  await_sleeping(1);
  mutex_.note_work(FairMutex::kTurn);
  lock.unlock();
  // Free or not: it is the other's.
  bool was_taken_before = false;
  while (mutex_.sleeping() > 0) {
    if (!mutex_.try_lock()) continue;
    was_taken_before = was_taken_before || mutex_.sleeping() > 0;
    mutex_.unlock();
  }
  EXPECT_FALSE(was_taken_before);
}

TEST_F(FairMutexTest, SleepersAreCalledInTheirOrder) {
  constexpr std::size_t kThreads = 5;
  std::vector<std::size_t> order;  // guarded by the mutex
  std::vector<std::jthread> threads;
  Lock lock(mutex_);
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const Lock own(mutex_);
      order.push_back(thread);
      mutex_.note_work(FairMutex::kTurn);
    });
    await_sleeping(thread + 1);
  }
  const std::uint64_t count =
      take_turns(lock, FairMutex::kTurn, [&] { return order.size() == kThreads; });
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
  EXPECT_LE(count, 1U) << "once its turn is over, it is behind all of them";
}

}  // namespace
}  // namespace datawal::fair_mutex_test
