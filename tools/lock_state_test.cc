#include "tools/lock_state.h"

#include <gtest/gtest.h>

namespace datawal::cli::lock_state_test {
namespace {

constexpr std::string_view kTable =
    "1: POSIX  ADVISORY  WRITE 100 fe:00:77 0 EOF\n"
    "2: FLOCK  ADVISORY  WRITE 200 fe:00:78 0 EOF\n"
    "2: -> FLOCK  ADVISORY  WRITE 300 fe:00:79 0 EOF\n"
    "3: FLOCK  ADVISORY  WRITE 0 fd:1a:80 0 EOF\n"
    "nonsense\n"
    "4: FLOCK  ADVISORY  WRITE x fe:zz:77 0 EOF\n"
    "5: FLOCK  ADVISORY  WRITE 500 fe:00:77x 0 EOF\n";

LockFile file(std::uint64_t inode, std::uint32_t device_major = 0xFE,
              std::uint32_t device_minor = 0) {
  return {.device_major = device_major, .device_minor = device_minor, .inode = inode};
}

TEST(LockState, FindsTheHolder) {
  const LockState state = find_lock(kTable, file(78));
  EXPECT_EQ(state.holding, LockHolding::kHeld);
  EXPECT_EQ(state.process, 200U);
}

TEST(LockState, OtherLocksDoNotCount) {
  EXPECT_EQ(find_lock(kTable, file(77)).holding, LockHolding::kFree);  // of another kind
  EXPECT_EQ(find_lock(kTable, file(79)).holding, LockHolding::kFree);  // only waiting
  EXPECT_EQ(find_lock(kTable, file(81)).holding, LockHolding::kFree);
  EXPECT_EQ(find_lock("", file(78)).holding, LockHolding::kFree);
}

TEST(LockState, AHolderOfAnotherNamespaceHasNoNumber) {
  LockFile lock = file(80, 0xFD, 0x1A);
  EXPECT_EQ(find_lock(kTable, lock).holding, LockHolding::kHeld);
  EXPECT_EQ(find_lock(kTable, lock).process, std::nullopt);
  lock.process = 900;  // what the file says is better than nothing
  EXPECT_EQ(find_lock(kTable, lock).process, 900U);
}

TEST(LockState, AnotherDeviceCountsOnlyForTheProcessThatTheFileNames) {
  LockFile lock = file(78, 0, 0x31);
  EXPECT_EQ(find_lock(kTable, lock).holding, LockHolding::kFree);
  lock.process = 201;
  EXPECT_EQ(find_lock(kTable, lock).holding, LockHolding::kFree);
  lock.process = 200;
  EXPECT_EQ(find_lock(kTable, lock).holding, LockHolding::kHeld);
}

TEST(LockState, AStoreWithoutALockFileIsFree) {
  EXPECT_EQ(lock_state("/proc/self").holding, LockHolding::kFree);
}

}  // namespace
}  // namespace datawal::cli::lock_state_test
