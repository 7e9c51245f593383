// Many threads that want durability at the same time, with others beside them that rotate, close or
// meet a failure: whoever is told that a record is durable finds it after a power cut, and nobody
// waits for ever.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "datawal/record_log.h"
#include "file/simulated_filesystem.h"

namespace datawal::group_commit_test {
namespace {

class GroupCommitTest : public testing::TestWithParam<int> {
 protected:
  GroupCommitTest() { start_anew(); }

  // On an empty disk, whose syncs take a while.
  void start_anew() {
    filesystem_ = std::make_unique<SimulatedFilesystem>();
    filesystem_->on_sync([] {
      for (int turn = 0; turn < 20; ++turn) std::this_thread::yield();
    });
    acknowledged_ = 0;
  }
  RecordLog open(Options options = {}) {
    options.filesystem = filesystem_.get();
    Result<RecordLog> log = RecordLog::open("/store", options);
    if (!log) std::abort();
    return *std::move(log);
  }

  // Appends, durably in one way or the other, until `count` are, or one cannot be. Gives why.
  std::optional<ErrorCode> write(RecordLog& log, int count) {
    for (int number = 0; number < count; ++number) {
      const bool syncs = number % 2 == 0;
      const auto appended =
          log.append(as_bytes("record"), syncs ? Durability::kManual : Durability::kEveryWrite);
      if (!appended) return appended.error().code;
      if (const Status synced = syncs ? log.sync() : Status{}; !synced) return synced.error().code;
      EXPECT_GE(log.durable_txid(), appended->txid);
      acknowledge(appended->txid);
    }
    return std::nullopt;
  }
  void acknowledge(Txid txid) {
    Txid highest = acknowledged_;
    while (highest < txid && !acknowledged_.compare_exchange_weak(highest, txid)) continue;
  }

  // Runs `body`, once for each number, on as many threads as are tested; then `beside` here.
  void run(const std::function<void(std::size_t)>& body, const std::function<void()>& beside) {
    std::vector<std::jthread> threads;
    for (std::size_t index = 0; index < thread_count(); ++index) {
      threads.emplace_back([&, index] { body(index); });
    }
    beside();
  }
  [[nodiscard]] static std::size_t thread_count() { return static_cast<std::size_t>(GetParam()); }

  void expect_acknowledged_after_power_cut() {
    filesystem_->on_sync({});
    filesystem_->clear_faults();
    filesystem_->crash(PowerCut::kDropPending);
    EXPECT_GE(open().last_txid(), acknowledged_.load());
  }

  // Until a fault ends them all; `beside` has to end by it, too.
  void write_until_failure(RecordLog& log, const std::function<void()>& beside = [] {}) {
    constexpr int kEnough = 10'000;
    std::vector<std::optional<ErrorCode>> ends(thread_count());
    run([&](std::size_t index) { ends[index] = write(log, kEnough); }, beside);
    std::size_t first_told = 0;
    for (const std::optional<ErrorCode>& end : ends) {
      ASSERT_TRUE(end) << "a write succeeded behind a failure";
      EXPECT_TRUE(end == ErrorCode::kIo || end == ErrorCode::kPoisoned);
      if (end == ErrorCode::kIo) ++first_told;
    }
    EXPECT_EQ(first_told, 1U) << "whoever met the failure says what it was";
    EXPECT_TRUE(log.is_poisoned());
  }

  std::unique_ptr<SimulatedFilesystem> filesystem_;
  std::atomic<Txid> acknowledged_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Threads, GroupCommitTest, testing::Values(1, 2, 3, 8, 24));

TEST_P(GroupCommitTest, WhatIsAcknowledgedIsDurable) {
  constexpr int kCount = 60;
  RecordLog log = open();
  run([&](std::size_t) { EXPECT_EQ(write(log, kCount), std::nullopt); }, [] {});
  EXPECT_EQ(acknowledged_, kCount * thread_count());
  expect_acknowledged_after_power_cut();
}

TEST_P(GroupCommitTest, ThreadsThatStopAreNotWaitedFor) {
  RecordLog log = open();
  run(
      [&](std::size_t index) {
        EXPECT_EQ(write(log, static_cast<int>(1 + 10 * index)), std::nullopt);
      },
      [] {});
  EXPECT_EQ(log.durable_txid(), log.last_txid());
  EXPECT_EQ(write(log, 5), std::nullopt);
  expect_acknowledged_after_power_cut();
}

TEST_P(GroupCommitTest, WhatIsAcknowledgedBesideRotationsIsDurable) {
  constexpr int kCount = 60;
  // Those that a thread asks for, those at the end of a segment, and those that are prepared.
  for (const bool is_ahead : {false, true}) {
    start_anew();
    filesystem_->set_ahead_of_rotation({.segment_size_min = is_ahead ? 0 : ~std::uint64_t{0}});
    RecordLog log = open({.segment_size_max = 2'000});
    std::atomic<std::size_t> writing = thread_count();
    const auto write_all = [&](std::size_t) {
      EXPECT_EQ(write(log, kCount), std::nullopt);
      --writing;
    };
    run(write_all, [&] {
      for (int count = 0; count < 100 && writing > 0; ++count) EXPECT_TRUE(log.rotate());
    });
    EXPECT_EQ(acknowledged_, kCount * thread_count());
    expect_acknowledged_after_power_cut();
  }
}

TEST_P(GroupCommitTest, ClosingEndsTheWaitOfAll) {
  for (const Txid begin : {Txid{0}, Txid{1}, Txid{40}}) {
    start_anew();
    RecordLog log = open();
    const auto write_all = [&](std::size_t) {
      while (true) {
        const std::optional<ErrorCode> end = write(log, 1'000);
        if (!end) continue;
        EXPECT_EQ(end, ErrorCode::kClosed);
        return;
      }
    };
    run(write_all, [&] {
      while (acknowledged_ < begin) std::this_thread::yield();
      EXPECT_TRUE(log.close());
    });
    EXPECT_EQ(log.durable_txid(), log.last_txid());
    expect_acknowledged_after_power_cut();
  }
}

TEST_P(GroupCommitTest, AFailedSyncIsToldToAllAndNobodyHangs) {
  for (std::uint64_t first = 2; first < 20; ++first) {
    start_anew();
    RecordLog log = open();
    filesystem_->inject({.first = first, .call = SimulatedCall::kSync, .path_part = ".dwal"});
    write_until_failure(log);
    EXPECT_FALSE(log.close());
    expect_acknowledged_after_power_cut();
  }
}

TEST_P(GroupCommitTest, AFailedAppendIsToldToAllAndNobodyHangs) {
  for (std::uint64_t first = 2; first < 40; first += 3) {
    start_anew();
    RecordLog log = open({.reserve_space = false});
    filesystem_->inject({.first = first, .call = SimulatedCall::kWrite, .path_part = ".dwal"});
    write_until_failure(log);
    EXPECT_FALSE(log.close());
    expect_acknowledged_after_power_cut();
  }
}

// A rotation waits for the sync that one of them is about to begin, and cannot.
TEST_P(GroupCommitTest, AFailedAppendEndsRotationsAsWell) {
  for (std::uint64_t first = 2; first < 60; first += 2) {
    start_anew();
    RecordLog log = open({.reserve_space = false});
    filesystem_->inject({.first = first, .call = SimulatedCall::kWrite, .path_part = ".dwal"});
    write_until_failure(log, [&] {
      Status rotated;
      while (rotated) {
        const Txid seen = acknowledged_;
        while (acknowledged_ == seen && !log.is_poisoned()) std::this_thread::yield();
        rotated = log.rotate();
      }
      EXPECT_EQ(rotated.error().code, ErrorCode::kPoisoned);
    });
    expect_acknowledged_after_power_cut();
  }
}

TEST_P(GroupCommitTest, AFailedRotationIsToldToAllAndNobodyHangs) {
  for (std::uint64_t first = 1; first < 4; ++first) {
    start_anew();
    RecordLog log = open();
    filesystem_->inject({.first = first, .call = SimulatedCall::kCreate, .path_part = ".dwal"});
    const auto write_all = [&](std::size_t) {
      std::optional<ErrorCode> end;
      while (!end) end = write(log, 1'000);
      EXPECT_EQ(end, ErrorCode::kPoisoned);
    };
    run(write_all, [&] {
      Status rotated;
      while (rotated) rotated = log.rotate();
      EXPECT_EQ(rotated.error().code, ErrorCode::kIo);
    });
    expect_acknowledged_after_power_cut();
  }
}

// The log's own thread syncs beside those that wait for themselves.
TEST_P(GroupCommitTest, FuturesAndIntervalsEndBesideThem) {
  constexpr int kCount = 40;
  RecordLog log = open({.interval = std::chrono::milliseconds(1)});
  const auto write_all = [&](std::size_t) {
    for (int number = 0; number < kCount; ++number) {
      const auto appended = log.append(as_bytes("soon"), Durability::kInterval);
      ASSERT_TRUE(appended);
      std::future<Status> future = log.durable_future(appended->txid);
      EXPECT_EQ(write(log, 1), std::nullopt);
      ASSERT_TRUE(log.wait_durable(appended->txid));
      ASSERT_TRUE(future.get());
      acknowledge(appended->txid);
    }
  };
  run(write_all, [] {});
  EXPECT_EQ(log.last_txid(), 2 * kCount * thread_count());
  while (log.durable_txid() < log.last_txid()) std::this_thread::yield();
  expect_acknowledged_after_power_cut();
}

}  // namespace
}  // namespace datawal::group_commit_test
