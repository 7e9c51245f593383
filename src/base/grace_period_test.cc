#include "base/grace_period.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

namespace datawal::grace_period_test {
namespace {

TEST(GracePeriod, WithoutUsesNobodyWaits) {
  GracePeriod grace;
  for (int count = 0; count < 5; ++count) grace.wait();
  {
    const GracePeriod::Use use(grace);
  }
  grace.wait();
}

TEST(GracePeriod, EndsOnlyWhenAllUsesOfBeforeHaveEnded) {
  constexpr std::size_t kUses = 70;  // more threads than there are counters
  for (std::size_t last = 0; last < kUses; last += 23) {
    GracePeriod grace;
    std::latch begun(kUses);
    std::latch may_end(1);
    std::latch may_last_end(1);
    std::atomic<bool> has_returned = false;
    std::vector<std::jthread> threads;
    for (std::size_t number = 0; number < kUses; ++number) {
      threads.emplace_back([&, number] {
        const GracePeriod::Use use(grace);
        begun.count_down();
        (number == last ? may_last_end : may_end).wait();
      });
    }
    begun.wait();
    std::jthread waiter([&] {
      grace.wait();
      has_returned = true;
    });
    may_end.count_down();
    for (std::size_t number = 0; number < kUses; ++number) {
      if (number != last) threads[number].join();
    }
    EXPECT_FALSE(has_returned);
    may_last_end.count_down();
    waiter.join();
  }
}

// Uses that begin meanwhile, one behind the other and overlapping, do not make it last.
TEST(GracePeriod, EndsThoughThereIsAlwaysSomebody) {
  GracePeriod grace;
  std::atomic<bool> is_done = false;
  std::atomic<int> uses = 0;
  std::vector<std::jthread> threads;
  for (int number = 0; number < 2; ++number) {
    threads.emplace_back([&] {
      std::optional<GracePeriod::Use> even;
      std::optional<GracePeriod::Use> odd;
      for (int step = 0; !is_done; ++step) {
        (step % 2 == 0 ? even : odd).emplace(grace);
        (step % 2 == 0 ? odd : even).reset();
        ++uses;
        uses.notify_all();
      }
    });
  }
  uses.wait(0);
  for (int count = 0; count < 100; ++count) grace.wait();
  is_done = true;
}

// What is taken out of reach, waited for and spoiled is never seen spoiled.
TEST(GracePeriod, NobodyUsesWhatWasTakenAwayBeforeIt) {
  struct Thing {
    std::atomic<bool> is_whole{true};
  };
  constexpr int kThings = 2'000;
  GracePeriod grace;
  std::vector<Thing> things(kThings);
  std::atomic<Thing*> current{things.data()};
  std::atomic<bool> is_done = false;
  std::atomic<std::uint64_t> seen = 0;
  std::atomic<std::uint64_t> spoiled = 0;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 3; ++number) {
      threads.emplace_back([&] {
        while (!is_done) {
          const GracePeriod::Use use(grace);
          const Thing* const thing = current.load(std::memory_order_acquire);
          for (int look = 0; look < 20; ++look) {
            if (!thing->is_whole.load(std::memory_order_relaxed)) ++spoiled;
          }
          ++seen;
          seen.notify_all();
        }
      });
    }
    seen.wait(0);
    for (std::size_t next = 1; next < kThings; ++next) {
      Thing* const old = current.exchange(&things[next], std::memory_order_acq_rel);
      grace.wait();
      old->is_whole.store(false, std::memory_order_relaxed);
    }
    is_done = true;
  }
  EXPECT_EQ(spoiled, 0U);
}

TEST(GracePeriod, SeveralMayWaitAtOnce) {
  GracePeriod grace;
  std::atomic<bool> is_done = false;
  std::jthread user([&] {
    while (!is_done) const GracePeriod::Use use(grace);
  });
  {
    std::vector<std::jthread> waiters;
    for (int number = 0; number < 4; ++number) {
      waiters.emplace_back([&] {
        for (int count = 0; count < 50; ++count) grace.wait();
      });
    }
  }
  is_done = true;
}

}  // namespace
}  // namespace datawal::grace_period_test
