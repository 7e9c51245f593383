// What opening a store asks the operating system for: each file is opened once for reading, and
// only what is written to is opened again.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "datawal/data_wal.h"
#include "format/names.h"
#include "log/log_test_support.h"

namespace datawal::open_calls_test {
namespace {

using test::must;

class OpenCalls : public test::SimulatedLog {
 protected:
  OpenCalls() {
    options_.checkpoint_log_size = 0;
    options_.segment_size_max = 1'000;
  }

  // A store of so many segments, closed, with a saved index.
  void make(std::size_t segment_count) {
    DataWal store = must(DataWal::open(kStore, options_));
    while (store.log()->segments().size() < segment_count) put_next(store);
    put_next(store);
    must(store.close());
    ASSERT_TRUE(filesystem_.exists(std::filesystem::path(kStore) / kCheckpointName));
    filesystem_.reset_counts();
  }

  void put_next(DataWal& store) {
    must(store.put(as_bytes("key " + std::to_string(key_count_)), as_bytes(value(key_count_))));
    ++key_count_;
  }
  static std::string value(int number) { return std::to_string(number) + std::string(100, 'v'); }
  void expect_all_values(const DataWal& store) const {
    EXPECT_EQ(store.size(), static_cast<std::uint64_t>(key_count_));
    for (int number = 0; number < key_count_; ++number) {
      const auto found = must(store.get(as_bytes("key " + std::to_string(number))));
      ASSERT_TRUE(found) << number;
      EXPECT_EQ(found->text(), value(number));
    }
  }

  int key_count_ = 0;
};

TEST_F(OpenCalls, OfOneSegmentAreFew) {
  make(1);
  const DataWal store = must(DataWal::open(kStore, options_));
  EXPECT_EQ(store.stats().open.checkpoint, CheckpointUse::kLoaded);
  EXPECT_EQ(count(SimulatedCall::kList), 1U);
  // The watermark, the checkpoint, and the segment, once for reading and once for writing.
  EXPECT_EQ(count(SimulatedCall::kOpen), 4U);
  EXPECT_LE(count(SimulatedCall::kSize) + count(SimulatedCall::kIdentify), 1U);
  EXPECT_LE(filesystem_.call_count(), 17U);
  expect_all_values(store);
}

TEST_F(OpenCalls, GrowByOneForEachSegment) {
  make(20);
  const DataWal store = must(DataWal::open(kStore, options_));
  EXPECT_EQ(store.stats().open.checkpoint, CheckpointUse::kLoaded);
  EXPECT_EQ(count(SimulatedCall::kOpen), 3U + 20U);
  EXPECT_EQ(count(SimulatedCall::kList), 1U);
  expect_all_values(store);
}

TEST_F(OpenCalls, OfMoreSegmentsThanAreKeptOpenGiveTheSame) {
  make(70);
  {
    const DataWal store = must(DataWal::open(kStore, options_));
    EXPECT_EQ(store.stats().open.checkpoint, CheckpointUse::kLoaded);
    expect_all_values(store);
  }
  filesystem_.remove(std::filesystem::path(kStore) / kCheckpointName);
  const DataWal store = must(DataWal::open(kStore, options_));
  EXPECT_EQ(store.stats().open.checkpoint, CheckpointUse::kAbsent);
  expect_all_values(store);
}

// What opening has opened is not what is read once another file has the name.
TEST_F(OpenCalls, AreAskedAnewForWhatACompactionReplaces) {
  make(6);
  DataWal store = must(DataWal::open(kStore, options_));
  for (int number = 0; number < key_count_; number += 2) {
    must(store.remove(as_bytes("key " + std::to_string(number))));
  }
  EXPECT_GT(must(store.compact()).segments_rewritten, 0U);
  for (int number = 0; number < key_count_; ++number) {
    const auto found = must(store.get(as_bytes("key " + std::to_string(number))));
    ASSERT_EQ(found.has_value(), number % 2 == 1) << number;
    if (!found) continue;
    EXPECT_EQ(found->text(), value(number));
  }
}

}  // namespace
}  // namespace datawal::open_calls_test
