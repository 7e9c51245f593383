// When a store compacts itself, and who waits for it: with a store that says of itself whatever the
// test wants.
#include "store/auto_compaction.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace datawal::auto_compaction_test {
namespace {

constexpr std::uint64_t kGarbageMin = 1'000;
constexpr std::uint64_t kLive = 10'000;

// A log of `live` bytes that are needed and `garbage` that are not.
SpaceUse space(std::uint64_t garbage, std::uint64_t live = kLive) {
  return {.log_bytes = live + garbage, .dead_bytes = garbage, .segments = 3};
}

// Happens once; others wait for it.
class Event {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

class AutoCompactionTest : public ::testing::Test {
 protected:
  ~AutoCompactionTest() override { compaction_.stop(); }

  Result<CompactionReport> compact(double ratio) {
    ++calls_;
    last_ratio_ = ratio;
    return on_compact_ ? on_compact_() : gain(garbage_);
  }
  Result<CompactionReport> gain(std::uint64_t bytes) {
    garbage_ -= bytes;
    return CompactionReport{.bytes_before = bytes};
  }

  std::atomic<std::uint64_t> garbage_ = 0;
  std::atomic<int> calls_ = 0;
  std::atomic<double> last_ratio_ = -1;
  std::function<Result<CompactionReport>()> on_compact_;  // set before the first look
  AutoCompaction compaction_{2,
                             kGarbageMin,
                             {.space_use = [this] { return space(garbage_); },
                              .compact = [this](double ratio) { return compact(ratio); }}};
};

TEST(GarbageRatio, IsThatOfALogAsLargeAsItMayBe) {
  EXPECT_EQ(garbage_ratio_for(space(0), 2), std::nullopt);
  EXPECT_EQ(garbage_ratio_for(space(kLive), 2), std::nullopt);
  EXPECT_EQ(garbage_ratio_for(space(kLive + 1), 2), 0.5);
  EXPECT_EQ(garbage_ratio_for(space(3 * kLive + 1), 4), 0.75);
  EXPECT_EQ(garbage_ratio_for(space(1), 1), 0);
  EXPECT_EQ(garbage_ratio_for(space(1), 0.5), 0) << "less than what is needed cannot be had";
  EXPECT_EQ(garbage_ratio_for({}, 2), std::nullopt);
  EXPECT_EQ(garbage_ratio_for(space(5, 0), 2), 0.5) << "a log of nothing but garbage";
}

TEST_F(AutoCompactionTest, ALogWithLittleGarbageIsLeftAlone) {
  garbage_ = kLive / 2;
  compaction_.look();
  garbage_ = 8'500;  // just at the headroom
  compaction_.look();
  compaction_.stop();
  EXPECT_EQ(calls_, 0);
}

TEST(AutoCompaction, ASmallLogMayHaveAnyAmplification) {
  std::atomic<int> calls = 0;
  AutoCompaction compaction(2, kGarbageMin,
                            {.space_use = [] { return space(kGarbageMin - 1, 10); },
                             .compact = [&](double) -> Result<CompactionReport> {
                               ++calls;
                               return CompactionReport{};
                             }});
  compaction.look();
  compaction.stop();
  EXPECT_EQ(calls, 0);
}

TEST_F(AutoCompactionTest, BeginsAtTheHeadroomWhileNobodyWaits) {
  Event has_begun;
  Event may_end;
  on_compact_ = [&] {
    has_begun.set();
    may_end.wait();
    return gain(garbage_);
  };
  garbage_ = 8'600;
  compaction_.look();  // comes back although the compaction cannot end
  has_begun.wait();
  compaction_.look();
  EXPECT_EQ(calls_, 1);
  may_end.set();
  compaction_.stop();
}

TEST_F(AutoCompactionTest, WritersBeyondTheBoundWaitUntilItIsSeenTo) {
  Event has_begun;
  Event may_end;
  on_compact_ = [&] {
    has_begun.set();
    may_end.wait();
    return gain(garbage_);
  };
  garbage_ = kLive + 1;
  {
    std::vector<std::jthread> writers;
    for (int number = 0; number < 3; ++number) {
      writers.emplace_back([&] {
        compaction_.look();
        EXPECT_EQ(garbage_, 0U) << "it has not waited";
      });
    }
    has_begun.wait();
    may_end.set();
  }
  EXPECT_GE(last_ratio_, 0.4);
  EXPECT_LE(last_ratio_, 0.5);
}

TEST_F(AutoCompactionTest, GoesOnWithLessFullSegmentsUntilItIsEnough) {
  std::vector<double> ratios;
  on_compact_ = [&]() -> Result<CompactionReport> {
    ratios.push_back(last_ratio_);
    return gain(ratios.size() < 3 ? 0 : 5'000);
  };
  garbage_ = kLive + 1;
  compaction_.look();
  ASSERT_EQ(ratios.size(), 3U);
  EXPECT_EQ(ratios[1], ratios[0] / 2);
  EXPECT_EQ(ratios[2], ratios[1] / 2);
}

TEST_F(AutoCompactionTest, WhereNothingIsGainedItEndsAndIsNotTriedAgainTooSoon) {
  on_compact_ = [&] { return gain(0); };
  garbage_ = kLive + 800;
  compaction_.look();
  const int first = calls_;
  EXPECT_GE(first, 1);
  EXPECT_LE(first, 8);
  for (int count = 0; count < 10; ++count) compaction_.look();
  garbage_ += 800;
  compaction_.look();
  EXPECT_EQ(calls_, first);
  garbage_ += 800;  // an eighth more than when it was hopeless
  compaction_.look();
  EXPECT_GT(calls_, first);
}

TEST_F(AutoCompactionTest, AFailureEndsTheWaiting) {
  on_compact_ = []() -> Result<CompactionReport> {
    return std::unexpected(Error{.code = ErrorCode::kNoSpace, .message = "full"});
  };
  garbage_ = kLive + 800;
  compaction_.look();
  EXPECT_EQ(calls_, 1);
  compaction_.look();
  EXPECT_EQ(calls_, 1) << "it is not tried again before there is more to gain";
}

TEST_F(AutoCompactionTest, AfterAGainItIsReadyAtOnce) {
  garbage_ = kLive + 1;
  compaction_.look();
  EXPECT_EQ(garbage_, 0U);
  garbage_ = kLive + 1;
  compaction_.look();
  EXPECT_EQ(garbage_, 0U);
  EXPECT_EQ(calls_, 2);
}

TEST_F(AutoCompactionTest, StoppingEndsAllWaitingBeforeTheCompactionHasEnded) {
  constexpr int kWriters = 3;
  std::atomic<int> returned = 0;
  Event has_begun;
  on_compact_ = [&]() -> Result<CompactionReport> {
    has_begun.set();
    for (int count = returned; count < kWriters; count = returned) returned.wait(count);
    return CompactionReport{.stopped = true};
  };
  garbage_ = kLive + 1;
  std::vector<std::jthread> writers;
  for (int number = 0; number < kWriters; ++number) {
    writers.emplace_back([&] {
      compaction_.look();
      ++returned;
      returned.notify_all();
    });
  }
  has_begun.wait();
  compaction_.stop();
  EXPECT_EQ(returned, kWriters);
  EXPECT_EQ(calls_, 1) << "it has begun again";
}

TEST_F(AutoCompactionTest, NobodyWaitsOnceItIsStopped) {
  compaction_.stop();
  garbage_ = 5 * kLive;
  compaction_.look();
  compaction_.stop();
  EXPECT_EQ(calls_, 0);
}

}  // namespace
}  // namespace datawal::auto_compaction_test
