// What a log counts, and which events it tells.
#include "datawal/event.h"
#include "log/log_test_support.h"

namespace datawal::log_stats_test {
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

class LogStatsTest : public test::SimulatedLog {
 protected:
  LogStatsTest() { options_.listener = &listener_; }

  Recording listener_;
};

TEST_F(LogStatsTest, ANewLogHasDoneNothing) {
  const RecordLog log = open();
  const Stats stats = log.stats();
  EXPECT_EQ(stats.appends.raw.records, 0U);
  EXPECT_EQ(stats.space.segments, 1U);
  EXPECT_EQ(stats.space.log_bytes, 0U);
  EXPECT_EQ(stats.open.checkpoint, CheckpointUse::kUnused);
  EXPECT_FALSE(stats.poisoned);
  EXPECT_TRUE(listener_.events.empty());
}

TEST_F(LogStatsTest, RecordsAndTheirBytesAreCountedByType) {
  RecordLog log = open();
  must(log.append_record(RecordType::kPut, as_bytes("key"), as_bytes("value")));
  must(log.append_record(RecordType::kDelete, as_bytes("key"), {}));
  must(log.append_record(RecordType::kDelete, as_bytes("other"), {}));
  must(log.append(as_bytes("raw")));
  const Stats stats = log.stats();
  EXPECT_EQ(stats.appends.puts.records, 1U);
  EXPECT_EQ(stats.appends.puts.bytes, frame_size(3, 5));
  EXPECT_EQ(stats.appends.removals.records, 2U);
  EXPECT_EQ(stats.appends.removals.bytes, frame_size(3, 0) + frame_size(5, 0));
  EXPECT_EQ(stats.appends.raw.records, 1U);
  EXPECT_EQ(stats.appends.raw.bytes, frame_size(0, 3));
  EXPECT_EQ(stats.space.log_bytes, log.end().offset);
  EXPECT_EQ(stats.last_txid, 4U);
}

TEST_F(LogStatsTest, ARefusedRecordIsNotCounted) {
  RecordLog log = open();
  const Bytes key(kKeySizeMax + 1);
  EXPECT_THAT(log.append_record(RecordType::kPut, key, {}), FailsWith(ErrorCode::kTooLarge));
  EXPECT_EQ(log.stats().appends.puts.records, 0U);
}

TEST_F(LogStatsTest, WhatIsNotSyncedIsTold) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  EXPECT_EQ(log.stats().unsynced_bytes, frame_size(0, 3));
  EXPECT_EQ(log.stats().durable_txid, 0U);
  const std::uint64_t before =
      log.stats().syncs;  // of what must be durable before the first record
  must(log.sync());
  EXPECT_EQ(log.stats().unsynced_bytes, 0U);
  EXPECT_EQ(log.stats().durable_txid, 1U);
  EXPECT_EQ(log.stats().syncs, before + 1);
  EXPECT_EQ(log.stats().latencies.sync.count, before + 1);
  must(log.sync());  // nothing to do
  EXPECT_EQ(log.stats().syncs, before + 1);
}

TEST_F(LogStatsTest, OneAppendIn256IsMeasuredAndEveryWaitForASync) {
  RecordLog log = open();
  for (int count = 0; count < 513; ++count) must(log.append(as_bytes("record")));
  EXPECT_EQ(log.stats().latencies.append.count, 3U);
  for (int count = 0; count < 5; ++count) {
    must(log.append(as_bytes("record"), Durability::kEveryWrite));
  }
  EXPECT_EQ(log.stats().latencies.append.count, 3U);
  EXPECT_EQ(log.stats().latencies.durable_wait.count, 5U);
}

TEST_F(LogStatsTest, TellsWhichWayRecordsWent) {
  filesystem_.set_write_through_size(0);
  RecordLog log = open();
  for (int count = 0; count < 10; ++count) must(log.append(as_bytes("record")));
  must(log.rotate());
  must(log.append(as_bytes("record")));
  EXPECT_EQ(log.stats().appends.stored, 11U);
  EXPECT_EQ(log.stats().appends.written, 0U);
  EXPECT_TRUE(log.stats().appends.map_files);
}

TEST_F(LogStatsTest, TellsThatRecordsAreWrittenWhereMappingIsTurnedOff) {
  options_.map_files = false;
  filesystem_.set_write_through_size(0);
  RecordLog log = open();
  for (int count = 0; count < 10; ++count) must(log.append(as_bytes("record")));
  EXPECT_EQ(log.stats().appends.stored, 0U);
  EXPECT_EQ(log.stats().appends.written, 10U);
  EXPECT_EQ(log.stats().appends.mappings_refused, 0U);
  EXPECT_FALSE(log.stats().appends.map_files);
}

// Once for each segment: in one that has been refused, nobody asks again.
TEST_F(LogStatsTest, TellsWhereTheFilesystemRefusesMappings) {
  filesystem_.set_write_through_size(0);
  filesystem_.inject({.count = SimulatedFault::kForEver, .call = SimulatedCall::kMap});
  RecordLog log = open();
  for (int count = 0; count < 10; ++count) must(log.append(as_bytes("record")));
  EXPECT_EQ(log.stats().appends.mappings_refused, 1U);
  must(log.rotate());
  must(log.append(as_bytes("record")));
  must(log.close());
  EXPECT_EQ(log.stats().appends.mappings_refused, 2U);
  EXPECT_EQ(log.stats().appends.reservations_refused, 0U);
  EXPECT_EQ(log.stats().appends.stored, 0U);
  EXPECT_EQ(log.stats().appends.written, 11U);
  EXPECT_TRUE(log.stats().appends.map_files);
}

TEST_F(LogStatsTest, TellsWhereTheFilesystemReservesNothing) {
  filesystem_.set_write_through_size(0);
  filesystem_.set_capacity(100'000);
  RecordLog log = open();
  for (int count = 0; count < 10; ++count) must(log.append(as_bytes("record")));
  EXPECT_EQ(log.stats().appends.reservations_refused, 1U);
  must(log.rotate());
  must(log.append(as_bytes("record")));
  must(log.close());
  EXPECT_EQ(log.stats().appends.reservations_refused, 2U);
  EXPECT_EQ(log.stats().appends.mappings_refused, 0U);
  EXPECT_EQ(log.stats().appends.stored, 0U);
  EXPECT_EQ(log.stats().appends.written, 11U);
}

TEST_F(LogStatsTest, ARotationIsCountedMeasuredAndTold) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  must(log.rotate());
  const Stats stats = log.stats();
  EXPECT_EQ(stats.rotations, 1U);
  EXPECT_EQ(stats.latencies.rotation.count, 1U);
  EXPECT_EQ(stats.space.segments, 2U);
  const auto rotated = listener_.all<SegmentRotated>();
  ASSERT_EQ(rotated.size(), 1U);
  EXPECT_EQ(rotated[0].sealed, SegmentId{1});
  EXPECT_EQ(rotated[0].sealed_bytes, frame_size(0, 3));
  EXPECT_EQ(rotated[0].active, SegmentId{2});
}

TEST_F(LogStatsTest, AnAppendTellsOfTheRotationItNeeded) {
  options_.segment_size_max = 100;
  RecordLog log = open();
  for (int count = 0; count < 5; ++count) must(log.append(as_bytes("a record")));
  EXPECT_EQ(listener_.all<SegmentRotated>().size(), log.segments().size() - 1);
  EXPECT_EQ(log.stats().rotations, log.segments().size() - 1);
}

TEST_F(LogStatsTest, PoisonIsToldOnceWithItsCause) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  filesystem_.inject({.call = SimulatedCall::kSync});
  EXPECT_THAT(log.sync(), FailsWith(ErrorCode::kIo));
  EXPECT_THAT(log.append(as_bytes("two")), FailsWith(ErrorCode::kPoisoned));
  const auto poisoned = listener_.all<Poisoned>();
  ASSERT_EQ(poisoned.size(), 1U);
  EXPECT_EQ(poisoned[0].reason, "fsync sync_all failed");
  EXPECT_EQ(poisoned[0].cause.code, ErrorCode::kIo);
  EXPECT_TRUE(log.stats().poisoned);
  EXPECT_EQ(log.stats().sync_failures, 1U);
}

TEST_F(LogStatsTest, AnOpenTellsOfTheTailItSetAside) {
  make_log({"one", "two"});
  remove_watermark();
  cut_segment(1, segment(1).size() - 1);
  const RecordLog log = open();
  const auto quarantined = listener_.all<TailQuarantined>();
  ASSERT_EQ(quarantined.size(), 1U);
  EXPECT_EQ(quarantined[0].position, (Position{SegmentId{1}, frame_size(0, 3)}));
  EXPECT_EQ(quarantined[0].bytes, frame_size(0, 3) - 1);
  EXPECT_EQ(quarantined[0].quarantine, log.recovery_report().tail.quarantine);
  EXPECT_EQ(log.stats().tails_quarantined, 1U);
  EXPECT_EQ(log.stats().open.records_replayed, 1U);
  EXPECT_EQ(log.stats().latencies.open.count, 1U);
  EXPECT_EQ(log.stats().latencies.open.sum,
            static_cast<std::uint64_t>(log.stats().open.elapsed.count()));
}

TEST_F(LogStatsTest, TheCountsStayWhenTheLogIsClosed) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  must(log.close());
  EXPECT_EQ(log.stats().appends.raw.records, 1U);
  EXPECT_EQ(log.stats().appends.written + log.stats().appends.stored, 1U);
  EXPECT_EQ(log.stats().unsynced_bytes, 0U);
}

}  // namespace
}  // namespace datawal::log_stats_test
