// How long work is held. Only lower bounds are looked at: a machine may be as slow as it likes.
#include "store/pace.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <stop_token>
#include <thread>

#include "datawal/data_wal.h"
#include "log/log_test_support.h"

namespace datawal::pace_test {
namespace {

using std::chrono::milliseconds;
using test::must;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

class Stopwatch {
 public:
  // At most two milliseconds are not waited for.
  void expect_at_least(milliseconds wanted) const {
    EXPECT_GE(Clock::now() - start_ + milliseconds(2), wanted);
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

TEST(PaceTest, WithoutALimitNothingIsWaitedFor) {
  Pace pace(0, {}, {});
  for (int step = 0; step < 1'000; ++step) EXPECT_TRUE(pace.spend(kMost));
}

TEST(PaceTest, WithoutALimitAStopIsTold) {
  std::stop_source stop;
  Pace pace(0, stop.get_token(), {});
  Pace other(0, {}, stop.get_token());
  stop.request_stop();
  EXPECT_FALSE(pace.spend(1));
  EXPECT_FALSE(other.spend(1));
}

// If one of these waited, it would do so for a day.
TEST(PaceTest, AStopIsToldWhateverThereIsToWaitFor) {
  std::stop_source stop;
  stop.request_stop();
  Pace pace(1'000, stop.get_token(), {});
  Pace other(1'000, {}, stop.get_token());
  for (const std::uint64_t bytes : {0ULL, 1ULL, 100'000'000ULL}) {
    EXPECT_FALSE(pace.spend(bytes));
    EXPECT_FALSE(other.spend(bytes));
  }
}

TEST(PaceTest, AStopEndsTheWait) {
  std::stop_source stop;
  Pace pace(1'000, {}, stop.get_token());
  const std::jthread asking([&] { stop.request_stop(); });
  EXPECT_FALSE(pace.spend(100'000'000));
}

TEST(PaceTest, WaitsUntilTheBytesWereAllowed) {
  const Stopwatch watch;
  Pace pace(1'000'000, {}, {});
  EXPECT_TRUE(pace.spend(30'000));
  watch.expect_at_least(milliseconds(30));
  EXPECT_TRUE(pace.spend(50'000));
  watch.expect_at_least(milliseconds(80));
}

TEST(PaceTest, ManySmallStepsAreWaitedForTogether) {
  const Stopwatch watch;
  Pace pace(1'000'000, {}, {});
  for (int step = 0; step < 1'000; ++step) EXPECT_TRUE(pace.spend(50));
  watch.expect_at_least(milliseconds(50));
}

// Otherwise what follows a pause would be as fast as it can.
TEST(PaceTest, WhatWasNotSpentInAPauseIsNotSpentLater) {
  Pace pace(1'000'000, {}, {});
  Pace pause(1'000'000, {}, {});
  EXPECT_TRUE(pause.spend(40'000));
  const Stopwatch watch;
  EXPECT_TRUE(pace.spend(40'000));
  watch.expect_at_least(milliseconds(40));
}

class PacedCompaction : public test::SimulatedLog {
 protected:
  // A sealed segment of which half is garbage.
  [[nodiscard]] DataWal make_store() {
    DataWal store = must(DataWal::open(kStore, options_));
    const Bytes value(1'000);
    for (int number = 0; number < 200; ++number) {
      must(store.put(as_bytes(std::to_string(number % 100)), value));
    }
    must(store.rotate());
    return store;
  }
};

TEST_F(PacedCompaction, TakesAsLongAsItsBytesAreAllowedTo) {
  DataWal store = make_store();
  constexpr std::uint64_t kBytesPerSecond = 1'000'000;
  const Stopwatch watch;
  const CompactionReport report = must(store.compact({.bytes_per_second_max = kBytesPerSecond}));
  EXPECT_EQ(report.segments_rewritten, 1U);
  EXPECT_GT(report.bytes_after, 100'000U);
  const std::uint64_t spent = report.bytes_before + report.bytes_after;
  watch.expect_at_least(milliseconds(spent * 1'000 / kBytesPerSecond));
}

TEST_F(PacedCompaction, IsNotHeldOnceItIsToStop) {
  DataWal store = make_store();
  std::stop_source stop;
  const std::jthread asking([&] { stop.request_stop(); });
  // A byte a second would take days.
  const CompactionReport report =
      must(store.compact({.bytes_per_second_max = 1, .stop = stop.get_token()}));
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(report.segments_rewritten, 0U);
  EXPECT_EQ(store.size(), 100U);
}

}  // namespace
}  // namespace datawal::pace_test
