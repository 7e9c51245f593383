#include "log/sync_waiters.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace datawal::sync_waiters_test {
namespace {

using Reason = SyncWaiter::Reason;

Position at(std::uint64_t offset, std::uint32_t segment = 1) {
  return {SegmentId{segment}, offset};
}

TEST(SyncWaiter, IsToldWhyItIsWoken) {
  for (const Reason reason : {Reason::kDurable, Reason::kMayLead}) {
    SyncWaiter waiter(at(1));
    const std::jthread waker([&] { waiter.wake(reason); });
    EXPECT_EQ(waiter.wait(), reason);
  }
}

TEST(SyncWaiter, MayBeWokenBeforeItWaits) {
  SyncWaiter waiter(at(1));
  waiter.wake(Reason::kMayLead);
  EXPECT_EQ(waiter.wait(), Reason::kMayLead);
}

TEST(SyncWaiters, AreTakenInTheOrderInWhichTheyCame) {
  SyncWaiters waiters;
  EXPECT_EQ(waiters.take_first(), nullptr);
  const auto first = waiters.add(at(30));
  const auto second = waiters.add(at(10));
  const auto third = waiters.add(at(20));
  EXPECT_EQ(waiters.take_first(), first);
  EXPECT_EQ(waiters.take_first(), second);
  const auto fourth = waiters.add(at(5));
  EXPECT_EQ(waiters.take_first(), third);
  EXPECT_EQ(waiters.take_first(), fourth);
  EXPECT_EQ(waiters.take_first(), nullptr);
}

TEST(SyncWaiters, AreCounted) {
  SyncWaiters waiters;
  EXPECT_EQ(waiters.count(), 0U);
  for (std::uint64_t offset = 0; offset < 10; ++offset) waiters.add(at(offset))->wake({});
  EXPECT_EQ(waiters.count(), 10U);
  EXPECT_NE(waiters.take_first(), nullptr);
  EXPECT_EQ(waiters.count(), 9U);
  EXPECT_EQ(waiters.take_durable([](Position target) { return target < at(4); }).size(), 3U);
  EXPECT_EQ(waiters.count(), 6U);
  EXPECT_EQ(waiters.take_durable([](Position) { return true; }).size(), 6U);
  EXPECT_EQ(waiters.count(), 0U);
  EXPECT_EQ(waiters.take_first(), nullptr);
}

TEST(SyncWaiters, TakesThoseThatAreDurableAndNoOthers) {
  const std::vector<Position> targets = {at(9), at(3), at(1, 2), at(4), at(3), at(5), at(0, 1)};
  for (const Position durable : {at(0), at(3), at(4), at(9), at(0, 2), at(1, 2)}) {
    SyncWaiters waiters;
    std::vector<SyncWaiters::Shared> taken;
    std::vector<SyncWaiters::Shared> left;
    for (const Position target : targets) {
      (target <= durable ? taken : left).push_back(waiters.add(target));
    }
    EXPECT_EQ(waiters.take_durable([&](Position target) { return target <= durable; }), taken);
    EXPECT_EQ(waiters.count(), left.size());
    for (const auto& waiter : left) EXPECT_EQ(waiters.take_first(), waiter);
    EXPECT_EQ(waiters.take_first(), nullptr);
  }
}

}  // namespace
}  // namespace datawal::sync_waiters_test
