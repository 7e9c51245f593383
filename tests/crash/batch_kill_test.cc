// A real process that writes batches of the same keys as fast as it can, while others read along,
// and that is killed at any moment by SIGKILL. Nobody ever sees a part of a batch.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <random>
#include <string>

#include "datawal/data_wal.h"
#include "datawal/record_log_reader.h"
#include "file/posix_test_support.h"
#include "support/soak.h"

namespace datawal::test::batch_kill_test {
namespace {

constexpr unsigned kSeed = 1813;
constexpr std::uint64_t kKeys = 64;

Options options() {
  return {.segment_size_max = std::uint64_t{3} << 20};
}

// The round, and so much that some batches are stored and others written.
std::string value_of(std::uint64_t round) {
  return std::to_string(round) + "." + std::string(round % 17 * 60, 'v');
}

std::uint64_t round_of(std::string_view value) {
  return std::stoull(std::string(value.substr(0, value.find('.'))));
}

// A counter that parent and child share: the last round whose write has returned.
class SharedCounter {
 public:
  SharedCounter()
      : memory_(::mmap(nullptr, sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        counter_(new(memory_) std::atomic<std::uint64_t>(0)) {}
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  ~SharedCounter() { (void)::munmap(memory_, sizeof(std::atomic<std::uint64_t>)); }

  std::atomic<std::uint64_t>& operator*() { return *counter_; }

 private:
  void* memory_;
  std::atomic<std::uint64_t>* counter_;
};

// Writes for ever; ends by itself only if something fails.
void write_for_ever(const std::filesystem::path& path, std::atomic<std::uint64_t>& counter) {
  auto store = DataWal::open(path, options());
  if (!store) ::_exit(3);
  WriteBatch batch;
  while (true) {
    const std::uint64_t round = counter.load() + 1;
    batch.clear();
    for (std::uint64_t key = 0; key < kKeys; ++key) {
      if (!batch.put(as_bytes(std::to_string(key)), as_bytes(value_of(round)))) ::_exit(4);
    }
    if (!store->write(batch)) ::_exit(5);
    counter.store(round);
  }
}

// The round of which all keys have their values; the test fails if they differ.
std::uint64_t round_in(const DataWal& store) {
  std::optional<std::uint64_t> round;
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    const auto value = store.get(as_bytes(std::to_string(key)));
    if (!value || !*value) {
      EXPECT_TRUE(value && store.empty()) << "key " << key << " is missing";
      return 0;
    }
    const std::uint64_t found = round_of((*value)->text());
    EXPECT_EQ(found, round.value_or(found)) << "key " << key;
    round = found;
  }
  return round.value_or(0);
}

// Reads along until the counter has come to `goal`.
void read_along(const std::filesystem::path& path, std::atomic<std::uint64_t>& counter,
                std::uint64_t goal) {
  while (!std::filesystem::exists(path / "00000001.dwal")) continue;
  const auto reader = RecordLogReader::open(path);
  ASSERT_TRUE(reader) << reader.error().to_string();
  auto follower = reader->follow_from_end();
  ASSERT_TRUE(follower) << follower.error().to_string();
  std::uint64_t count = 0;
  while (counter.load() < goal && !::testing::Test::HasFailure()) {
    const auto record = follower->next(std::chrono::milliseconds(0));
    ASSERT_TRUE(record) << record.error().to_string();
    if (*record) {
      ++count;
      continue;
    }
    EXPECT_EQ(count % kKeys, 0U) << "a part of a batch, and then nothing more";
  }
  const auto store = DataWal::open_read_only(path);
  ASSERT_TRUE(store) << store.error().to_string();
  static_cast<void>(round_in(*store));
}

TEST(BatchKill, NobodySeesAPartOfABatch) {
  std::mt19937 random(kSeed);
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  for (std::uint64_t number = 0; number < 2 * soak_factor(); ++number) {
    const test::ScratchDirectory scratch;
    const auto path = scratch / "store";
    SharedCounter counter;
    for (int turn = 0; turn < 5 && !HasFailure(); ++turn) {
      const std::uint64_t goal = (*counter).load() + 5 + random() % 40;
      const pid_t child = ::fork();
      if (child == 0) write_for_ever(path, *counter);
      read_along(path, *counter, goal);
      (void)::kill(child, SIGKILL);
      ASSERT_EQ(test::wait_for_end(child), "signal 9");
      const std::uint64_t written = (*counter).load();
      std::uint64_t found = 0;
      {
        const auto unrecovered = DataWal::open_read_only(path);
        ASSERT_TRUE(unrecovered) << unrecovered.error().to_string();
        found = round_in(*unrecovered);
      }
      EXPECT_GE(found, written);
      EXPECT_LE(found, written + 1);
      const auto store = DataWal::open(path, options());
      ASSERT_TRUE(store) << store.error().to_string();
      EXPECT_EQ(round_in(*store), found);
      EXPECT_EQ(store->recovery_report().txid_gaps, 0U);
      (*counter).store(found);
    }
  }
}

}  // namespace
}  // namespace datawal::test::batch_kill_test
