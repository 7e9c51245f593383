// How long threads wait for a log that others use without a pause: counted in what these do
// meanwhile, not in time.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/fair_mutex.h"
#include "file/simulated_filesystem.h"
#include "log/log_opening.h"
#include "log/log_test_support.h"
#include "log/shared_log.h"

namespace datawal::shared_log_turns_test {
namespace {

using test::must;

// Whether the thread waits for something, as the system says.
bool is_asleep(pid_t thread) {
  std::ifstream stream("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string text;
  std::getline(stream, text);
  const std::size_t name_end = text.rfind(')');
  return name_end != std::string::npos && text.compare(name_end, 4, ") S ") == 0;
}

class SharedLogTurns : public testing::Test {
 protected:
  // Without the mend a waiting thread may be lucky.
  static constexpr int kTimes = 20;
  static constexpr int kTurnsMax = 1'000;

  SharedLogTurns() {
    options_.filesystem = &filesystem_;
    LogOpening opening = must(LogOpening::begin("/store", options_));
    while (!must(opening.next_batch()).empty()) continue;
    log_ = std::make_unique<SharedLog>(must(opening.finish()), options_);
    // What the first write does once is done.
    must(log_->write(0, Durability::kManual, [](LogWriter& writer) {
      return writer.append(RecordType::kRaw, {}, as_bytes("first"));
    }));
  }

  // Has `wait`, which gives how many turns others had before its own, begin while another thread
  // has the log, and gives what it does; `take_turn` is done again and again meanwhile.
  int turns_before(const std::function<int()>& wait, const std::function<void()>& take_turn) {
    std::atomic<pid_t> waiting = 0;
    std::atomic<bool> is_done = false;
    int turns = 0;
    std::jthread other;
    log_->read([&](const LogWriter&) {
      turns_ = 0;
      other = std::jthread([&] {
        waiting = ::gettid();
        turns = wait();
        is_done = true;
      });
      while (waiting == 0 || !is_asleep(waiting)) std::this_thread::yield();
    });
    for (int turn = 0; turn < kTurnsMax && !is_done; ++turn) take_turn();
    other.join();
    return turns;
  }
  int wait_to_read() {
    return log_->read([this](const LogWriter&) { return turns_; });
  }
  int wait_to_write() {
    return must(log_->write(100, Durability::kManual,
                            [this](LogWriter&) -> Result<int> { return turns_; }));
  }
  // As a write of so many bytes.
  void write(std::size_t size) {
    must(log_->write(size, Durability::kManual,
                     [this](LogWriter&) -> Result<int> { return ++turns_; }));
  }

  SimulatedFilesystem filesystem_;
  Options options_;
  std::unique_ptr<SharedLog> log_;
  int turns_ = 0;  // guarded by the log
};

TEST_F(SharedLogTurns, ASnapshotWaitsForAFewBatches) {
  for (int time = 0; time < kTimes; ++time) {
    for (const std::size_t size :
         {FairMutex::kTurn / 16, FairMutex::kTurn, 20 * FairMutex::kTurn}) {
      const int turns = turns_before([this] { return wait_to_read(); }, [&] { write(size); });
      EXPECT_LE(turns, static_cast<int>(FairMutex::kTurn / size) + 1) << size;
    }
  }
}

TEST_F(SharedLogTurns, AnAppendWaitsForTwoRotationsAtMost) {
  for (int time = 0; time < kTimes; ++time) {
    const auto rotate = [this] {
      must(log_->alone([this](LogWriter& writer) {
        ++turns_;
        return writer.rotate();
      }));
    };
    EXPECT_LE(turns_before([this] { return wait_to_write(); }, rotate), 2);
  }
}

// Each rotates by itself, small as it is.
TEST_F(SharedLogTurns, AnAppendWaitsForTwoWritesThatRotateAtMost) {
  log_.reset();
  options_.segment_size_max = 100;
  LogOpening opening = must(LogOpening::begin("/store", options_));
  while (!must(opening.next_batch()).empty()) continue;
  log_ = std::make_unique<SharedLog>(must(opening.finish()), options_);
  for (int time = 0; time < kTimes; ++time) {
    const auto rotate = [this] {
      const std::string payload(60, 'x');
      must(log_->write(frame_size(0, payload.size()), Durability::kManual, [&](LogWriter& writer) {
        ++turns_;
        return writer.append(RecordType::kRaw, {}, as_bytes(payload));
      }));
    };
    EXPECT_LE(turns_before([this] { return wait_to_read(); }, rotate), 2);
  }
}

TEST_F(SharedLogTurns, AnAppendWaitsForAFewSnapshots) {
  for (int time = 0; time < kTimes; ++time) {
    const auto look = [this] { log_->read([this](const LogWriter&) { ++turns_; }); };
    EXPECT_LE(turns_before([this] { return wait_to_write(); }, look), 20);
  }
}

}  // namespace
}  // namespace datawal::shared_log_turns_test
