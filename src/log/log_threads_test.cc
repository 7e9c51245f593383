// What may run at the same time. ThreadSanitizer sees here whether it may.
#include <thread>

#include "log/log_test_support.h"

namespace datawal::log_threads_test {
namespace {

using test::must;
using test::read_all;

class LogThreads : public test::SimulatedLog {
 protected:
  // Runs `body(index)` on four threads at once.
  static void run_together(const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int index = 0; index < 4; ++index) threads.emplace_back(body, index);
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(LogThreads, ConstFunctionsOfALogRunTogether) {
  options_.segment_size_max = 500;
  RecordLog log = open();
  for (int count = 0; count < 100; ++count) must(log.append(as_bytes("record")));
  const RecordLog& shared = log;
  std::atomic<std::size_t> seen = 0;
  run_together([&](int index) {
    seen += read_all(shared.scan()).records.size();
    seen += read_all(shared.scan_from_txid(static_cast<Txid>(index) * 10 + 1)).records.size();
    seen += read_all(shared.scan_from({SegmentId{3}, 0})).records.empty() ? 0U : 1U;
    seen += shared.segments().empty() || shared.last_txid() != 100 ? 0U : 1U;
    seen += shared.is_poisoned() || shared.durable_txid() > 100 ? 0U : 1U;
    seen += shared.recovery_report().records_replayed == 0 ? 1U : 0U;
    seen += shared.end().segment == shared.active_segment() ? 1U : 0U;
  });
  EXPECT_EQ(seen, 4U * 100 + (100 + 90 + 80 + 70) + 5U * 4);
}

TEST_F(LogThreads, ACursorReadsWhileAnotherThreadAppends) {
  options_.segment_size_max = 2000;
  RecordLog log = open();
  for (int count = 0; count < 200; ++count) must(log.append(as_bytes("before")));
  RecordCursor cursor = log.scan();
  std::size_t count = 0;
  std::thread reading([&] { count = read_all(std::move(cursor)).records.size(); });
  for (int index = 0; index < 200; ++index) must(log.append(as_bytes("during")));
  must(log.sync());
  reading.join();
  EXPECT_EQ(count, 200U);
}

TEST_F(LogThreads, ConstFunctionsOfAReaderRunTogether) {
  options_.segment_size_max = 500;
  {
    RecordLog log = open();
    for (int count = 0; count < 100; ++count) must(log.append(as_bytes("record")));
  }
  const RecordLogReader reader = open_reader();
  std::atomic<std::size_t> seen = 0;
  run_together([&](int) {
    seen += read_all(reader.scan()).records.size();
    seen += read_all(reader.scan_from_txid(51)).records.size();
    Follower follower = must(reader.follow(91));
    while (must(follower.next(std::chrono::milliseconds(0)))) ++seen;
    seen += reader.segments().empty() ? 0U : 1U;
  });
  EXPECT_EQ(seen, 4U * (100 + 50 + 10 + 1));
}

TEST_F(LogThreads, FollowersOfOneWriterRunTogether) {
  options_.segment_size_max = 1000;
  RecordLog log = open();
  const RecordLogReader reader = open_reader();
  std::atomic<std::size_t> seen = 0;
  std::vector<std::thread> threads;
  for (int index = 0; index < 3; ++index) {
    threads.emplace_back([&] {
      Follower follower = must(reader.follow());
      while (follower.txid() < 300) {
        if (must(follower.next(std::chrono::milliseconds(0)))) ++seen;
      }
    });
  }
  for (int count = 0; count < 300; ++count) must(log.append(as_bytes("record")));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen, 900U);
}

}  // namespace
}  // namespace datawal::log_threads_test
