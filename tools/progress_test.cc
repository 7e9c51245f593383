#include "tools/progress.h"

#include <gtest/gtest.h>

namespace datawal::cli::progress_test {
namespace {

using std::chrono::milliseconds;

std::string text(std::uint64_t bytes_done, std::uint64_t bytes_total, std::int64_t elapsed) {
  return progress_text(
      "verify",
      {.bytes_done = bytes_done, .bytes_total = bytes_total, .elapsed = milliseconds(elapsed)});
}

TEST(ProgressText, TellsBytesRateAndTimeLeft) {
  EXPECT_EQ(text(1ULL << 30, 3ULL << 30, 2'000),
            "verify: 1.0 GiB of 3.0 GiB, 512.0 MiB/s, 4 s left");
  EXPECT_EQ(text(100, 100, 1'000), "verify: 100 B of 100 B, 100 B/s, 0 s left");
}

TEST(ProgressText, TellsLongTimesInMinutesAndHours) {
  EXPECT_EQ(text(1'000, 101'000, 1'000), "verify: 1000 B of 98.6 KiB, 1000 B/s, 1 min 40 s left");
  EXPECT_EQ(text(1, 7'261, 1'000), "verify: 1 B of 7.0 KiB, 1 B/s, 2 h 1 min left");
}

TEST(ProgressText, PromisesNothingThatItDoesNotKnow) {
  EXPECT_EQ(text(2'048, 0, 1'000), "verify: 2.0 KiB, 2.0 KiB/s");
  EXPECT_EQ(text(2'048, 1'024, 1'000), "verify: 2.0 KiB, 2.0 KiB/s");  // the estimate was wrong
  EXPECT_EQ(text(0, 1'024, 61'500), "verify: 1 min 1 s");
  EXPECT_EQ(text(10, 0, 0), "verify: 10 B, 9.7 KiB/s");
}

TEST(Progress, TheKernelCountsWhatIsRead) {
  EXPECT_GT(bytes_read_by_process(), 0U);
}

}  // namespace
}  // namespace datawal::cli::progress_test
