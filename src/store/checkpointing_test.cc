// Opening with the index that was saved: the same as without it, whatever the sidecar holds.
#include "store/checkpointing.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>

#include "datawal/data_wal.h"
#include "format/names.h"
#include "log/log_test_support.h"

namespace datawal::checkpointing_test {
namespace {

using test::must;
using test::put_frame;

using Values = std::map<std::string, std::string>;

class Checkpointing : public test::SimulatedLog {
 protected:
  Checkpointing() {
    options_.checkpoint_log_size = 0;
    options_.segment_size_max = 2'000;
  }

  DataWal open() { return must(DataWal::open(kStore, options_)); }

  // Puts and removes so much that there are several segments, and closes.
  void fill(int from, int to) {
    DataWal store = open();
    for (int number = from; number < to; ++number) {
      must(store.put(as_bytes("key " + std::to_string(number % 40)),
                     as_bytes("value " + std::to_string(number))));
      if (number % 7 == 0) must(store.remove(as_bytes("key " + std::to_string(number % 11))));
    }
    must(store.close());
  }

  static Values values_of(const DataWal& store) {
    Values values;
    for (int number = 0; number < 60; ++number) {
      const std::string key = "key " + std::to_string(number);
      if (const auto value = must(store.get(as_bytes(key)))) values[key] = value->text();
    }
    EXPECT_EQ(values.size(), store.size());
    return values;
  }

  std::filesystem::path checkpoint() { return std::filesystem::path(kStore) / kCheckpointName; }
  Bytes saved() { return filesystem_.read_file(checkpoint()).value_or(Bytes{}); }

  // What is found without the checkpoint, which is put back.
  Values values_from_the_log() {
    const Bytes bytes = saved();
    if (!bytes.empty()) filesystem_.remove(checkpoint());
    const auto clone = filesystem_.clone();
    Options options = options_;
    options.filesystem = clone.get();
    const Values values = values_of(must(DataWal::open(kStore, options)));
    if (!bytes.empty()) filesystem_.write_file(checkpoint(), bytes);
    return values;
  }

  void expect_as_the_log_has_it() {
    const Values expected = values_from_the_log();
    const DataWal store = open();
    EXPECT_EQ(values_of(store), expected);
  }
};

TEST_F(Checkpointing, TheNextOpenGivesTheSame) {
  fill(0, 500);
  ASSERT_TRUE(filesystem_.exists(checkpoint()));
  const Values expected = values_from_the_log();
  const DataWal store = open();
  EXPECT_EQ(values_of(store), expected);
  const RecoveryReport& report = store.recovery_report();
  EXPECT_EQ(report.records_replayed, 572U);
  EXPECT_EQ(report.last_txid_seen, 572U);
  EXPECT_EQ(report.files_scanned, store.log()->segments().size());
  EXPECT_EQ(report.txid_gaps, 0U);
}

TEST_F(Checkpointing, OnlyTheLogBehindItIsRead) {
  fill(0, 2'000);
  filesystem_.reset_counts();
  (void)open();
  EXPECT_LT(filesystem_.count(SimulatedCall::kRead), 20U);
  filesystem_.remove(checkpoint());
  filesystem_.reset_counts();
  (void)open();
  EXPECT_GT(filesystem_.count(SimulatedCall::kRead), 40U);
}

TEST_F(Checkpointing, WhatWasAppendedSinceIsRead) {
  fill(0, 300);
  const Bytes old = saved();
  fill(300, 600);
  filesystem_.write_file(checkpoint(), old);
  expect_as_the_log_has_it();
  const DataWal store = open();
  EXPECT_EQ(store.recovery_report().records_replayed, 686U);
}

TEST_F(Checkpointing, AKilledWritersRecordsAreReadBehindIt) {
  fill(0, 300);
  {
    DataWal store = open();
    must(store.put(as_bytes("key 50"), as_bytes("late")));
    must(store.sync());
    filesystem_.kill_process();
  }
  EXPECT_EQ(must(open().get(as_bytes("key 50")))->text(), "late");
}

TEST_F(Checkpointing, IsNotWrittenForLittle) {
  options_.checkpoint_log_size = 1 << 20;
  fill(0, 300);
  EXPECT_FALSE(filesystem_.exists(checkpoint()));
}

TEST_F(Checkpointing, IsNotWrittenWhereNothingWas) {
  fill(0, 300);
  filesystem_.remove(checkpoint());
  must(open().close());
  EXPECT_FALSE(filesystem_.exists(checkpoint()));
}

TEST_F(Checkpointing, IsNotWrittenWhereTheLastSyncFails) {
  {
    DataWal store = open();
    must(store.put(as_bytes("key 1"), as_bytes("value")));
    filesystem_.inject({.call = SimulatedCall::kSync, .path_part = ".dwal"});
    EXPECT_FALSE(store.close());
  }
  EXPECT_FALSE(filesystem_.exists(checkpoint()));
}

TEST_F(Checkpointing, ClosingWorksWhereItCannotBeWritten) {
  fill(0, 300);
  const Bytes before = saved();
  {
    DataWal store = open();
    must(store.put(as_bytes("key 1"), as_bytes("value")));
    filesystem_.inject({.count = SimulatedFault::kForEver, .path_part = "keydir"});
    must(store.close());
  }
  filesystem_.clear_faults();
  EXPECT_EQ(saved(), before);
  EXPECT_EQ(must(open().get(as_bytes("key 1")))->text(), "value");
}

TEST_F(Checkpointing, EveryByteOfItMayBeAnything) {
  fill(0, 200);
  const Bytes good = saved();
  const Values expected = values_from_the_log();
  // Every byte of an image by itself is flipped where images are tested.
  for (std::size_t at = 0; at < good.size(); at += at < 256 ? 1 : 1'009) {
    Bytes bytes = good;
    bytes[at] ^= std::byte{0x10};
    filesystem_.write_file(checkpoint(), bytes);
    ASSERT_EQ(values_of(open()), expected) << "byte " << at;
  }
}

TEST_F(Checkpointing, ASegmentThatIsMissingShorterOrLongerIsNoticed) {
  fill(0, 500);
  const Bytes second = segment(2);
  write_segment(2, test::joined({second, put_frame(9'000, "key 59", "longer")}));
  expect_as_the_log_has_it();
  write_segment(2, Bytes(second.begin(), second.begin() + 100));
  EXPECT_FALSE(DataWal::open(kStore, options_)) << "a sealed segment that ends in a record";
  filesystem_.remove(std::filesystem::path(kStore) / segment_name(SegmentId{2}));
  expect_as_the_log_has_it();
}

TEST_F(Checkpointing, ALogThatWasCutIsNotOpenedFromIt) {
  fill(0, 500);
  const DataWal store = open();
  const SegmentId last = store.log()->active_segment();
  const Bytes bytes = segment(std::to_underlying(last));
  write_segment(std::to_underlying(last), Bytes(bytes.begin(), bytes.end() - 3));
  EXPECT_FALSE(DataWal::open(kStore, {.filesystem = filesystem_.new_process().get()}))
      << "acknowledged bytes are missing";
}

TEST_F(Checkpointing, AnotherStoresCheckpointIsNotBelieved) {
  fill(0, 500);
  const Bytes foreign = saved();
  filesystem_.remove(checkpoint());
  for (std::uint32_t id = 1;
       filesystem_.exists(std::filesystem::path(kStore) / segment_name(SegmentId{id})); ++id) {
    filesystem_.remove(std::filesystem::path(kStore) / segment_name(SegmentId{id}));
  }
  filesystem_.remove(std::filesystem::path(kStore) / kWatermarkName);
  fill(1'000, 1'500);
  filesystem_.write_file(checkpoint(), foreign);
  expect_as_the_log_has_it();
}

TEST_F(Checkpointing, DamageInWhatItCoversIsToldByTheGetAndTheVerifier) {
  fill(0, 100);
  DataWal store = open();
  const auto ref = must(store.ref_of(as_bytes("key 39")));
  Bytes bytes = segment(std::to_underlying(ref->segment));
  bytes[ref->offset + kFrameHeaderSize + 8] ^= std::byte{1};
  must(store.close());
  write_segment(std::to_underlying(ref->segment), bytes);
  const DataWal reopened = open();
  EXPECT_THAT(reopened.get(as_bytes("key 39")), test::FailsWith(ErrorCode::kCrcMismatch));
}

TEST_F(Checkpointing, AnEmptyActiveSegmentIsNoObstacle) {
  {
    DataWal store = open();
    for (int number = 0; number < 100; ++number) {
      must(store.put(as_bytes("key " + std::to_string(number % 40)), as_bytes("value")));
    }
    must(store.rotate());
    must(store.close());
  }
  ASSERT_TRUE(filesystem_.exists(checkpoint()));
  filesystem_.reset_counts();
  expect_as_the_log_has_it();
}

TEST_F(Checkpointing, TheIndexIsSavedAfterACompaction) {
  options_.segment_size_max = 4'000'000;
  DataWal store = open();
  for (int number = 0; number < 60; ++number) {
    must(store.put(as_bytes("key " + std::to_string(number % 40)), Bytes(30'000)));
  }
  ASSERT_FALSE(filesystem_.exists(checkpoint()));
  must(store.compact());
  const Values expected = values_of(store);
  // The background is waited for.
  while (!filesystem_.exists(checkpoint())) std::this_thread::yield();
  filesystem_.kill_process();
  const std::uint64_t before = count(SimulatedCall::kRead);
  const DataWal again = open();
  EXPECT_EQ(values_of(again), expected);
  EXPECT_LT(count(SimulatedCall::kRead) - before, 100U) << "the log was read";
}

// The background is waited for, and nothing but that.
TEST_F(Checkpointing, TheIndexIsSavedWhenASegmentIsBegun) {
  options_.segment_size_max = 400'000;
  DataWal store = open();
  const std::string value(1'000, 'v');
  for (int number = 0; number < 2'000'000 && !filesystem_.exists(checkpoint()); ++number) {
    must(store.put(as_bytes("key " + std::to_string(number % 40)), as_bytes(value)));
  }
  ASSERT_TRUE(filesystem_.exists(checkpoint()));
  filesystem_.kill_process();
  expect_as_the_log_has_it();
}

}  // namespace
}  // namespace datawal::checkpointing_test
