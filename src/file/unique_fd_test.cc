#include "file/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace datawal::unique_fd_test {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}

UniqueFd open_root() {
  return UniqueFd(::open("/", O_RDONLY | O_CLOEXEC));
}

TEST(UniqueFd, ClosesWhatItOwns) {
  int number = -1;
  {
    const UniqueFd fd = open_root();
    ASSERT_TRUE(fd.valid());
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
  EXPECT_FALSE(UniqueFd().valid());
}

TEST(UniqueFd, MovesItsOwnership) {
  UniqueFd first = open_root();
  const int number = first.get();
  UniqueFd second(std::move(first));
  EXPECT_EQ(second.get(), number);
  UniqueFd third;
  third = std::move(second);
  EXPECT_EQ(third.get(), number);
  EXPECT_TRUE(is_open(number));
  EXPECT_EQ(third.release(), number);
  EXPECT_FALSE(third.valid());
  EXPECT_TRUE(is_open(number));
  ASSERT_EQ(::close(number), 0);
}

TEST(RetryInterrupted, GoesOnUntilSomethingElseHappens) {
  int call_count = 0;
  const int result = retry_interrupted([&] {
    ++call_count;
    errno = EINTR;
    return call_count < 3 ? -1 : 7;
  });
  EXPECT_EQ(result, 7);
  EXPECT_EQ(call_count, 3);
}

TEST(RetryInterrupted, DoesNotRepeatOtherErrors) {
  int call_count = 0;
  const int result = retry_interrupted([&] {
    ++call_count;
    errno = EIO;
    return -1;
  });
  EXPECT_EQ(result, -1);
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(call_count, 1);
}

}  // namespace
}  // namespace datawal::unique_fd_test
