// The writer lock across processes, forks and files that are replaced under it.
#include "file/posix_lock.h"

#include <gtest/gtest.h>

#include <sys/file.h>

#include <array>
#include <csignal>

#include "file/posix_test_support.h"

namespace datawal::posix_lock_test {
namespace {

using test::ScratchDirectory;

class PosixLock : public testing::Test {
 protected:
  std::unique_ptr<Directory> open_directory() {
    return *posix_filesystem().open_directory(scratch_.path());
  }
  std::unique_ptr<FileLock> lock() {
    Result<std::unique_ptr<FileLock>> taken = directory_->lock(".lock");
    EXPECT_TRUE(taken) << taken.error().to_string();
    return taken ? *std::move(taken) : nullptr;
  }
  std::string refusal() {
    const Result<std::unique_ptr<FileLock>> taken = directory_->lock(".lock");
    if (taken) return "not refused";
    EXPECT_EQ(taken.error().code, ErrorCode::kLocked);
    return taken.error().message;
  }

  ScratchDirectory scratch_;
  std::unique_ptr<Directory> directory_ = open_directory();
};

// A process that holds the lock until it is killed.
class Holder {
 public:
  explicit Holder(const std::filesystem::path& path) {
    std::array<int, 2> ends = {};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    process_ = ::fork();
    if (process_ == 0) {
      const auto directory = posix_filesystem().open_directory(path);
      const auto lock = (*directory)->lock(".lock");
      const char state = lock ? 'y' : 'n';
      (void)!::write(ends[1], &state, 1);
      while (true) (void)::pause();
    }
    (void)::close(ends[1]);
    const UniqueFd reader(ends[0]);
    char state = 'n';
    EXPECT_EQ(::read(reader.get(), &state, 1), 1);
    EXPECT_EQ(state, 'y');
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { kill(); }

  [[nodiscard]] pid_t process() const { return process_; }
  void kill() {
    if (process_ <= 0) return;
    EXPECT_EQ(::kill(process_, SIGKILL), 0);
    EXPECT_EQ(test::wait_for_end(process_), "signal 9");
    process_ = 0;
  }

 private:
  pid_t process_ = 0;
};

TEST_F(PosixLock, ExcludesOtherProcessesAndNamesTheHolder) {
  const Holder holder(scratch_.path());
  const std::string message = refusal();
  EXPECT_NE(message.find("already locked by process " + std::to_string(holder.process())),
            std::string::npos)
      << message;
}

TEST_F(PosixLock, EndsWithTheDeathOfItsHolder) {
  Holder holder(scratch_.path());
  EXPECT_NE(refusal(), "not refused");
  holder.kill();
  EXPECT_NE(lock(), nullptr);
  EXPECT_EQ(test::read_text(scratch_ / ".lock"), std::to_string(::getpid()) + "\n");
}

TEST_F(PosixLock, ForkedChildrenDoNotReleaseIt) {
  std::unique_ptr<FileLock> held = lock();
  EXPECT_EQ(test::run_in_child([&] {
              held.reset();
              return std::string("released");
            }),
            "released");
  EXPECT_NE(refusal(), "not refused");
}

TEST_F(PosixLock, ExcludesAFlockOfAnotherProgramAndTheReverse) {
  {
    const UniqueFd fd(::open((scratch_ / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    ASSERT_EQ(::flock(fd.get(), LOCK_EX), 0);
    EXPECT_NE(refusal().find("already locked. "), std::string::npos);  // names nobody
  }
  const std::unique_ptr<FileLock> held = lock();
  const UniqueFd fd(::open((scratch_ / ".lock").c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(::flock(fd.get(), LOCK_EX | LOCK_NB), -1);
  EXPECT_EQ(errno, EWOULDBLOCK);
}

TEST_F(PosixLock, DoesNotBelieveEveryTextInTheFile) {
  for (const char* text : {"", "x", "-5\n", "0\n", "12x\n", "99999999999999999999\n", "\n"}) {
    test::write_text(scratch_ / ".lock", text);
    const UniqueFd fd(::open((scratch_ / ".lock").c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(fd.get(), LOCK_EX | LOCK_NB), 0);
    EXPECT_EQ(refusal().find("by process"), std::string::npos) << text;
  }
}

TEST_F(PosixLock, IsTakenOnTheFileThatHasTheNameNow) {
  test::write_text(scratch_ / ".lock", "old");
  int call_count = 0;
  const auto replace_once = [&] {
    if (++call_count == 1) {
      test::write_text(scratch_ / "other", "new");
      std::filesystem::rename(scratch_ / "other", scratch_ / ".lock");
    }
    return 0;
  };
  std::unique_ptr<FileLock> held;
  EXPECT_EQ(test::CallInterceptor::run(SYS_flock, replace_once, [&] { held = lock(); }), "");
  EXPECT_EQ(call_count, 2);
  EXPECT_NE(refusal(), "not refused");
}

TEST_F(PosixLock, IsTakenAgainIfTheFileIsRemovedMeanwhile) {
  int call_count = 0;
  const auto remove_once = [&] {
    if (++call_count == 1) std::filesystem::remove(scratch_ / ".lock");
    return 0;
  };
  std::unique_ptr<FileLock> held;
  EXPECT_EQ(test::CallInterceptor::run(SYS_flock, remove_once, [&] { held = lock(); }), "");
  EXPECT_EQ(call_count, 2);
  EXPECT_NE(refusal(), "not refused");
}

TEST_F(PosixLock, IsTakenAgainIfTheFileIsRemovedBeforeItIsLookedAt) {
  int call_count = 0;
  const auto remove_once = [&] {
    if (++call_count == 1) std::filesystem::remove(scratch_ / ".lock");
    return 0;
  };
  std::unique_ptr<FileLock> held;
  EXPECT_EQ(test::CallInterceptor::run(SYS_newfstatat, remove_once, [&] { held = lock(); }), "");
  EXPECT_NE(refusal(), "not refused");
}

TEST_F(PosixLock, GivesUpOnAFileThatIsReplacedAllTheTime) {
  const auto remove_always = [&] {
    std::filesystem::remove(scratch_ / ".lock");
    return 0;
  };
  Result<std::unique_ptr<FileLock>> taken;
  EXPECT_EQ(test::CallInterceptor::run(SYS_flock, remove_always,
                                       [&] { taken = directory_->lock(".lock"); }),
            "");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kIo);
  EXPECT_NE(taken.error().message.find("keeps replacing"), std::string::npos);
}

TEST_F(PosixLock, FileIsNotTruncatedWhileSomebodyElseHoldsIt) {
  const Holder holder(scratch_.path());
  const std::string text = test::read_text(scratch_ / ".lock");
  EXPECT_NE(refusal(), "not refused");
  EXPECT_EQ(test::read_text(scratch_ / ".lock"), text);
}

}  // namespace
}  // namespace datawal::posix_lock_test
