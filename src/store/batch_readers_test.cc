// Threads that get keys while another writes batches see each batch whole or not at all.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/write_batch.h"
#include "file/posix_test_support.h"

namespace datawal::batch_readers_test {
namespace {

constexpr int kKeys = 64;
constexpr int kBatches = 4'000;

std::string key_of(int key) {
  return "key " + std::to_string(key);
}

// Which of the two keys that each batch puts one of, and removes the other.
std::string turn_of(int number) {
  return number % 2 == 0 ? "even" : "odd";
}

class BatchReaders : public testing::TestWithParam<bool> {
 protected:
  BatchReaders() : store_(*DataWal::open(scratch_ / "store", {.map_files = GetParam()})) {}

  void write(int number) {
    WriteBatch batch;
    const std::string value = std::to_string(number);
    bool is_good = true;
    for (int key = 0; key < kKeys; ++key) {
      is_good &= batch.put(as_bytes(key_of(key)), as_bytes(value)).has_value();
    }
    is_good &= batch.put(as_bytes(turn_of(number + 1)), as_bytes("not yet")).has_value();
    is_good &= batch.put(as_bytes(turn_of(number)), as_bytes(value)).has_value();
    is_good &= batch.remove(as_bytes(turn_of(number + 1))).has_value();
    if (!is_good || !store_.write(batch)) std::abort();
  }

  [[nodiscard]] std::optional<std::string> get(const std::string& key) const {
    const auto value = store_.get(as_bytes(key));
    if (!value) std::abort();
    return *value ? std::optional(std::string((*value)->text())) : std::nullopt;
  }
  [[nodiscard]] int number_of(int key) const { return std::stoi(get(key_of(key)).value_or("-1")); }

  // How often no batch has come between its gets: once at least, for in the end none comes any
  // more.
  int read_until(const std::atomic<bool>& is_done, unsigned seed) const {
    std::mt19937 random(seed);
    int undisturbed = 0;
    while (!is_done.load(std::memory_order_relaxed) || undisturbed == 0) {
      const int first = number_of(static_cast<int>(random() % kKeys));
      const int second = number_of(static_cast<int>(random() % kKeys));
      EXPECT_GE(second, first) << "a batch shows in one key before it does in another";
      const int before = number_of(0);
      const std::optional<std::string> odd = get("odd");
      const std::optional<std::string> even = get("even");
      if (number_of(kKeys - 1) != before) continue;
      ++undisturbed;
      const auto& present = before % 2 == 0 ? even : odd;
      EXPECT_EQ(present, std::to_string(before));
      EXPECT_NE(odd.has_value(), even.has_value()) << before;
      if (testing::Test::HasFailure()) return undisturbed;
    }
    return undisturbed;
  }

  const test::ScratchDirectory scratch_;
  DataWal store_;
};

INSTANTIATE_TEST_SUITE_P(, BatchReaders, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Mapped" : "Read");
});

TEST_P(BatchReaders, SeeABatchWholeOrNotAtAll) {
  write(0);
  std::atomic<bool> is_done = false;
  std::atomic<int> undisturbed = 0;
  std::vector<std::jthread> readers;
  for (unsigned reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&, reader] { undisturbed += read_until(is_done, reader); });
  }
  for (int number = 1; number < kBatches; ++number) write(number);
  is_done = true;
  readers.clear();
  EXPECT_GT(undisturbed.load(), 0);
  EXPECT_EQ(number_of(7), kBatches - 1);
}

}  // namespace
}  // namespace datawal::batch_readers_test
