#include "base/latency_recorder.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace datawal::latency_recorder_test {
namespace {

TEST(LatencyHistogram, EveryLatencyIsInTheBucketThatEndsAtOrBehindIt) {
  const auto check = [](std::uint64_t latency) {
    const std::size_t bucket = LatencyHistogram::bucket_of(latency);
    ASSERT_LT(bucket, LatencyHistogram::kBuckets);
    EXPECT_LE(latency, LatencyHistogram::bucket_max(bucket));
    if (bucket == 0) return;
    EXPECT_GT(latency, LatencyHistogram::bucket_max(bucket - 1)) << bucket;
  };
  for (std::uint64_t small = 0; small < 5'000; ++small) check(small);
  for (unsigned exponent = 5; exponent < 64; ++exponent) {
    const std::uint64_t power = std::uint64_t{1} << exponent;
    for (const std::uint64_t value : {power - 1, power, power + 1, power + power / 3}) check(value);
  }
  check(std::numeric_limits<std::uint64_t>::max());
}

TEST(LatencyHistogram, ABucketIsAnEighthWideAtMost) {
  for (std::size_t bucket = LatencyHistogram::kSubBuckets; bucket + 1 < LatencyHistogram::kBuckets;
       ++bucket) {
    const std::uint64_t low = LatencyHistogram::bucket_max(bucket - 1);
    EXPECT_LE(LatencyHistogram::bucket_max(bucket) - low, low / 8) << bucket;
  }
}

TEST(LatencyHistogram, GivesPercentilesThatAreNotTooLow) {
  LatencyRecorder recorder;
  for (int value = 1; value <= 1'000; ++value)
    recorder.record(std::chrono::nanoseconds(value * 1'000));
  const LatencyHistogram histogram = recorder.read();
  EXPECT_EQ(histogram.count, 1'000U);
  EXPECT_EQ(histogram.sum, 500'500'000U);
  EXPECT_EQ(histogram.max, 1'000'000U);
  EXPECT_DOUBLE_EQ(histogram.mean(), 500'500.0);
  for (const unsigned percent : {1U, 10U, 50U, 90U, 99U}) {
    const std::uint64_t exact = percent * 10'000;
    EXPECT_GE(histogram.percentile(percent), exact) << percent;
    EXPECT_LE(histogram.percentile(percent), exact + exact / 8) << percent;
  }
  EXPECT_EQ(histogram.percentile(100), 1'000'000U);
  EXPECT_EQ(histogram.percentile(0), histogram.percentile(0.1));
}

TEST(LatencyHistogram, OfNothingIsNothing) {
  EXPECT_EQ(LatencyHistogram().percentile(99), 0U);
  EXPECT_EQ(LatencyHistogram().mean(), 0.0);
}

TEST(LatencyRecorder, CountsAClockThatWentBackAsNoTime) {
  LatencyRecorder recorder;
  recorder.record(std::chrono::nanoseconds(-5));
  EXPECT_EQ(recorder.read().buckets[0], 1U);
  EXPECT_EQ(recorder.read().sum, 0U);
}

TEST(LatencyRecorder, LosesNothingThatThreadsRecordAtTheSameTime) {
  LatencyRecorder recorder;
  {
    std::vector<std::jthread> threads;
    for (int thread = 1; thread <= 4; ++thread) {
      threads.emplace_back([&recorder, thread] {
        for (int count = 0; count < 1'000; ++count)
          recorder.record(std::chrono::nanoseconds(thread));
      });
    }
  }
  EXPECT_EQ(recorder.read().count, 4'000U);
  EXPECT_EQ(recorder.read().sum, 10'000U);
  EXPECT_EQ(recorder.read().max, 4U);
}

}  // namespace
}  // namespace datawal::latency_recorder_test
