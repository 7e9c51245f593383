// What many threads, and a thread of the log's own, do with one log.
#include "log/shared_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "datawal/record_log.h"
#include "file/posix_test_support.h"
#include "file/simulated_filesystem.h"

namespace datawal::shared_log_test {
namespace {

using std::chrono::milliseconds;

class SharedLogTest : public testing::Test {
 protected:
  RecordLog open(Options options = {}) {
    options.filesystem = &filesystem_;
    Result<RecordLog> log = RecordLog::open("/store", options);
    if (!log) std::abort();
    return *std::move(log);
  }
  // A log that has been written to, so that every further sync is one of its segment.
  RecordLog open_warm(const Options& options = {}) {
    RecordLog log = open(options);
    EXPECT_TRUE(log.append(as_bytes("first")));
    EXPECT_TRUE(log.sync());
    filesystem_.reset_counts();
    return log;
  }
  // Has `action` run in the middle of the next sync, and of that one only.
  void on_next_sync(std::function<void()> action) {
    const auto is_next = std::make_shared<std::atomic<bool>>(true);
    filesystem_.on_sync([is_next, action = std::move(action)] {
      if (is_next->exchange(false)) action();
    });
  }
  std::uint64_t sync_count() { return filesystem_.count(SimulatedCall::kSync); }

  SimulatedFilesystem filesystem_;
};

TEST_F(SharedLogTest, AppendingGoesOnDuringASync) {
  RecordLog log = open_warm();
  ASSERT_TRUE(log.append(as_bytes("synced")));
  on_next_sync([&] { EXPECT_TRUE(log.append(as_bytes("meanwhile"))); });
  ASSERT_TRUE(log.sync());
  EXPECT_EQ(log.last_txid(), 3U);
  EXPECT_EQ(log.durable_txid(), 2U) << "what came during the sync may not be covered by it";
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_GE(open().last_txid(), 2U);
}

TEST_F(SharedLogTest, WritersThatWaitShareTheNextSync) {
  constexpr Txid kWaiters = 8;
  RecordLog log = open_warm();
  std::vector<std::jthread> waiters;
  on_next_sync([&] {
    for (Txid waiter = 0; waiter < kWaiters; ++waiter) {
      waiters.emplace_back(
          [&] { EXPECT_TRUE(log.append(as_bytes("waits"), Durability::kEveryWrite)); });
    }
    while (log.last_txid() < 2 + kWaiters) std::this_thread::yield();
  });
  ASSERT_TRUE(log.append(as_bytes("leads"), Durability::kEveryWrite));
  waiters.clear();
  EXPECT_EQ(log.durable_txid(), 2 + kWaiters);
  EXPECT_EQ(sync_count(), 2U);
}

TEST_F(SharedLogTest, AFailedSyncFailsAllWhoWaitForIt) {
  RecordLog log = open_warm();
  std::vector<std::jthread> waiters;
  std::atomic<int> failures = 0;
  on_next_sync([&] {
    for (int waiter = 0; waiter < 4; ++waiter) {
      waiters.emplace_back([&] {
        const auto appended = log.append(as_bytes("waits"), Durability::kEveryWrite);
        if (!appended && appended.error().code == ErrorCode::kPoisoned) ++failures;
      });
    }
    while (log.last_txid() < 6) std::this_thread::yield();
    filesystem_.inject({.call = SimulatedCall::kSync});
  });
  const auto led = log.append(as_bytes("leads"), Durability::kEveryWrite);
  ASSERT_FALSE(led);
  EXPECT_EQ(led.error().code, ErrorCode::kIo);
  waiters.clear();
  EXPECT_EQ(failures, 4);
  EXPECT_EQ(sync_count(), 1U);
  EXPECT_TRUE(log.is_poisoned());
}

TEST_F(SharedLogTest, ARotationWaitsForTheSyncThatRuns) {
  RecordLog log = open_warm({.segment_size_max = 200});
  ASSERT_TRUE(log.append(as_bytes("synced")));
  std::jthread rotator;
  on_next_sync([&] {
    rotator = std::jthread([&] { EXPECT_TRUE(log.rotate()); });
    EXPECT_TRUE(log.append(as_bytes("still here")));
    EXPECT_EQ(log.active_segment(), SegmentId{1});
  });
  ASSERT_TRUE(log.sync());
  rotator.join();
  EXPECT_EQ(log.active_segment(), SegmentId{2});
  EXPECT_EQ(log.durable_txid(), 3U);
}

TEST_F(SharedLogTest, EveryWriteIsDurableOnReturn) {
  RecordLog log = open_warm({.durability = Durability::kEveryWrite});
  ASSERT_TRUE(log.append(as_bytes("durable")));
  EXPECT_EQ(log.durable_txid(), 2U);
  ASSERT_TRUE(log.append(as_bytes("not"), Durability::kManual));
  EXPECT_EQ(log.durable_txid(), 2U);
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_EQ(open().last_txid(), 2U);
}

TEST_F(SharedLogTest, WaitingForWhatIsDurableCostsNothing) {
  RecordLog log = open_warm();
  ASSERT_TRUE(log.wait_durable(1));
  ASSERT_TRUE(log.wait_durable(0));
  EXPECT_EQ(sync_count(), 0U);
  const auto appended = log.append(as_bytes("more"));
  ASSERT_TRUE(log.wait_durable(appended->txid));
  EXPECT_EQ(sync_count(), 1U);
  EXPECT_EQ(log.durable_txid(), appended->txid);
}

TEST_F(SharedLogTest, WhatHasNotBeenAppendedIsNotWaitedFor) {
  RecordLog log = open_warm();
  const Status waited = log.wait_durable(2);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(log.when_durable(2, [](const Status&) { ADD_FAILURE(); }));
  EXPECT_FALSE(log.durable_future(2).get());
}

TEST_F(SharedLogTest, AFutureIsReadyOnceTheRecordIsDurable) {
  RecordLog log = open_warm();
  std::vector<std::future<Status>> futures;
  for (int count = 0; count < 100; ++count) {
    const auto appended = log.append(as_bytes("soon"));
    futures.push_back(log.durable_future(appended->txid));
  }
  for (std::future<Status>& future : futures) EXPECT_TRUE(future.get());
  EXPECT_EQ(log.durable_txid(), 101U);
}

TEST_F(SharedLogTest, ACallbackIsToldOfAFailure) {
  RecordLog log = open_warm();
  ASSERT_TRUE(log.append(as_bytes("lost")));
  filesystem_.inject({.call = SimulatedCall::kSync});
  const Status outcome = log.durable_future(2).get();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kIo);
  EXPECT_EQ(log.durable_txid(), 1U);
}

TEST_F(SharedLogTest, ACallbackMayWrite) {
  RecordLog log = open_warm();
  ASSERT_TRUE(log.append(as_bytes("first")));
  std::promise<Txid> written;
  ASSERT_TRUE(log.when_durable(2, [&](const Status&) {
    written.set_value(log.append(as_bytes("from the callback"))->txid);
  }));
  EXPECT_EQ(written.get_future().get(), 3U);
}

TEST_F(SharedLogTest, ClosingTellsAllWhoStillWait) {
  std::vector<std::future<Status>> futures;
  {
    RecordLog log = open_warm();
    for (int count = 0; count < 10; ++count) {
      futures.push_back(log.durable_future(log.append(as_bytes("late"))->txid));
    }
    ASSERT_TRUE(log.close());
    EXPECT_FALSE(log.when_durable(12, [](const Status&) {}));
  }
  for (std::future<Status>& future : futures) EXPECT_TRUE(future.get());
}

TEST_F(SharedLogTest, AnIntervalEndsByItself) {
  RecordLog log = open_warm({.durability = Durability::kInterval, .interval = milliseconds(1)});
  ASSERT_TRUE(log.append(as_bytes("soon")));
  while (log.durable_txid() < 2) std::this_thread::yield();
}

// The rotation has left nothing to sync to the end of the interval, which ends all the same: what
// follows does not keep a processor busy. One that is busy with others does not fail the test.
TEST_F(SharedLogTest, AnIntervalEndsAlsoWhereNothingIsLeftToSync) {
  RecordLog log = open_warm({.durability = Durability::kInterval, .interval = milliseconds(1)});
  ASSERT_TRUE(log.append(as_bytes("rotated")));
  ASSERT_TRUE(log.rotate());
  // Ends once there is a while in which nobody does anything: never, if the log's thread takes the
  // interval for one that is still to end.
  for (std::clock_t used = CLOCKS_PER_SEC; used > CLOCKS_PER_SEC / 100;) {
    const std::clock_t begin = std::clock();  // of the processor
    std::this_thread::sleep_for(milliseconds(100));
    used = std::clock() - begin;
  }
  ASSERT_TRUE(log.append(as_bytes("soon")));
  while (log.durable_txid() < 3) std::this_thread::yield();
}

TEST_F(SharedLogTest, AnIntervalEndsAtItsBytes) {
  RecordLog log = open_warm({.durability = Durability::kInterval,
                             .interval = std::chrono::hours(1),
                             .interval_bytes_max = 1000});
  const std::string payload(372, 'x');  // a frame of 400 bytes
  ASSERT_TRUE(log.append(as_bytes(payload)));
  ASSERT_TRUE(log.append(as_bytes(payload)));
  EXPECT_EQ(log.durable_txid(), 1U);
  ASSERT_TRUE(log.append(as_bytes(payload)));
  EXPECT_EQ(log.durable_txid(), 4U);
}

TEST_F(SharedLogTest, AFailureInTheBackgroundPoisonsTheLog) {
  RecordLog log = open_warm({.durability = Durability::kInterval, .interval = milliseconds(1)});
  filesystem_.inject({.call = SimulatedCall::kSync});
  ASSERT_TRUE(log.append(as_bytes("lost")));
  while (!log.is_poisoned()) std::this_thread::yield();
  EXPECT_EQ(log.append(as_bytes("refused")).error().code, ErrorCode::kPoisoned);
}

TEST_F(SharedLogTest, ClosingTwiceAtTheSameTimeIsClosingOnce) {
  RecordLog log = open_warm({.durability = Durability::kInterval});
  ASSERT_TRUE(log.append(as_bytes("last")));
  {
    const std::jthread one([&] { EXPECT_TRUE(log.close()); });
    const std::jthread other([&] { EXPECT_TRUE(log.close()); });
  }
  EXPECT_EQ(open().last_txid(), 2U);
}

// Behind a rotation the watermark is synced while others go on: but not so far that they close it.
TEST_F(SharedLogTest, ClosingWaitsForTheWatermarkThatIsSynced) {
  filesystem_.set_ahead_of_rotation({.segment_size_min = 0, .on_thread = false});
  RecordLog log = open_warm({.segment_size_max = 1'000});
  std::atomic<bool> is_closing = false;
  std::atomic<bool> is_closed = false;
  bool was_closed = false;
  std::jthread closer;
  int sync = 0;
  filesystem_.on_sync([&] {
    if (!filesystem_.exists("/store/00000002.dwal") || ++sync != 2) return;
    closer = std::jthread([&] {
      is_closing = true;
      EXPECT_TRUE(log.close());
      is_closed = true;
    });
    while (!is_closing) std::this_thread::yield();
    for (int turn = 0; turn < 5'000 && !is_closed; ++turn) std::this_thread::yield();
    was_closed = is_closed;
  });
  const std::string payload(100, 'x');
  Result<Appended> appended = log.append(as_bytes(payload));
  while (appended && !closer.joinable()) appended = log.append(as_bytes(payload));
  ASSERT_TRUE(closer.joinable());
  closer.join();
  EXPECT_TRUE(appended);
  EXPECT_FALSE(was_closed);
  const auto trace = filesystem_.trace();
  EXPECT_TRUE(std::ranges::any_of(
      trace, [](const std::string& line) { return line.starts_with("sync /store/watermark"); }));
}

// On the real filesystem, in every mode, through rotations: the order of txids is the order of the
// log, and what a thread has written last is there.
TEST(SharedLogOnDisk, ManyThreadsWriteOneLog) {
  constexpr int kThreads = 4;
  constexpr int kRecords = 2'000;
  const test::ScratchDirectory scratch;
  {
    auto log = RecordLog::open(scratch / "store", {.segment_size_max = 200'000});
    ASSERT_TRUE(log);
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        Txid last = 0;
        for (int count = 0; count < kRecords; ++count) {
          const std::string payload = std::to_string(thread) + " " + std::to_string(count);
          const bool is_durable = count % 500 == 0;
          const auto appended = log->append(
              as_bytes(payload), is_durable ? Durability::kEveryWrite : Durability::kInterval);
          ASSERT_TRUE(appended) << appended.error().to_string();
          ASSERT_GT(appended->txid, last);
          last = appended->txid;
          if (!is_durable) continue;
          ASSERT_GE(log->durable_txid(), last);
        }
      });
    }
    threads.clear();
    ASSERT_TRUE(log->close());
  }
  std::vector<int> next(kThreads, 0);
  auto log = RecordLog::open(scratch / "store");
  RecordCursor cursor = log->scan();
  Txid txid = 0;
  while (true) {
    const auto record = cursor.next();
    ASSERT_TRUE(record) << record.error().to_string();
    if (!*record) break;
    ASSERT_EQ((*record)->txid, ++txid);
    const std::string text(as_text((*record)->payload));
    const int thread = std::stoi(text);
    EXPECT_EQ(text, std::to_string(thread) + " " +
                        std::to_string(next.at(static_cast<std::size_t>(thread))++));
  }
  EXPECT_EQ(txid, kThreads * kRecords);
}

}  // namespace
}  // namespace datawal::shared_log_test
