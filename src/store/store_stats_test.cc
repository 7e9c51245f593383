// What a store counts, and which events it tells.
#include <algorithm>
#include <atomic>
#include <thread>

#include "datawal/data_wal.h"
#include "datawal/event.h"
#include "format/names.h"
#include "log/log_test_support.h"

namespace datawal::store_stats_test {
namespace {

using test::FailsWith;
using test::must;

class Recording : public EventListener {
 public:
  void on_event(const Event& event) noexcept override { events.push_back(event); }

  template <typename Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Event& event : events) {
      if (const auto* const kind = std::get_if<Kind>(&event)) found.push_back(*kind);
    }
    return found;
  }

  std::vector<Event> events;
};

class StoreStats : public test::SimulatedLog {
 protected:
  StoreStats() {
    options_.listener = &listener_;
    options_.checkpoint_log_size = 0;
  }

  DataWal open_store() { return must(DataWal::open(kStore, options_)); }
  DataWal look() { return must(DataWal::open_read_only(kStore, options_)); }

  static void put(DataWal& store, int key, std::string_view value) {
    must(store.put(as_bytes(std::to_string(key)), as_bytes(value)));
  }
  // Segments that are mostly garbage.
  static void fill(DataWal& store) {
    for (int number = 0; number < 200; ++number) put(store, number % 7, "value");
  }

  Recording listener_;
};

TEST_F(StoreStats, LookUpsAreCountedByOutcome) {
  DataWal store = open_store();
  put(store, 1, "value");
  put(store, 2, "value");
  must(store.get(as_bytes("1")));
  must(store.contains_key(as_bytes("1")));
  must(store.ref_of(as_bytes("1")));
  must(store.get(as_bytes("3")));
  must(store.contains_key(as_bytes("3")));
  damage_segment(1, kFrameHeaderSize + 1);  // the value of the first record
  EXPECT_THAT(store.get(as_bytes("1")), FailsWith(ErrorCode::kCrcMismatch));
  const ReadStats reads = store.stats().reads;
  EXPECT_EQ(reads.gets(), 6U);
  EXPECT_EQ(reads.hits, 3U);
  EXPECT_EQ(reads.misses, 2U);
  EXPECT_EQ(reads.failures, 1U);
}

TEST_F(StoreStats, NoLookUpOfAnyThreadIsLost) {
  constexpr unsigned kThreads = 80;  // more than have a place of their own
  constexpr unsigned kRounds = 300;
  DataWal store = open_store();
  put(store, 1, "value");
  std::atomic<unsigned> waiting = kThreads;
  {
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        --waiting;
        while (waiting > 0) std::this_thread::yield();
        for (unsigned round = 0; round < kRounds; ++round) {
          must(store.get(as_bytes(round % 3 == 0 ? "absent" : "1")));
        }
      });
    }
    while (waiting > 0) std::this_thread::yield();
    EXPECT_LE(store.stats().reads.gets(), kThreads * kRounds);
  }
  EXPECT_EQ(store.stats().reads.gets(), kThreads * kRounds);
  EXPECT_EQ(store.stats().reads.misses, kThreads * kRounds / 3);
}

TEST_F(StoreStats, OneLookUpIn256OfAThreadIsMeasured) {
  const DataWal store = open_store();
  for (int count = 0; count < 257; ++count) must(store.get(as_bytes("absent")));
  EXPECT_EQ(store.stats().latencies.get.count, 2U);
}

TEST_F(StoreStats, WhatTheStoreIsLikeIsTold) {
  DataWal store = open_store();
  fill(store);
  const Stats stats = store.stats();
  EXPECT_EQ(stats.live_keys, 7U);
  EXPECT_GT(stats.index_bytes, 10'000U);
  EXPECT_EQ(stats.last_txid, 200U);
  EXPECT_EQ(stats.appends.puts.records, 200U);
  EXPECT_EQ(stats.space.log_bytes, store.space_use().log_bytes);
  EXPECT_EQ(stats.space.garbage_bytes(), store.space_use().garbage_bytes());
  EXPECT_EQ(stats.unsynced_bytes, stats.space.log_bytes);
}

TEST_F(StoreStats, TellsHowItWasOpened) {
  {
    DataWal store = open_store();
    EXPECT_EQ(store.stats().open.checkpoint, CheckpointUse::kAbsent);
    fill(store);
    must(store.close());
  }
  ASSERT_EQ(listener_.all<CheckpointSaved>().size(), 1U);
  {
    const DataWal store = open_store();
    EXPECT_EQ(store.stats().open.checkpoint, CheckpointUse::kLoaded);
    EXPECT_EQ(store.stats().open.records_replayed, 0U);
    EXPECT_EQ(listener_.all<CheckpointSaved>().front().covered, store.log()->end());
  }
  damage(std::filesystem::path(kStore) / kCheckpointName, 40);
  const DataWal store = open_store();
  EXPECT_EQ(store.stats().open.checkpoint, CheckpointUse::kUnfit);
  EXPECT_EQ(store.stats().open.records_replayed, 200U);
}

TEST_F(StoreStats, AStoreThatIsOnlyReadTellsWhatTheLogSays) {
  {
    DataWal store = open_store();
    fill(store);
    must(store.close());
  }
  const DataWal store = look();
  must(store.get(as_bytes("1")));
  const Stats stats = store.stats();
  EXPECT_EQ(stats.live_keys, 7U);
  EXPECT_EQ(stats.last_txid, 200U);
  EXPECT_EQ(stats.durable_txid, 200U);
  EXPECT_EQ(stats.unsynced_bytes, 0U);
  EXPECT_EQ(stats.reads.hits, 1U);
  EXPECT_EQ(stats.open.records_replayed, 200U);
  EXPECT_EQ(stats.open.checkpoint, CheckpointUse::kUnused);
  EXPECT_EQ(stats.space.log_bytes, store.space_use().log_bytes);
}

TEST_F(StoreStats, ACompactionIsCountedMeasuredAndTold) {
  options_.segment_size_max = 700;
  DataWal store = open_store();
  fill(store);
  const CompactionReport report = must(store.compact());
  ASSERT_GT(report.segments_rewritten, 0U);
  const Stats stats = store.stats();
  EXPECT_EQ(stats.compactions.finished, 1U);
  EXPECT_EQ(stats.compactions.failed, 0U);
  EXPECT_EQ(stats.compactions.segments_rewritten, report.segments_rewritten);
  EXPECT_EQ(stats.compactions.records_dropped, report.records_dropped);
  EXPECT_EQ(stats.compactions.bytes_gained(), report.bytes_gained());
  EXPECT_GT(stats.latencies.compaction_step.count, 0U);
  const auto finished = listener_.all<CompactionFinished>();
  ASSERT_EQ(finished.size(), 1U);
  EXPECT_EQ(finished[0].report.bytes_after, report.bytes_after);
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  for (const SegmentCompacted& step : listener_.all<SegmentCompacted>()) {
    before += step.bytes_before;
    after += step.bytes_after;
  }
  EXPECT_EQ(before, report.bytes_before);
  EXPECT_EQ(after, report.bytes_after);
  EXPECT_TRUE(std::holds_alternative<CompactionFinished>(listener_.events.back()));
}

TEST_F(StoreStats, ACompactionThatFailsIsToldWithWhatItHasDone) {
  options_.segment_size_max = 700;
  options_.map_files = false;
  DataWal store = open_store();
  fill(store);
  must(store.rotate());
  // Damage in the second segment: the first is rewritten before that is met.
  damage_segment(2, 3);
  EXPECT_FALSE(store.compact());
  const auto failed = listener_.all<CompactionFailed>();
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].error.segment, SegmentId{2});
  EXPECT_EQ(store.stats().compactions.failed, 1U);
  EXPECT_EQ(store.stats().compactions.finished, 0U);
  EXPECT_EQ(store.stats().compactions.segments_rewritten, listener_.all<SegmentCompacted>().size());
}

// Reads from within: what no lock may be in the way of.
class Reading : public EventListener {
 public:
  void on_event(const Event&) noexcept override {
    if (store == nullptr) return;
    found += must(store->get(as_bytes("1"))).has_value() ? 1 : 0;
    space = std::max(space, store->stats().space.log_bytes);
    size = store->size();
    records = 0;
    RecordCursor cursor = store->scan();
    while (must(cursor.next())) ++records;
  }

  const DataWal* store = nullptr;
  int found = 0;
  std::uint64_t space = 0;
  std::uint64_t size = 0;
  std::uint64_t records = 0;
};

TEST_F(StoreStats, AListenerMayReadFromTheStore) {
  Reading reading;
  options_.listener = &reading;
  options_.segment_size_max = 700;
  DataWal store = open_store();
  reading.store = &store;
  fill(store);
  must(store.compact());
  must(store.close());
  EXPECT_GT(reading.found, 3);
  EXPECT_GT(reading.space, 0U);
  EXPECT_EQ(reading.size, 7U);
  EXPECT_GT(reading.records, 0U);
}

}  // namespace
}  // namespace datawal::store_stats_test
