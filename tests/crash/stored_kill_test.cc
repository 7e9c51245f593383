// A real process that stores records through a mapping as fast as it can, killed at any moment by
// SIGKILL. Every record whose append had returned is there, and no other sign of the death than
// reserved space and at most one record that was not published.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <random>
#include <string>

#include "datawal/data_wal.h"
#include "file/filesystem.h"
#include "file/posix_test_support.h"
#include "support/soak.h"

namespace datawal::test::stored_kill_test {
namespace {

constexpr unsigned kSeed = 1812;
constexpr int kKeys = 997;

Options options() {
  // The smallest of which the next is made ahead.
  return {.segment_size_max = AheadOfRotation{}.segment_size_min};
}

std::string key_of(Txid txid) {
  return "key " + std::to_string(txid % kKeys);
}

std::string value_of(Txid txid) {
  return std::to_string(txid) + std::string(txid % 211, 'v');
}

// A counter that parent and child share: the txid of the last put that has returned.
class SharedCounter {
 public:
  SharedCounter()
      : memory_(::mmap(nullptr, sizeof(std::atomic<Txid>), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        counter_(new(memory_) std::atomic<Txid>(0)) {}
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  ~SharedCounter() { (void)::munmap(memory_, sizeof(std::atomic<Txid>)); }

  std::atomic<Txid>& operator*() { return *counter_; }

 private:
  void* memory_;
  std::atomic<Txid>* counter_;
};

// Puts for ever; ends by itself only if something fails.
void put_for_ever(const std::filesystem::path& path, std::atomic<Txid>& counter) {
  auto store = DataWal::open(path, options());
  if (!store) ::_exit(3);
  while (true) {
    const Txid txid = store->log()->last_txid() + 1;
    const auto put = store->put(as_bytes(key_of(txid)), as_bytes(value_of(txid)));
    if (!put || *put != txid) ::_exit(4);
    counter.store(txid, std::memory_order_release);
  }
}

// Lets a child put until it has come to `goal`, kills it, and gives how it ended.
std::string put_until_killed(const std::filesystem::path& path, std::atomic<Txid>& counter,
                             Txid goal) {
  const pid_t child = ::fork();
  if (child == 0) put_for_ever(path, counter);
  while (counter.load(std::memory_order_acquire) < goal && ::kill(child, 0) == 0) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) return "ended by itself";
  }
  (void)::kill(child, SIGKILL);
  return test::wait_for_end(child);
}

// All records up to `written`, and what the keys have from them.
void check(const std::filesystem::path& path, Txid written) {
  const auto store = DataWal::open(path, options());
  ASSERT_TRUE(store) << store.error().to_string();
  const RecoveryReport& report = store->recovery_report();
  ASSERT_GE(report.last_txid_seen, written);
  ASSERT_LE(report.last_txid_seen, written + 1);
  EXPECT_EQ(report.txid_gaps, 0U);
  EXPECT_EQ(report.tail.intact_frames_beyond, 0U);
  RecordCursor cursor = store->scan();
  for (Txid txid = 1; txid <= report.last_txid_seen; ++txid) {
    const auto record = cursor.next();
    ASSERT_TRUE(record && *record);
    ASSERT_EQ((*record)->txid, txid);
    ASSERT_EQ(as_text((*record)->payload), value_of(txid));
  }
  const Txid oldest = report.last_txid_seen < kKeys ? 1 : report.last_txid_seen - kKeys + 1;
  for (Txid txid = oldest; txid <= report.last_txid_seen; ++txid) {
    const auto value = store->get(as_bytes(key_of(txid)));
    ASSERT_TRUE(value && *value) << txid;
    ASSERT_EQ((*value)->text(), value_of(txid));
  }
}

TEST(StoredKill, EveryPutThatReturnedIsThere) {
  std::mt19937 random(kSeed);
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  for (std::uint64_t number = 0; number < 3 * soak_factor(); ++number) {
    const test::ScratchDirectory scratch;
    const auto path = scratch / "store";
    SharedCounter counter;
    for (int round = 0; round < 8 && !HasFailure(); ++round) {
      const Txid goal = (*counter).load() + 1'000 + random() % 12'000;
      ASSERT_EQ(put_until_killed(path, *counter, goal), "signal 9");
      check(path, (*counter).load());
      const auto last = DataWal::open_read_only(path)->recovery_report().last_txid_seen;
      (*counter).store(last);
    }
  }
}

}  // namespace
}  // namespace datawal::test::stored_kill_test
