// Checkpoints and backups of a real store while several threads append to it.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "datawal/backup.h"
#include "datawal/data_wal.h"
#include "file/posix_test_support.h"
#include "log/log_test_support.h"

namespace datawal::checkpoint_threads_test {
namespace {

using test::must;

class LiveStore {
 public:
  explicit LiveStore(const std::filesystem::path& path)
      : store_(must(DataWal::open(path, {.segment_size_max = 20'000}))) {
    for (int thread = 0; thread < 3; ++thread) {
      writers_.emplace_back([this, thread](const std::stop_token& stop) { write(thread, stop); });
    }
  }

  DataWal& store() { return store_; }
  [[nodiscard]] Txid acknowledged() const { return acknowledged_.load(); }
  // Lets some more be appended, and waits for the first of them.
  void go_on() {
    const Txid before = acknowledged();
    limit_ = before + kStep;
    while (acknowledged() < before + 500) std::this_thread::yield();
  }

 private:
  // However long a copy takes, the log does not become so large that the next one takes longer.
  static constexpr Txid kStep = 5'000;

  void write(int thread, const std::stop_token& stop) {
    for (int number = 0; !stop.stop_requested(); ++number) {
      while (acknowledged() >= limit_ && !stop.stop_requested()) std::this_thread::yield();
      const std::string key = std::to_string(thread) + "/" + std::to_string(number % 50);
      const Txid txid = must(store_.put(as_bytes(key), as_bytes(std::string(60, 'v'))));
      Txid seen = acknowledged_.load();
      while (seen < txid && !acknowledged_.compare_exchange_weak(seen, txid)) continue;
    }
  }

  DataWal store_;
  std::atomic<Txid> acknowledged_ = 0;
  std::atomic<Txid> limit_ = 0;
  std::vector<std::jthread> writers_;
};

// Gives the last txid of a store whose txids must be 1, 2, 3 ...
Txid last_of(const std::filesystem::path& path) {
  const RecoveryReport report = must(DataWal::open(path)).recovery_report();
  EXPECT_EQ(report.txid_gaps, 0U);
  EXPECT_EQ(report.records_replayed, report.last_txid_seen);
  EXPECT_EQ(report.tail.kind, TailKind::kClean);
  return report.last_txid_seen;
}

TEST(CheckpointThreads, EveryCopyHasWhatWasAppendedBeforeAndNothingHalf) {
  const test::ScratchDirectory scratch;
  LiveStore live(scratch / "store");
  for (int round = 0; round < 5; ++round) {
    live.go_on();
    const std::filesystem::path target = scratch / std::to_string(round);
    const Txid before = live.acknowledged();
    const CopyStats stats = must(live.store().checkpoint(target));
    EXPECT_GE(stats.last_txid, before);
    EXPECT_EQ(last_of(target), stats.last_txid);
    live.go_on();
    const Txid before_backup = live.acknowledged();
    const CopyStats backed_up = must(backup(scratch / "store", scratch / "backup"));
    EXPECT_GE(backed_up.last_txid, before_backup);
    EXPECT_EQ(backed_up.segments_unchanged > 0, round > 0);
    EXPECT_EQ(must(DataWal::open_read_only(scratch / "backup")).recovery_report().last_txid_seen,
              backed_up.last_txid);
  }
  EXPECT_FALSE(live.store().is_poisoned());
}

}  // namespace
}  // namespace datawal::checkpoint_threads_test
