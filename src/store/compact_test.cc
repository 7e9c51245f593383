// Compaction in place, on a machine that keeps running: what the store holds does not change, and
// what is left on the disk is as small as it says.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "datawal/data_wal.h"
#include "datawal/maintenance.h"
#include "format/compaction_mark.h"
#include "format/names.h"
#include "log/log_test_support.h"

namespace datawal::compact_test {
namespace {

using test::FailsWith;
using test::must;
using test::OwnedRecord;
using test::read_all;

using Values = std::map<std::string, std::string>;

class Compact : public test::SimulatedLog, public ::testing::WithParamInterface<bool> {
 protected:
  Compact() {
    options_.segment_size_max = 700;
    options_.map_files = GetParam();
    filesystem_.set_write_through_size(0);
  }

  DataWal open_store() { return must(DataWal::open(kStore, options_)); }

  static Values values_of(const DataWal& store) {
    Values values;
    must(store.for_each([&](const Item& item) {
      values.emplace(as_text(item.key), as_text(item.value));
      return true;
    }));
    EXPECT_EQ(values.size(), store.size());
    for (const auto& [key, value] : values) {
      const auto got = must(store.get(as_bytes(key)));
      EXPECT_TRUE(got && got->text() == value) << key;
    }
    return values;
  }

  static void put(DataWal& store, const std::string& key, const std::string& value) {
    must(store.put(as_bytes(key), as_bytes(value)));
  }

  // What another process finds that knows nothing of this one.
  Values values_on_disk() {
    const auto other = filesystem_.new_process();
    Options options = options_;
    options.filesystem = other.get();
    return values_of(must(DataWal::open_read_only(kStore, options)));
  }

  std::vector<OwnedRecord> records_on_disk() { return read_all(open_reader().scan()).records; }

  std::uint64_t bytes_on_disk() {
    std::uint64_t size = 0;
    for (const std::string& name : names()) {
      if (parse_segment_name(name)) {
        size += filesystem_.read_file(std::filesystem::path(kStore) / name)->size();
      }
    }
    return size;
  }
};

TEST_P(Compact, LeavesTheSameKeysAndValuesInLessSpace) {
  DataWal store = open_store();
  for (int number = 0; number < 300; ++number) {
    put(store, "key " + std::to_string(number % 23), "value " + std::to_string(number));
    if (number % 5 == 0) must(store.remove(as_bytes("key " + std::to_string(number % 7))));
  }
  const Values expected = values_of(store);
  must(store.rotate());
  const std::uint64_t before = bytes_on_disk();
  const SpaceUse use = store.space_use();
  EXPECT_EQ(use.log_bytes, before);

  const CompactionReport report = must(store.compact());

  EXPECT_EQ(values_of(store), expected);
  EXPECT_EQ(values_on_disk(), expected);
  EXPECT_EQ(report.bytes_before - report.bytes_after, before - bytes_on_disk());
  EXPECT_EQ(store.space_use().log_bytes, bytes_on_disk());
  EXPECT_LT(store.space_use().garbage_bytes(), 200U);  // what is less than a mark is not worth it
  EXPECT_LT(bytes_on_disk(), before - use.garbage_bytes() + 200);
  EXPECT_FALSE(report.stopped);
  must(store.close());
  EXPECT_EQ(values_of(open_store()), expected);
}

TEST_P(Compact, DoesNothingWhereThereIsNoGarbage) {
  options_.segment_size_max = 4'000;  // the segments are not so small that they are joined
  DataWal store = open_store();
  for (int number = 0; number < 100; ++number) put(store, std::to_string(number), "value");
  const std::vector<std::string> before = names();
  const CompactionReport report = must(store.compact());
  EXPECT_EQ(report.segments_rewritten, 0U);
  EXPECT_EQ(names(), before);
}

TEST_P(Compact, SealsTheActiveSegmentIfThatHasGarbage) {
  DataWal store = open_store();
  put(store, "key", std::string(100, 'o'));
  put(store, "key", "new value");
  const std::uint64_t before = store.space_use().log_bytes;
  must(store.compact());
  EXPECT_EQ(store.log()->segments().size(), 2U);
  EXPECT_EQ(bytes_on_disk(), before - frame_size(3, 100) + sizeof(CompactionMarkFrame));
}

TEST_P(Compact, JoinsSmallNeighbours) {
  DataWal store = open_store();
  for (int number = 0; number < 9; ++number) {
    put(store, "key " + std::to_string(number), "value");
    must(store.rotate());
  }
  const CompactionReport report = must(store.compact());
  EXPECT_EQ(report.segments_rewritten, 9U);
  EXPECT_EQ(report.segments_removed, 8U);
  EXPECT_EQ(store.log()->segments(), (std::vector{SegmentId{1}, SegmentId{10}}));
  EXPECT_FALSE(has_segment(2));
  EXPECT_EQ(values_on_disk().size(), 9U);
  EXPECT_EQ(read_all(open_reader().scan()).txids(), (std::vector<Txid>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

// Whoever has seen it would take another record with it for the same.
TEST_P(Compact, TheHighestTxidIsNotGivenAgainWhereItsRecordIsGone) {
  for (int round = 0; round < 3; ++round) {
    DataWal store = open_store();
    put(store, "key", "value");
    const Txid last = must(store.remove(as_bytes("key"))).txid;
    must(store.compact());
    must(store.close());
    EXPECT_EQ(must(open_store().put(as_bytes("key"), as_bytes("value"))), last + 1);
    must(open_store().remove(as_bytes("key")));
  }
}

TEST_P(Compact, KeepsRawRecordsAndJoinsNoSegmentThatHasThem) {
  DataWal store = open_store();
  for (int number = 0; number < 4; ++number) {
    must(store.append(as_bytes("event " + std::to_string(number))));
    put(store, "key", "value " + std::to_string(number));
    must(store.rotate());
  }
  must(store.compact());
  EXPECT_EQ(store.log()->segments().size(), 5U);
  std::vector<std::string> events;
  for (const OwnedRecord& record : records_on_disk()) {
    if (record.type == RecordType::kRaw && record.key.empty()) events.push_back(record.payload);
  }
  EXPECT_EQ(events, (std::vector<std::string>{"event 0", "event 1", "event 2", "event 3"}));
}

// An announcement that stayed would promise records that are gone.
TEST_P(Compact, KeepsWhatIsLiveOfABatch) {
  {
    DataWal store = open_store();
    WriteBatch batch;
    for (const char* const key : {"kept", "overwritten", "removed"}) {
      must(batch.put(as_bytes(key), as_bytes("batch")));
    }
    must(batch.append(as_bytes("event")));
    must(store.write(batch));
    put(store, "overwritten", "later");
    must(store.remove(as_bytes("removed")));
    must(store.rotate());
    EXPECT_EQ(must(store.compact()).segments_rewritten, 1U);
    must(store.close());
  }
  const VerifyReport report = must(verify(kStore, options_));
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.tail.kind, TailKind::kClean);
  const Values expected = {{"kept", "batch"}, {"overwritten", "later"}};
  EXPECT_EQ(values_on_disk(), expected);
  EXPECT_EQ(values_of(open_store()), expected);
  EXPECT_THAT(read_all(open_reader().scan()).payloads(), ::testing::Contains("event"));
}

TEST_P(Compact, KeepsADeleteForAsLongAsAnEarlierSegmentHasItsKey) {
  options_.segment_size_max = 4'000;
  DataWal store = open_store();
  // So large that what is dead in it is less than half.
  const std::string key(100, 'k');  // so large that its removal is worth being rewritten
  put(store, key, "value");
  put(store, "large", std::string(1'000, 'x'));
  must(store.rotate());
  must(store.remove(as_bytes(key)));
  put(store, "other", std::string(600, 'o'));
  put(store, "other", std::string(600, 'p'));
  must(store.rotate());
  must(store.compact({.garbage_ratio_min = 0.4}));
  EXPECT_EQ(values_on_disk().size(), 2U);
  EXPECT_FALSE(must(store.get(as_bytes(key))));
  const auto count_deletes = [this] {
    int count = 0;
    for (const OwnedRecord& record : records_on_disk()) count += record.type == RecordType::kDelete;
    return count;
  };
  EXPECT_EQ(count_deletes(), 1);
  must(store.compact());
  EXPECT_EQ(count_deletes(), 0);
  EXPECT_EQ(values_on_disk().size(), 2U);
}

TEST_P(Compact, GoesOnBetweenWritesAndAfterReopening) {
  Values expected;
  std::mt19937 random(7);
  const auto number_below = [&](unsigned end) { return static_cast<int>(random() % end); };
  for (int round = 0; round < 30; ++round) {
    DataWal store = open_store();
    ASSERT_EQ(values_of(store), expected) << "round " << round;
    for (int step = 0; step < 60; ++step) {
      const std::string key = "key " + std::to_string(number_below(40));
      if (number_below(4) == 0) {
        must(store.remove(as_bytes(key)));
        expected.erase(key);
      } else {
        const std::string value(static_cast<std::size_t>(number_below(90)), 'a');
        put(store, key, value);
        expected[key] = value;
      }
      if (number_below(25) == 0) {
        must(store.compact({.garbage_ratio_min = number_below(3) * 0.3}));
        ASSERT_EQ(values_of(store), expected) << "round " << round;
        ASSERT_EQ(values_on_disk(), expected) << "round " << round;
      }
    }
  }
}

// On the real disk, unlike here, names can reach the disk in another order than they were changed.
TEST_P(Compact, EachStepIsDurableBeforeTheNext) {
  DataWal store = open_store();
  for (int number = 0; number < 4; ++number) {
    put(store, "key " + std::to_string(number), "value");
    must(store.rotate());
  }
  filesystem_.reset_counts();
  must(store.compact());
  std::vector<std::string> steps;
  for (const std::string& line : filesystem_.trace()) {
    const std::string call = line.substr(0, line.find_first_of(" ("));
    if (line.find(".compact") != std::string::npos && call == "rename") steps = {"rename"};
    if (steps.empty()) continue;
    if (call == "remove" || call == "sync_directory") steps.push_back(call);
  }
  EXPECT_EQ(steps,
            (std::vector<std::string>{"rename", "sync_directory", "remove", "sync_directory",
                                      "remove", "sync_directory", "remove", "sync_directory"}));
}

TEST_P(Compact, TheMarkTellsHowFarTheLogHadCome) {
  DataWal store = open_store();
  put(store, "key", "1");
  put(store, "key", "2");
  put(store, "key", "3");
  must(store.rotate());
  must(store.compact());
  SimulatedFilesystem& machine = filesystem_;
  const Bytes bytes = *machine.read_file(segment_path(1));
  const DecodeOutcome outcome = decode_frame(bytes);
  const auto& frame = std::get<DecodedFrame>(outcome);
  EXPECT_EQ(frame.record.txid, 1U);
  const auto mark = decode_compaction_mark(frame.record);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->horizon, 3U);
}

TEST_P(Compact, ADamagedSegmentStaysAsItIs) {
  {
    DataWal store = open_store();
    for (int number = 0; number < 40; ++number)
      put(store, "key", "value " + std::to_string(number));
  }
  DataWal store = open_store();
  damage_segment(1, 100);
  const Bytes damaged = segment(1);
  EXPECT_THAT(store.compact(), FailsWith(ErrorCode::kCorruption));
  EXPECT_EQ(segment(1), damaged);
  EXPECT_EQ(must(store.get(as_bytes("key")))->text(), "value 39");
}

TEST_P(Compact, AStopRequestEndsItBetweenSteps) {
  DataWal store = open_store();
  for (int number = 0; number < 60; ++number) put(store, "key", "value " + std::to_string(number));
  std::stop_source stop;
  stop.request_stop();
  const CompactionReport report = must(store.compact({.stop = stop.get_token()}));
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(report.segments_rewritten, 0U);
  for (const std::string& name : names()) EXPECT_FALSE(is_compacted_name(name)) << name;
}

TEST_P(Compact, AReadOnlyStoreIsNotCompacted) {
  {
    DataWal store = open_store();
    put(store, "key", "value");
  }
  DataWal store = must(DataWal::open_read_only(kStore, options_));
  EXPECT_THAT(store.compact(), FailsWith(ErrorCode::kReadOnly));
  EXPECT_EQ(store.space_use().log_bytes, frame_size(3, 5));
}

TEST_P(Compact, ARatioThatIsNoneIsRefused) {
  DataWal store = open_store();
  EXPECT_THAT(store.compact({.garbage_ratio_min = 1.5}), FailsWith(ErrorCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(, Compact, ::testing::Bool(),
                         [](const auto& instance) { return instance.param ? "Mapped" : "Read"; });

}  // namespace
}  // namespace datawal::compact_test
