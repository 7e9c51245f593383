#include "file/background_thread.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>

namespace datawal::background_thread_test {
namespace {

cpu_set_t allowed_here() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  EXPECT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
  return allowed;
}

// What the thread may run on, once it has been made.
cpu_set_t allowed_in_thread() {
  std::atomic<bool> is_made = false;
  cpu_set_t allowed;
  {
    const BackgroundThread thread([&] {
      is_made.wait(false);
      allowed = allowed_here();
    });
    is_made = true;
    is_made.notify_one();
  }
  return allowed;
}

TEST(BackgroundThread, MayRunWhereItsMakerMay) {
  const cpu_set_t allowed = allowed_here();
  for (int round = 0; round < 100; ++round) {
    const cpu_set_t found = allowed_in_thread();
    ASSERT_TRUE(CPU_EQUAL(&found, &allowed));
    const cpu_set_t after = allowed_here();
    ASSERT_TRUE(CPU_EQUAL(&after, &allowed)) << "the maker's own are others";
  }
}

TEST(BackgroundThread, RunsWhereThereIsOneProcessor) {
  const cpu_set_t allowed = allowed_here();
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  const cpu_set_t found = allowed_in_thread();
  EXPECT_TRUE(CPU_EQUAL(&found, &one));
  ASSERT_EQ(::sched_setaffinity(0, sizeof allowed, &allowed), 0);
}

// A thread that ends at once is not there any more when it is sent away.
TEST(BackgroundThread, MayEndAtOnce) {
  const cpu_set_t allowed = allowed_here();
  for (int round = 0; round < 1'000; ++round) {
    const BackgroundThread thread([] {});
  }
  const cpu_set_t after = allowed_here();
  EXPECT_TRUE(CPU_EQUAL(&after, &allowed));
}

}  // namespace
}  // namespace datawal::background_thread_test
