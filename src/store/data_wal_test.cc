// The key/value store as its users see it, on a simulated machine.
#include "datawal/data_wal.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "log/log_test_support.h"

namespace datawal::data_wal_test {
namespace {

using test::FailsWith;
using test::must;
using test::put_frame;
using test::raw_frame;
using test::Succeeds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class DataWalTest : public test::SimulatedLog {
 protected:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  [[nodiscard]] DataWal open_store() { return must(DataWal::open(kStore, options_)); }
  [[nodiscard]] DataWal look() { return must(DataWal::open_read_only(kStore, options_)); }

  static void put(DataWal& store, std::string_view key, std::string_view value) {
    must(store.put(as_bytes(key), as_bytes(value)));
  }
  static bool remove(DataWal& store, std::string_view key) {
    return must(store.remove(as_bytes(key))).existed;
  }
  // The value, or "-" if there is none.
  static std::string get(const DataWal& store, std::string_view key) {
    const std::optional<Value> value = must(store.get(as_bytes(key)));
    return value ? std::string(value->text()) : "-";
  }
  // Closes the store, and opens it anew.
  [[nodiscard]] DataWal reopened(DataWal store) {
    (void)store.close();  // it may be poisoned
    return open_store();
  }
  static std::string key_of(int number) { return "key " + std::to_string(number); }
  static std::string value_of(int number) { return "value " + std::to_string(number); }
  // Puts 1 to `count` as another implementation writes them.
  static Bytes joined_puts(int count) {
    Bytes bytes;
    for (int number = 1; number <= count; ++number) {
      const Bytes frame = put_frame(static_cast<Txid>(number), key_of(number), value_of(number));
      bytes.insert(bytes.end(), frame.begin(), frame.end());
    }
    return bytes;
  }
  void remove_store() {
    for (const std::string& name : names()) filesystem_.remove("store/" + name);
  }
  static Pairs pairs(ItemCursor cursor) {
    Pairs found;
    while (const std::optional<Item> item = must(cursor.next())) {
      found.emplace_back(as_text(item->key), as_text(item->value));
    }
    return found;
  }
};

TEST_F(DataWalTest, GivesBackWhatWasPut) {
  DataWal store = open_store();
  EXPECT_TRUE(store.empty());
  EXPECT_EQ(must(store.put(as_bytes("alpha"), as_bytes("1"))), 1U);
  EXPECT_EQ(get(store, "alpha"), "1");
  EXPECT_EQ(get(store, "beta"), "-");
  EXPECT_TRUE(must(store.contains_key(as_bytes("alpha"))));
  EXPECT_FALSE(must(store.contains_key(as_bytes("beta"))));
  EXPECT_FALSE(store.empty());
}

TEST_F(DataWalTest, TheLastWriteWins) {
  DataWal store = open_store();
  put(store, "alpha", "1");
  put(store, "alpha", "a longer value");
  put(store, "alpha", "");
  EXPECT_EQ(get(store, "alpha"), "");
  EXPECT_EQ(store.size(), 1U);
}

TEST_F(DataWalTest, WhatIsRemovedIsGone) {
  DataWal store = open_store();
  put(store, "alpha", "1");
  EXPECT_TRUE(remove(store, "alpha"));
  EXPECT_EQ(get(store, "alpha"), "-");
  EXPECT_FALSE(must(store.ref_of(as_bytes("alpha"))));
  EXPECT_EQ(store.size(), 0U);
}

TEST_F(DataWalTest, RemovingWhatIsAbsentWritesATombstoneAllTheSame) {
  DataWal store = open_store();
  const Removed removed = must(store.remove(as_bytes("alpha")));
  EXPECT_FALSE(removed.existed);
  EXPECT_EQ(removed.txid, 1U);
  const test::Scan scan = test::read_all(store.scan());
  ASSERT_EQ(scan.records.size(), 1U);
  EXPECT_EQ(scan.records[0].type, RecordType::kDelete);
  EXPECT_EQ(scan.records[0].key, "alpha");
  EXPECT_EQ(scan.records[0].payload, "");
}

TEST_F(DataWalTest, APutAfterARemovalGivesTheNewValueOnly) {
  DataWal store = open_store();
  put(store, "alpha", "old");
  remove(store, "alpha");
  put(store, "alpha", "new");
  EXPECT_EQ(get(store, "alpha"), "new");
  store = reopened(std::move(store));
  EXPECT_EQ(get(store, "alpha"), "new");
  EXPECT_EQ(store.size(), 1U);
}

TEST_F(DataWalTest, CountsLiveKeysOnly) {
  DataWal store = open_store();
  for (const char* const key : {"a", "b", "c", "a", "b"}) put(store, key, key);
  must(store.append(as_bytes("raw")));
  remove(store, "c");
  EXPECT_EQ(store.size(), 2U);
}

TEST_F(DataWalTest, ReopeningRebuildsTheIndexFromTheLog) {
  options_.segment_size_max = 100;
  {
    DataWal store = open_store();
    for (int number = 0; number < 20; ++number) put(store, std::to_string(number), "value");
    for (int number = 0; number < 20; number += 2) remove(store, std::to_string(number));
    put(store, "1", "overwritten");
  }
  for (int round = 0; round < 2; ++round) {
    const DataWal store = open_store();
    EXPECT_EQ(store.size(), 10U);
    EXPECT_EQ(get(store, "1"), "overwritten");
    EXPECT_EQ(get(store, "2"), "-");
    EXPECT_EQ(get(store, "19"), "value");
    EXPECT_EQ(store.recovery_report().records_replayed, 31U);
  }
}

TEST_F(DataWalTest, EmptyKeysAndValuesAreKeysAndValues) {
  DataWal store = open_store();
  put(store, "", "of the empty key");
  put(store, "empty", "");
  EXPECT_EQ(get(store, ""), "of the empty key");
  EXPECT_EQ(get(store, "empty"), "");
  EXPECT_EQ(store.size(), 2U);
  EXPECT_TRUE(remove(store, ""));
  EXPECT_EQ(get(store, ""), "-");
}

TEST_F(DataWalTest, TakesTheLargestKeyAndValueAndNoLargerOne) {
  DataWal store = open_store();
  const std::string key(kKeySizeMax, 'k');
  const std::string value(kPayloadSizeMax, 'v');
  put(store, key, value);
  EXPECT_EQ(get(store, key), value);
  EXPECT_THAT(store.put(as_bytes(key + "k"), {}), FailsWith(ErrorCode::kTooLarge));
  EXPECT_THAT(store.put(as_bytes("k"), as_bytes(value + "v")), FailsWith(ErrorCode::kTooLarge));
  EXPECT_THAT(store.remove(as_bytes(key + "k")), FailsWith(ErrorCode::kTooLarge));
  EXPECT_FALSE(store.is_poisoned());
  EXPECT_EQ(store.size(), 1U);
}

TEST_F(DataWalTest, ThePlaceInTheLogDecidesAndNotTheTxid) {
  write_segment(1, test::joined({put_frame(9, "alpha", "first"), put_frame(3, "alpha", "last")}));
  EXPECT_EQ(get(open_store(), "alpha"), "last");
}

TEST_F(DataWalTest, RawRecordsAreNoKeys) {
  DataWal store = open_store();
  put(store, "", "value");
  EXPECT_EQ(must(store.append(as_bytes("raw"))), 2U);
  EXPECT_EQ(get(store, ""), "value");
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(test::read_all(store.scan()).payloads(), (std::vector<std::string>{"value", "raw"}));
}

TEST_F(DataWalTest, RefsFollowTheNewestRecordOfAKey) {
  DataWal store = open_store();
  put(store, "alpha", "1");
  put(store, "beta", "2");
  EXPECT_EQ(must(store.ref_of(as_bytes("alpha"))), (RecordRef{SegmentId{1}, 34, 0}));
  must(store.rotate());
  put(store, "alpha", "3");
  EXPECT_EQ(must(store.ref_of(as_bytes("alpha"))), (RecordRef{SegmentId{2}, 34, 0}));
  EXPECT_EQ(must(store.ref_of(as_bytes("beta"))), (RecordRef{SegmentId{1}, 33, 34}));
  EXPECT_FALSE(must(store.ref_of(as_bytes("gamma"))));
}

TEST_F(DataWalTest, GetsFromManySealedSegmentsKeepFewFilesOpen) {
  options_.segment_size_max = 40;
  DataWal store = open_store();
  for (int number = 0; number < 100; ++number) put(store, std::to_string(number), "value");
  EXPECT_GT(store.log()->segments().size(), 90U);
  for (int number = 0; number < 100; ++number)
    EXPECT_EQ(get(store, std::to_string(number)), "value");
  filesystem_.reset_counts();
  for (int round = 0; round < 50; ++round) EXPECT_EQ(get(store, "99"), "value");
  EXPECT_LE(count(SimulatedCall::kOpen), 1U);
}

TEST_F(DataWalTest, AGetReadsOnce) {
  DataWal store = open_store();
  put(store, "alpha", "1");
  EXPECT_EQ(get(store, "alpha"), "1");
  filesystem_.reset_counts();
  EXPECT_EQ(get(store, "alpha"), "1");
  EXPECT_EQ(filesystem_.call_count(), 1U);
}

TEST_F(DataWalTest, ItemsAndKeysComeInTheOrderOfTheLog) {
  options_.segment_size_max = 80;
  DataWal store = open_store();
  put(store, "c", "1");
  put(store, "a", "2");
  put(store, "b", "3");
  put(store, "c", "4");
  remove(store, "a");
  must(store.append(as_bytes("raw")));
  EXPECT_THAT(pairs(store.items()), ElementsAre(Pair("b", "3"), Pair("c", "4")));
  EXPECT_THAT(pairs(store.keys()), ElementsAre(Pair("b", ""), Pair("c", "")));
}

TEST_F(DataWalTest, AnEmptyStoreHasNoItems) {
  const DataWal store = open_store();
  EXPECT_THAT(pairs(store.items()), IsEmpty());
  EXPECT_THAT(pairs(store.keys()), IsEmpty());
  EXPECT_THAT(store.for_each([](const Item&) { return true; }), Succeeds());
}

TEST_F(DataWalTest, ForEachEndsWhereItIsTold) {
  DataWal store = open_store();
  for (const char* const key : {"a", "b", "c"}) put(store, key, key);
  std::vector<std::string> seen;
  must(store.for_each([&](const Item& item) {
    seen.emplace_back(as_text(item.key));
    return seen.size() < 2;
  }));
  EXPECT_THAT(seen, ElementsAre("a", "b"));
}

TEST_F(DataWalTest, AFailedPutLeavesTheStoreAsItWas) {
  DataWal store = open_store();
  put(store, "alpha", "1");
  filesystem_.inject({.call = SimulatedCall::kWrite, .path_part = ".dwal", .written_prefix = 9});
  EXPECT_THAT(store.put(as_bytes("alpha"), as_bytes("2")), FailsWith(ErrorCode::kIo));
  EXPECT_TRUE(store.is_poisoned());
  EXPECT_THAT(store.put(as_bytes("beta"), {}), FailsWith(ErrorCode::kPoisoned));
  EXPECT_THAT(store.remove(as_bytes("alpha")), FailsWith(ErrorCode::kPoisoned));
  EXPECT_EQ(get(store, "alpha"), "1");
  EXPECT_EQ(store.size(), 1U);
  EXPECT_THAT(pairs(store.items()), ElementsAre(Pair("alpha", "1")));
  EXPECT_THAT(store.compact_to("copy"), Succeeds());
  EXPECT_THAT(store.export_jsonl("copy.jsonl"), Succeeds());
  store = reopened(std::move(store));
  EXPECT_EQ(get(store, "alpha"), "1");
}

TEST_F(DataWalTest, AFailedRemovalLeavesTheKey) {
  DataWal store = open_store();
  put(store, "alpha", "1");
  filesystem_.inject({.call = SimulatedCall::kWrite, .path_part = ".dwal"});
  EXPECT_THAT(store.remove(as_bytes("alpha")), FailsWith(ErrorCode::kIo));
  EXPECT_EQ(get(store, "alpha"), "1");
}

TEST_F(DataWalTest, ReadsGoOnAfterClose) {
  DataWal store = open_store();
  put(store, "alpha", "1");
  must(store.close());
  EXPECT_EQ(get(store, "alpha"), "1");
  EXPECT_THAT(store.put(as_bytes("alpha"), {}), FailsWith(ErrorCode::kClosed));
  EXPECT_THAT(DataWal::open(kStore, options_), Succeeds());
}

TEST_F(DataWalTest, AMovedStoreGoesOn) {
  DataWal store = open_store();
  put(store, "alpha", "1");
  DataWal moved = std::move(store);
  put(moved, "beta", "2");
  EXPECT_EQ(get(moved, "alpha"), "1");
  EXPECT_EQ(get(moved, "beta"), "2");
}

TEST_F(DataWalTest, ATornTailIsReportedAndItsKeyIsAsBefore) {
  {
    DataWal store = open_store();
    put(store, "alpha", "1");
    put(store, "beta", "2");
    filesystem_.kill_process();
  }
  cut_segment(1, segment(1).size() - 1);
  for (int round = 0; round < 2; ++round) {
    const DataWal store = open_store();
    EXPECT_EQ(store.recovery_report().tail_truncated, round == 0 ? 1U : 0U);
    EXPECT_EQ(get(store, "alpha"), "1");
    EXPECT_EQ(get(store, "beta"), "-");
  }
}

// What the Rust crate does not do: values put behind a torn tail are those of their own keys.
TEST_F(DataWalTest, WhatIsPutBehindATornTailIsFoundUnderItsKey) {
  for (std::size_t torn_size = 1; torn_size < 36; ++torn_size) {
    Bytes bytes = joined_puts(4);
    const Bytes torn = put_frame(5, "key 9", "torn");
    bytes.insert(bytes.end(), torn.begin(), torn.begin() + static_cast<std::ptrdiff_t>(torn_size));
    write_segment(1, bytes);
    DataWal store = open_store();
    for (int number = 10; number < 14; ++number) put(store, key_of(number), value_of(number));
    must(store.sync());
    for (int round = 0; round < 2; ++round) {
      for (int number = 1; number <= 4; ++number)
        EXPECT_EQ(get(store, key_of(number)), value_of(number));
      for (int number = 10; number < 14; ++number)
        EXPECT_EQ(get(store, key_of(number)), value_of(number));
      EXPECT_EQ(store.size(), 8U);
      store = reopened(std::move(store));
    }
    must(store.close());
    remove_store();
  }
}

TEST_F(DataWalTest, ReadOnlyLooksAtAStoreWithoutTouchingIt) {
  DataWal store = open_store();
  put(store, "alpha", "1");
  filesystem_.reset_counts();
  DataWal looked_at = look();
  EXPECT_EQ(get(looked_at, "alpha"), "1");
  EXPECT_EQ(looked_at.log(), nullptr);
  EXPECT_FALSE(looked_at.is_poisoned());
  EXPECT_EQ(looked_at.directory(), kStore);
  for (const auto& error :
       {looked_at.put({}, {}).error(), looked_at.remove({}).error(), looked_at.append({}).error(),
        looked_at.sync().error(), looked_at.rotate().error(),
        looked_at.import_jsonl("missing").error()}) {
    EXPECT_EQ(error.code, ErrorCode::kReadOnly) << error.to_string();
  }
  must(looked_at.close());
  EXPECT_EQ(filesystem_.mutation_count(), 0U);
}

TEST_F(DataWalTest, ReadOnlySeesTheMomentItWasOpened) {
  DataWal store = open_store();
  put(store, "alpha", "1");
  const DataWal looked_at = look();
  put(store, "alpha", "2");
  put(store, "beta", "2");
  EXPECT_EQ(get(looked_at, "alpha"), "1");
  EXPECT_EQ(get(looked_at, "beta"), "-");
  EXPECT_THAT(pairs(looked_at.items()), ElementsAre(Pair("alpha", "1")));
  EXPECT_EQ(test::read_all(looked_at.scan()).records.size(), 1U);
}

TEST_F(DataWalTest, ReadOnlyMakesNoStore) {
  EXPECT_THAT(DataWal::open_read_only(kStore, options_), FailsWith(ErrorCode::kNotFound));
  EXPECT_FALSE(filesystem_.exists(kStore));
  filesystem_.plant_directory(kStore);
  EXPECT_TRUE(look().empty());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(DataWalTest, ReadOnlyLeavesATornTailAlone) {
  write_segment(1, test::joined({put_frame(1, "alpha", "1"), Bytes(5, std::byte{'D'})}));
  const Bytes before = segment(1);
  const DataWal looked_at = look();
  EXPECT_EQ(looked_at.recovery_report().tail_bytes_discarded, 5U);
  EXPECT_EQ(get(looked_at, "alpha"), "1");
  EXPECT_EQ(segment(1), before);
}

TEST_F(DataWalTest, ManyKeysAreToldApart) {
  constexpr std::uint32_t kSeed = 20240611;
  options_.segment_size_max = 1 << 20;
  std::mt19937 random(kSeed);
  std::map<std::string, std::string> expected;
  DataWal store = open_store();
  for (int operation = 0; operation < 60'000; ++operation) {
    const std::string key = "key " + std::to_string(random() % 20'000);
    if (random() % 4 == 0) {
      EXPECT_EQ(remove(store, key), expected.erase(key) > 0);
    } else {
      const std::string value = std::to_string(operation);
      put(store, key, value);
      expected[key] = value;
    }
  }
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(store.size(), expected.size()) << "seed " << kSeed;
    for (int number = 0; number < 20'000; ++number) {
      const std::string key = "key " + std::to_string(number);
      const auto found = expected.find(key);
      ASSERT_EQ(get(store, key), found == expected.end() ? "-" : found->second);
    }
    Pairs items = pairs(store.items());
    std::ranges::sort(items);
    EXPECT_EQ(items, Pairs(expected.begin(), expected.end()));
    store = reopened(std::move(store));
  }
}

TEST_F(DataWalTest, ConstFunctionsRunTogether) {
  options_.segment_size_max = 500;
  DataWal store = open_store();
  for (int number = 0; number < 100; ++number) put(store, std::to_string(number), "value");
  const DataWal& shared = store;
  std::vector<std::thread> threads;
  std::atomic<int> found = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int number = 0; number < 200; ++number) {
        if (get(shared, std::to_string(number)) == "value") ++found;
      }
      found += static_cast<int>(pairs(shared.items()).size() + shared.size());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found, 4 * 300);
}

}  // namespace
}  // namespace datawal::data_wal_test
