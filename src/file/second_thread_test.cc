#include "file/second_thread.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>
#include <future>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "file/posix_test_support.h"

namespace datawal::second_thread_test {
namespace {

TEST(SecondThread, DoesAllThatIsBegunOnceAndInOrder) {
  constexpr int kCount = 1'000;
  std::vector<int> done;  // written by the thread only, until it is waited for
  SecondThread second;
  for (int number = 0; number < kCount; ++number) {
    second.begin([&done, number] { done.push_back(number); });
  }
  second.wait();
  std::vector<int> expected(kCount);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(done, expected);
}

TEST(SecondThread, IsAnotherThanItsOwners) {
  std::thread::id worker;
  SecondThread second;
  second.begin([&] { worker = std::this_thread::get_id(); });
  second.wait();
  EXPECT_NE(worker, std::thread::id());
  EXPECT_NE(worker, std::this_thread::get_id());
}

TEST(SecondThread, MayBeWaitedForAtAnyTime) {
  int value = 0;
  SecondThread second;
  second.wait();
  second.begin([&] { value = 1; });
  second.wait();
  second.wait();
  EXPECT_EQ(value, 1);
  second.begin([&] { value = 2; });
  second.wait();
  EXPECT_EQ(value, 2);
}

// Work that does not end before it is let.
class HeldWork {
 public:
  void operator()() {
    begun_.set_value();
    release_.get_future().wait();
    is_done = true;
  }
  void wait_for_begin() { begun_.get_future().wait(); }
  void release() { release_.set_value(); }

  bool is_done = false;

 private:
  std::promise<void> begun_;
  std::promise<void> release_;
};

TEST(SecondThread, BeginningWaitsForWhatIsUnderWay) {
  HeldWork first;
  bool was_first_done = false;
  SecondThread second;
  second.begin([&] { first(); });
  first.wait_for_begin();
  const std::jthread releaser([&] { first.release(); });
  second.begin([&] { was_first_done = first.is_done; });
  EXPECT_TRUE(first.is_done);
  second.wait();
  EXPECT_TRUE(was_first_done);
}

TEST(SecondThread, ItsOwnerGoesOnMeanwhile) {
  HeldWork work;
  SecondThread second;
  second.begin([&] { work(); });  // returns, though nobody has let it end
  work.wait_for_begin();
  work.release();
  second.wait();
  EXPECT_TRUE(work.is_done);
}

TEST(SecondThread, ItsEndWaitsForWhatIsUnderWay) {
  HeldWork work;
  std::jthread releaser;
  {
    SecondThread second;
    second.begin([&] { work(); });
    work.wait_for_begin();
    releaser = std::jthread([&] { work.release(); });
  }
  EXPECT_TRUE(work.is_done);
}

TEST(SecondThread, WhereThereIsNoneToBeHadItsOwnerDoesTheWork) {
  std::thread::id worker;
  std::thread::id owner;
  int count = 0;
  const auto without_threads = [&] {
    owner = std::this_thread::get_id();
    SecondThread second;
    second.begin([&] { worker = std::this_thread::get_id(); });
    second.begin([&] { ++count; });
    second.wait();
  };
  EXPECT_EQ(test::with_failing_call(SYS_clone3, EAGAIN, without_threads), "");
  EXPECT_EQ(worker, owner);
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace datawal::second_thread_test
