// A store that compacts itself, on a real disk, under random overwrites and removals: however long
// it goes on, its log stays below a multiple of what it holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>

#include "datawal/data_wal.h"
#include "file/posix_test_support.h"
#include "support/soak.h"

namespace datawal::test::space_bound_test {
namespace {

constexpr unsigned kSeed = 4711;
constexpr double kAmplificationMax = 2;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kSegmentSize = 4 * kMiB;
// Less garbage than this is left alone.
constexpr std::uint64_t kGarbageMin = 32 * kMiB;

struct Size {
  unsigned keys;
  std::uint64_t bytes_written;
};

// By default some seconds; with DATAWAL_SOAK what a store of 50 MiB comes to.
Size size() {
  if (std::getenv("DATAWAL_SOAK") == nullptr) return {800, 80 * kMiB};
  return {5'000, 300 * kMiB * soak_factor()};
}

class SpaceBound : public ::testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] Options options() const {
    return {.segment_size_max = kSegmentSize,
            .map_files = GetParam(),
            .space_amplification_max = kAmplificationMax};
  }

  // Of what was written last, the values are told from a number of it.
  static std::string value_of(std::uint64_t number) {
    std::mt19937 random(static_cast<unsigned>(number));
    return std::to_string(number) + std::string(random() % 20'000, 'v');
  }

  void write_one(DataWal& store) {
    const std::string key = "key " + std::to_string(random_() % size().keys);
    if (random_() % 8 == 0) {
      ASSERT_TRUE(store.remove(as_bytes(key)));
      model_.erase(key);
      return;
    }
    const std::string value = value_of(++number_);
    ASSERT_TRUE(store.put(as_bytes(key), as_bytes(value)));
    model_[key] = number_;
    written_ += value.size();
  }

  void check_space(const DataWal& store) {
    const SpaceUse use = store.space_use();
    const std::uint64_t live = use.log_bytes - use.garbage_bytes();
    const auto bound = static_cast<std::uint64_t>(kAmplificationMax * static_cast<double>(live));
    ASSERT_LE(use.log_bytes, bound + kGarbageMin + kSegmentSize)
        << live << " bytes are live, seed " << kSeed;
    if (use.garbage_bytes() < kGarbageMin) return;
    highest_ = std::max(highest_, use.amplification());
    highest_garbage_ = std::max(highest_garbage_, use.garbage_bytes());
  }

  void check_values(const DataWal& store) const {
    ASSERT_EQ(store.size(), model_.size());
    for (const auto& [key, number] : model_) {
      const auto value = store.get(as_bytes(key));
      ASSERT_TRUE(value && *value) << key;
      ASSERT_TRUE((*value)->text() == value_of(number)) << key;
    }
  }

  const test::ScratchDirectory scratch_;
  std::mt19937 random_{kSeed};
  std::map<std::string, std::uint64_t> model_;  // the number of each value
  std::uint64_t number_ = 0;
  std::uint64_t written_ = 0;
  double highest_ = 0;
  std::uint64_t highest_garbage_ = 0;
};

TEST_P(SpaceBound, IsKeptAfterEveryWrite) {
  {
    DataWal store = *DataWal::open(scratch_ / "store", options());
    while (written_ < size().bytes_written) {
      write_one(store);
      check_space(store);
      if (HasFatalFailure()) return;
    }
    check_values(store);
    EXPECT_LT(store.space_use().log_bytes, written_) << "it has never compacted";
    ASSERT_TRUE(store.close());
  }
  std::cout << written_ / kMiB << " MiB written, seed " << kSeed << ": at most "
            << highest_garbage_ / kMiB << " MiB of garbage, and " << highest_
            << " bytes a live byte\n";
  check_values(*DataWal::open(scratch_ / "store", options()));
}

INSTANTIATE_TEST_SUITE_P(, SpaceBound, ::testing::Bool(), [](const auto& instance) {
  return std::string(instance.param ? "Mapped" : "Read");
});

}  // namespace
}  // namespace datawal::test::space_bound_test
