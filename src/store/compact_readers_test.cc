// Readers that know nothing of a compaction in another process, and those in the same one that have
// begun before it: each comes to an end of what it has begun with, or says that it cannot.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "datawal/data_wal.h"
#include "log/log_test_support.h"
#include "log/segment_set.h"

namespace datawal::compact_readers_test {
namespace {

using std::chrono::milliseconds;
using test::FailsWith;
using test::must;
using test::OwnedRecord;
using test::read_all;
using ::testing::ElementsAre;

using Values = std::map<std::string, std::string>;

class CompactReaders : public test::SimulatedLog {
 protected:
  CompactReaders() : others_(filesystem_.new_process()) {
    options_.segment_size_max = 400;
    other_options_ = options_;
    other_options_.filesystem = others_.get();
  }

  DataWal open_store() { return must(DataWal::open(kStore, options_)); }
  // In another process.
  RecordLogReader open_other_reader() {
    return must(RecordLogReader::open(kStore, other_options_));
  }

  static void put(DataWal& store, const std::string& key, const std::string& value) {
    must(store.put(as_bytes(key), as_bytes(value)));
  }

  static void fill(DataWal& store, int begin = 0, int end = 80) {
    for (int number = begin; number < end; ++number) {
      put(store, "key " + std::to_string(number % 19), "value " + std::to_string(number));
      if (number % 7 == 0) must(store.remove(as_bytes("key " + std::to_string(number % 5))));
    }
  }

  static void apply(Values& values, const RecordView& record) {
    const std::string key(as_text(record.key));
    if (record.type == RecordType::kPut) values[key] = as_text(record.payload);
    if (record.type == RecordType::kDelete) values.erase(key);
  }
  static Values fold(const std::vector<OwnedRecord>& records) {
    Values values;
    for (const OwnedRecord& record : records) {
      apply(values, {record.type, record.txid, as_bytes(record.key), as_bytes(record.payload)});
    }
    return values;
  }
  static Values values_of(ItemCursor items) {
    Values values;
    while (const std::optional<Item> item = must(items.next())) {
      values.emplace(as_text(item->key), as_text(item->value));
    }
    return values;
  }
  static Values values_of(const DataWal& store) { return values_of(store.items()); }

  // All that there is now, up to `count`; the name of the error behind that.
  static std::string follow(Follower& follower, std::vector<OwnedRecord>& records,
                            std::size_t count = ~std::size_t{0}) {
    while (count-- > 0) {
      const auto record = follower.next(milliseconds{0});
      if (!record) return std::string(error_code_name(record.error().code));
      if (!*record) return "";
      records.push_back(test::owned(**record));
    }
    return "";
  }
  static std::vector<OwnedRecord> all_from(Follower& follower) {
    std::vector<OwnedRecord> records;
    EXPECT_EQ(follow(follower, records), "");
    return records;
  }

  std::unique_ptr<SimulatedFilesystem> others_;
  Options other_options_;
};

TEST_F(CompactReaders, ACursorReadsToTheEndWhatItHasBegunWith) {
  const std::size_t count = [&] {
    DataWal store = open_store();
    fill(store);
    return read_all(store.scan()).records.size();
  }();
  for (std::size_t begun = 0; begun <= count; begun += 9) {
    filesystem_.remove(kStore);
    DataWal store = open_store();
    fill(store);
    const RecordLogReader reader = open_other_reader();
    const std::vector<OwnedRecord> expected = read_all(reader.scan()).records;
    ASSERT_EQ(expected.size(), count);
    RecordCursor cursor = reader.scan();
    std::vector<OwnedRecord> found;
    while (found.size() < begun) found.push_back(test::owned(*must(cursor.next())));
    must(store.compact());
    EXPECT_LT(read_all(open_other_reader().scan()).records.size(), count / 2);
    const test::Scan rest = read_all(std::move(cursor));
    EXPECT_FALSE(rest.error) << rest.error->to_string();
    found.insert(found.end(), rest.records.begin(), rest.records.end());
    EXPECT_TRUE(found == expected) << "begun " << begun;
    EXPECT_TRUE(read_all(reader.scan()).records == expected);
  }
}

TEST_F(CompactReaders, AReadOnlyStoreStaysWhatItWasWhenItWasOpened) {
  DataWal store = open_store();
  fill(store);
  const DataWal reader = must(DataWal::open_read_only(kStore, other_options_));
  const Values expected = values_of(store);
  const Txid txid = store.log()->last_txid();
  for (int round = 1; round < 4; ++round) {
    fill(store, 100 * round, 100 * round + 60);
    must(store.compact());
    EXPECT_EQ(values_of(reader), expected);
    EXPECT_EQ(values_of(must(reader.as_of(txid)).items()), expected);
    for (const auto& [key, value] : expected) {
      const auto found = must(reader.get(as_bytes(key)));
      EXPECT_TRUE(found && found->text() == value) << key;
    }
  }
  EXPECT_EQ(values_of(must(DataWal::open_read_only(kStore, other_options_))), values_of(store));
}

TEST_F(CompactReaders, AFollowerFromTheOldestReadsToTheEndWhatItHasBegunWith) {
  DataWal store = open_store();
  fill(store);
  const std::size_t count = read_all(store.scan()).records.size();
  for (std::size_t begun = 0; begun <= count; begun += 9) {
    filesystem_.remove(kStore);
    store = open_store();
    fill(store);
    Follower follower = must(open_other_reader().follow());
    std::vector<OwnedRecord> found;
    EXPECT_EQ(follow(follower, found, begun), "");
    must(store.compact());
    EXPECT_EQ(follow(follower, found), "") << "begun " << begun;
    EXPECT_EQ(found.size(), count) << "begun " << begun;
    EXPECT_EQ(fold(found), values_of(store)) << "begun " << begun;
    put(store, "live", "1");
    EXPECT_EQ(all_from(follower).size(), 1U) << "begun " << begun;
  }
}

TEST_F(CompactReaders, AFollowerFromTheOldestOfACompactedLogGivesWhatIsLeft) {
  DataWal store = open_store();
  fill(store);
  must(store.compact());
  fill(store, 200, 240);
  Follower follower = must(open_other_reader().follow());
  EXPECT_EQ(fold(all_from(follower)), values_of(store));
}

// Also of the segment that was written to when the compaction began, which can be joined to others.
TEST_F(CompactReaders, ALiveFollowerGoesOnOverCompactionsOfWhatItHasSeen) {
  DataWal store = open_store();
  fill(store);
  Follower from_end = must(open_other_reader().follow_from_end());
  Follower from_txid = must(open_other_reader().follow(store.log()->last_txid() + 1));
  Values values = values_of(store);
  std::vector<OwnedRecord> records;
  for (int round = 1; round < 12; ++round) {
    records.clear();
    fill(store, 100 * round, 100 * round + 3 * round);
    EXPECT_EQ(follow(from_end, records), "") << "round " << round;
    EXPECT_EQ(all_from(from_txid), records) << "round " << round;
    for (const OwnedRecord& record : records) {
      apply(values, {record.type, record.txid, as_bytes(record.key), as_bytes(record.payload)});
    }
    EXPECT_EQ(values, values_of(store)) << "round " << round;
    must(store.compact());
    put(store, "behind " + std::to_string(round), "1");
    values["behind " + std::to_string(round)] = "1";
    records.clear();
    EXPECT_EQ(follow(from_end, records), "") << "round " << round;
    ASSERT_EQ(records.size(), 1U) << "round " << round;
    EXPECT_EQ(all_from(from_txid), records) << "round " << round;
  }
}

TEST_F(CompactReaders, ALiveFollowerGoesOnWhereItsSegmentIsJoinedToAnEarlierOne) {
  options_.segment_size_max = 4'000;
  DataWal store = open_store();
  put(store, "one", "1");
  must(store.rotate());
  put(store, "two", "2");
  Follower follower = must(open_other_reader().follow(2));
  EXPECT_EQ(all_from(follower).size(), 1U);
  must(store.rotate());
  must(store.compact());
  ASSERT_FALSE(has_segment(2));
  put(store, "three", "3");
  const std::vector<OwnedRecord> records = all_from(follower);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records.front().key, "three");
}

TEST_F(CompactReaders, ALiveFollowerFindsWhatItHasNotSeenInTheSegmentThatItWasJoinedTo) {
  options_.segment_size_max = 4'000;
  DataWal store = open_store();
  for (int number = 1; number <= 4; ++number) {
    put(store, "key " + std::to_string(number), "value");
    if (number != 3) must(store.rotate());
  }
  Follower follower = must(open_other_reader().follow(2));
  std::vector<OwnedRecord> records;
  EXPECT_EQ(follow(follower, records, 2), "");  // the next is in a segment that it stands in
  must(store.compact());
  ASSERT_FALSE(has_segment(3));
  EXPECT_EQ(follow(follower, records), "");
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records.back().key, "key 4");
}

TEST_F(CompactReaders, ALiveFollowerHasAGapOnlyWhereItHasNotSeenWhatIsGone) {
  DataWal store = open_store();
  put(store, "a", "1");
  Follower ahead = must(open_other_reader().follow(1));
  Follower behind = must(open_other_reader().follow(1));
  std::vector<OwnedRecord> seen;
  EXPECT_EQ(follow(behind, seen), "");
  must(store.rotate());
  for (int number = 2; number < 9; ++number) put(store, "b", "value " + std::to_string(number));
  EXPECT_EQ(follow(ahead, seen), "");
  must(store.compact());
  put(store, "c", "last");
  std::vector<OwnedRecord> rest;
  EXPECT_EQ(follow(ahead, rest), "");
  EXPECT_EQ(rest.size(), 1U);
  rest.clear();
  EXPECT_EQ(follow(behind, rest), "Gap");
}

// It may give Puts and Deletes again that a compaction has left twice; folded they are the same.
TEST_F(CompactReaders, ALiveFollowerFoldsToTheSameWhateverStepACompactionHasComeTo) {
  bool is_stopped = true;
  std::uint64_t n = 0;
  while (is_stopped) {
    ++n;
    SimulatedFilesystem machine(n);
    const auto other = machine.new_process();
    Options options = options_;
    options.filesystem = &machine;
    options.segment_size_max = 4'000;
    DataWal store = must(DataWal::open(kStore, options));
    for (int number = 0; number < 14; ++number) {
      put(store, "key " + std::to_string(number % 4), "value " + std::to_string(number));
      if (number % 2 == 1) must(store.rotate());
    }
    const Values expected = values_of(store);
    options.filesystem = other.get();
    const RecordLogReader reader = must(RecordLogReader::open(kStore, options));
    std::vector<Follower> followers;
    for (Txid from = 1; from <= 13; ++from) followers.push_back(must(reader.follow(from)));
    std::vector<std::vector<OwnedRecord>> seen(followers.size());
    for (std::size_t index = 0; index < followers.size(); ++index) {
      EXPECT_EQ(follow(followers[index], seen[index]), "");
    }
    EXPECT_EQ(fold(seen.front()), expected);
    machine.stop_at_mutation(n);
    (void)store.compact();
    is_stopped = machine.is_stopped();
    machine.kill_process();
    options.filesystem = &machine;
    DataWal again = must(DataWal::open(kStore, options));
    put(again, "key 9", "behind");
    for (std::size_t index = 0; index < followers.size(); ++index) {
      EXPECT_EQ(follow(followers[index], seen[index]), "") << "change " << n << ", " << index;
      ASSERT_FALSE(seen[index].empty());
      EXPECT_EQ(seen[index].back().key, "key 9") << "change " << n << ", " << index;
    }
    EXPECT_EQ(fold(seen.front()), values_of(again)) << "change " << n;
  }
  EXPECT_GT(n, 12U);
}

// What was begun before a compaction and is finished behind it, in the process that compacts.
class CompactOwnReaders : public CompactReaders, public ::testing::WithParamInterface<bool> {
 protected:
  CompactOwnReaders() { options_.map_files = GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(, CompactOwnReaders, ::testing::Bool(), [](const auto& instance) {
  return std::string(instance.param ? "Mapped" : "Read");
});

TEST_P(CompactOwnReaders, AScanGivesTheRecordsOfItsBeginning) {
  DataWal store = open_store();
  fill(store);
  const std::vector<OwnedRecord> expected = read_all(store.scan()).records;
  RecordCursor fresh = store.scan();
  RecordCursor begun = store.scan();
  const OwnedRecord first = test::owned(*must(begun.next()));
  fill(store, 300, 330);
  must(store.compact());
  must(store.compact());
  std::vector<OwnedRecord> found = read_all(std::move(begun)).records;
  found.insert(found.begin(), first);
  EXPECT_TRUE(found == expected);
  EXPECT_TRUE(read_all(std::move(fresh)).records == expected);
}

TEST_P(CompactOwnReaders, AWalkOverItemsGivesTheValuesOfItsBeginning) {
  DataWal store = open_store();
  fill(store);
  const Values expected = values_of(store);
  ItemCursor fresh = store.items();
  ItemCursor begun = store.items();
  Values found;
  const Item first = *must(begun.next());
  found.emplace(as_text(first.key), as_text(first.value));
  fill(store, 300, 330);
  must(store.compact());
  must(store.compact());
  found.merge(values_of(std::move(begun)));
  EXPECT_EQ(found, expected);
  EXPECT_EQ(values_of(std::move(fresh)), expected);
}

// A copy and an export make files, so that a sync of theirs is a moment in their middle.
TEST_P(CompactOwnReaders, CopiesAndExportsBeginWithOneMoment) {
  DataWal store = open_store();
  fill(store);
  const Values expected = values_of(store);
  const Snapshot snapshot = must(store.snapshot());
  fill(store, 300, 330);
  must(store.compact());
  const Values later = values_of(store);
  ASSERT_NE(later, expected);
  must(snapshot.export_jsonl("then.jsonl"));
  must(snapshot.compact_to("then"));
  Options options = options_;
  EXPECT_EQ(values_of(must(DataWal::open("then", options))), expected);
  bool is_compacted = false;
  filesystem_.on_sync([&] {
    if (std::exchange(is_compacted, true)) return;
    must(store.remove(as_bytes("key 3")));
    must(store.compact());
  });
  must(store.compact_to("now"));
  filesystem_.on_sync({});
  EXPECT_TRUE(is_compacted);
  EXPECT_EQ(values_of(must(DataWal::open("now", options))), later);
  {
    DataWal imported = must(DataWal::open("imported", options));
    must(imported.import_jsonl("then.jsonl"));
    EXPECT_EQ(values_of(imported), expected);
  }
}

}  // namespace
}  // namespace datawal::compact_readers_test
