#include "datawal/write_batch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/record_log_reader.h"
#include "log/log_test_support.h"

namespace datawal::test::write_batch_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WriteBatchToStore : public SimulatedLog {
 protected:
  [[nodiscard]] DataWal open_keys() { return must(DataWal::open(kStore, options_)); }
  [[nodiscard]] static std::optional<std::string> value_of(const DataWal& store,
                                                           std::string_view key) {
    const auto value = must(store.get(as_bytes(key)));
    return value ? std::optional(std::string(value->text())) : std::nullopt;
  }
  static void put(WriteBatch& batch, std::string_view key, std::string_view value) {
    must(batch.put(as_bytes(key), as_bytes(value)));
  }
  static void put(DataWal& store, std::string_view key, std::string_view value) {
    static_cast<void>(must(store.put(as_bytes(key), as_bytes(value))));
  }
};

TEST_F(WriteBatchToStore, PutsRemovesAndAppends) {
  DataWal store = open_keys();
  put(store, "old", "1");
  put(store, "gone", "2");
  WriteBatch batch;
  put(batch, "new", "3");
  must(batch.remove(as_bytes("gone")));
  must(batch.append(as_bytes("raw")));
  put(batch, "old", "4");
  EXPECT_EQ(must(store.write(batch)), 7U);  // the announcement has 3
  EXPECT_EQ(value_of(store, "new"), "3");
  EXPECT_EQ(value_of(store, "gone"), std::nullopt);
  EXPECT_EQ(value_of(store, "old"), "4");
  EXPECT_EQ(store.size(), 2U);
  EXPECT_THAT(read_all(store.scan()).txids(), ElementsAre(1, 2, 4, 5, 6, 7));
}

TEST_F(WriteBatchToStore, IsThereAfterReopening) {
  {
    DataWal store = open_keys();
    WriteBatch batch;
    for (int index = 0; index < 100; ++index) {
      put(batch, "key " + std::to_string(index % 70), std::to_string(index));
    }
    static_cast<void>(must(store.write(batch)));
  }
  const DataWal store = open_keys();
  EXPECT_EQ(store.size(), 70U);
  EXPECT_EQ(value_of(store, "key 5"), "75");
  EXPECT_EQ(value_of(store, "key 69"), "69");
  EXPECT_EQ(store.recovery_report().records_replayed, 101U);
  EXPECT_EQ(store.recovery_report().txid_gaps, 0U);
}

TEST_F(WriteBatchToStore, TheLastOfSeveralOnOneKeyCounts) {
  DataWal store = open_keys();
  put(store, "a", "before");
  WriteBatch batch;
  put(batch, "a", "1");
  put(batch, "b", "1");
  must(batch.remove(as_bytes("a")));
  put(batch, "b", "2");
  put(batch, "c", "1");
  must(batch.remove(as_bytes("c")));
  put(batch, "a", "2");
  put(batch, "a", "3");
  static_cast<void>(must(store.write(batch)));
  EXPECT_EQ(value_of(store, "a"), "3");
  EXPECT_EQ(value_of(store, "b"), "2");
  EXPECT_EQ(value_of(store, "c"), std::nullopt);
  EXPECT_EQ(store.size(), 2U);
}

TEST_F(WriteBatchToStore, AnEmptyOneDoesNothing) {
  DataWal store = open_keys();
  put(store, "a", "1");
  const std::uint64_t changes = filesystem_.mutation_count();
  EXPECT_EQ(must(store.write({}, Durability::kEveryWrite)), 1U);
  EXPECT_EQ(filesystem_.mutation_count(), changes);
  must(store.close());
  EXPECT_THAT(store.write({}), FailsWith(ErrorCode::kClosed));
}

TEST_F(WriteBatchToStore, IsDurableWithEveryWrite) {
  {
    DataWal store = open_keys();
    WriteBatch batch;
    put(batch, "a", "1");
    put(batch, "b", "2");
    const Txid txid = must(store.write(batch, Durability::kEveryWrite));
    EXPECT_EQ(store.log()->durable_txid(), txid);
    filesystem_.crash(PowerCut::kDropPending);
  }
  EXPECT_EQ(open_keys().size(), 2U);
}

TEST_F(WriteBatchToStore, ReplacesKeysThatMemoryDoesNotShow) {
  options_.map_files = false;
  DataWal store = open_keys();
  for (int index = 0; index < 50; ++index) put(store, std::to_string(index), "old");
  WriteBatch batch;
  for (int index = 0; index < 60; index += 2) put(batch, std::to_string(index), "new");
  put(batch, "0", "newest");
  static_cast<void>(must(store.write(batch)));
  EXPECT_EQ(store.size(), 55U);
  EXPECT_EQ(value_of(store, "0"), "newest");
  EXPECT_EQ(value_of(store, "2"), "new");
  EXPECT_EQ(value_of(store, "3"), "old");
}

TEST_F(WriteBatchToStore, ChangesNothingWhereAnOlderRecordCannotBeRead) {
  options_.map_files = false;
  DataWal store = open_keys();
  put(store, "a", "1");
  put(store, "b", "1");
  must(store.sync());
  const std::uint64_t changes = filesystem_.mutation_count();
  WriteBatch batch;
  put(batch, "new", "2");
  put(batch, "b", "2");
  filesystem_.inject({.count = 1000, .call = SimulatedCall::kRead, .path_part = ".dwal"});
  EXPECT_THAT(store.write(batch), FailsWith(ErrorCode::kIo));
  filesystem_.clear_faults();
  EXPECT_EQ(filesystem_.mutation_count(), changes);
  EXPECT_FALSE(store.is_poisoned());
  EXPECT_EQ(value_of(store, "b"), "1");
  EXPECT_EQ(value_of(store, "new"), std::nullopt);
  EXPECT_EQ(must(store.write(batch)), 5U);
  EXPECT_EQ(value_of(store, "b"), "2");
}

TEST_F(WriteBatchToStore, OfManyKeysGrowsTheIndex) {
  DataWal store = open_keys();
  WriteBatch batch;
  for (int index = 0; index < 50'000; ++index) put(batch, "key " + std::to_string(index), "v");
  static_cast<void>(must(store.write(batch)));
  EXPECT_EQ(store.size(), 50'000U);
  for (int index = 0; index < 50'000; index += 997) {
    ASSERT_EQ(value_of(store, "key " + std::to_string(index)), "v") << index;
  }
}

// Small batches with the same keys again and again, and large ones that make the index grow while
// they are taken over.
TEST_F(WriteBatchToStore, RandomOnesLeaveWhatAMapHas) {
  constexpr unsigned kSeed = 99;
  for (const bool is_mapped : {true, false}) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + (is_mapped ? ", mapped" : ""));
    std::mt19937 random(kSeed);
    options_.map_files = is_mapped;
    if (is_mapped) filesystem_.set_write_through_size(0);
    const std::string path = is_mapped ? "mapped" : "unmapped";
    std::map<std::string, std::string> expected;
    std::optional<DataWal> store(must(DataWal::open(path, options_)));
    for (int round = 0; round < 60; ++round) {
      const bool is_large = round % 10 == 9;
      WriteBatch batch;
      for (auto count = 1 + random() % (is_large ? 6000 : 40); count > 0; --count) {
        const std::string key = std::to_string(random() % (is_large ? 8000 : 25));
        const std::string value = std::to_string(round) + "." + std::to_string(count);
        const auto kind = random() % 10;
        if (kind == 0) must(batch.append(as_bytes(value)));
        if (kind >= 1 && kind <= 3) must(batch.remove(as_bytes(key)));
        if (kind >= 1 && kind <= 3) expected.erase(key);
        if (kind > 3) put(batch, key, value);
        if (kind > 3) expected[key] = value;
      }
      static_cast<void>(must(store->write(batch)));
      if (round % 7 == 6) {
        store.reset();
        store.emplace(must(DataWal::open(path, options_)));
      }
      ASSERT_EQ(store->size(), expected.size()) << "round " << round;
      for (const auto& [key, value] : expected) ASSERT_EQ(value_of(*store, key), value) << round;
    }
  }
}

TEST_F(WriteBatchToStore, NothingOfItIsThereOnAFullDisk) {
  {
    DataWal store = open_keys();
    put(store, "a", "1");
    must(store.sync());
    WriteBatch batch;
    for (int index = 0; index < 100; ++index) put(batch, std::to_string(index), "value");
    put(batch, "a", "2");
    filesystem_.inject({.call = SimulatedCall::kWrite,
                        .path_part = ".dwal",
                        .code = ErrorCode::kNoSpace,
                        .written_prefix = 2000});
    EXPECT_THAT(store.write(batch), FailsWith(ErrorCode::kNoSpace));
    EXPECT_TRUE(store.is_poisoned());
    EXPECT_EQ(value_of(store, "a"), "1");
    EXPECT_EQ(store.size(), 1U);
    EXPECT_THAT(read_all(store.scan()).txids(), ElementsAre(1));
    EXPECT_THAT(store.write(batch), FailsWith(ErrorCode::kPoisoned));
  }
  const DataWal store = open_keys();
  EXPECT_EQ(value_of(store, "a"), "1");
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(store.recovery_report().tail.kind, TailKind::kIncomplete);
}

TEST_F(WriteBatchToStore, IsRefusedByAStoreThatIsOnlyRead) {
  static_cast<void>(open_keys());
  DataWal store = must(DataWal::open_read_only(kStore, options_));
  EXPECT_THAT(store.write({}), FailsWith(ErrorCode::kReadOnly));
}

TEST_F(WriteBatchToStore, ThreadsThatGetSeeEachValueOldOrNew) {
  DataWal store = open_keys();
  const auto write = [&](int round) {
    WriteBatch batch;
    for (int key = 0; key < 40; ++key) put(batch, std::to_string(key), std::to_string(round));
    static_cast<void>(must(store.write(batch)));
  };
  write(0);
  std::atomic<bool> is_done = false;
  std::atomic<int> failures = 0;
  std::jthread reader([&] {
    std::vector<int> seen(40, 0);
    while (!is_done) {
      for (int key = 0; key < 40; ++key) {
        const auto value = store.get(as_bytes(std::to_string(key)));
        const int round = value && *value ? std::stoi(std::string((*value)->text())) : -1;
        if (round < seen[static_cast<std::size_t>(key)]) ++failures;
        seen[static_cast<std::size_t>(key)] = round;
      }
    }
  });
  for (int round = 1; round <= 200; ++round) write(round);
  is_done = true;
  reader.join();
  EXPECT_EQ(failures, 0);
}

// Batches that all set the same keys, each to one value, or remove them all; written in turn.
class BatchesInTurn {
 public:
  void write(DataWal& store, std::size_t round) const {
    const std::size_t turn = round % kTurns;
    WriteBatch batch;
    for (const std::string& key : keys_) {
      must(is_removing(turn) ? batch.remove(as_bytes(key))
                             : batch.put(as_bytes(key), as_bytes(value_of(turn))));
    }
    static_cast<void>(must(store.write(batch)));
  }

  // That there is nothing in `snapshot` but all of the batch that was the last at its txid.
  void expect_in(const Snapshot& snapshot) const {
    ASSERT_EQ(snapshot.txid() % kTxids, 0U) << "inside a batch";
    const std::size_t turn = (snapshot.txid() / kTxids - 1) % kTurns;
    ASSERT_EQ(snapshot.size(), is_removing(turn) ? 0U : keys_.size());
    for (const std::string& key : keys_) {
      const auto value = must(snapshot.get(as_bytes(key)));
      const std::string found(value ? value->text() : "nothing");
      ASSERT_EQ(found, is_removing(turn) ? "nothing" : value_of(turn)) << key;
    }
  }

 private:
  static constexpr std::size_t kTurns = 7;
  static constexpr std::size_t kKeys = 300;
  static constexpr Txid kTxids = kKeys + 1;  // of a batch, with its announcement

  static bool is_removing(std::size_t turn) { return turn % 4 == 3; }
  static std::string value_of(std::size_t turn) { return "value " + std::to_string(turn); }
  static std::vector<std::string> make_keys() {
    std::vector<std::string> keys;
    for (std::size_t key = 0; key < kKeys; ++key) keys.push_back("key " + std::to_string(key));
    return keys;
  }

  std::vector<std::string> keys_ = make_keys();
};

// Though the index takes its records one by one. And it goes on having what it has.
TEST_F(WriteBatchToStore, ASnapshotHasAllOfABatchOrNothing) {
  constexpr int kTakers = 2;
  constexpr int kSnapshots = 150;
  const BatchesInTurn batches;
  for (const bool is_mapped : {true, false}) {
    SCOPED_TRACE(is_mapped ? "mapped" : "read");
    options_.map_files = is_mapped;
    DataWal store = must(DataWal::open(is_mapped ? "mapped" : "read", options_));
    batches.write(store, 0);
    std::atomic<int> takers_left = kTakers;
    const auto take = [&] {
      std::optional<Snapshot> before;
      for (int count = 0; count < kSnapshots; ++count) {
        Snapshot snapshot = must(store.snapshot());
        batches.expect_in(snapshot);
        if (before) batches.expect_in(*before);
        before.emplace(std::move(snapshot));
      }
      --takers_left;
    };
    std::vector<std::jthread> takers;
    for (int taker = 0; taker < kTakers; ++taker) takers.emplace_back(take);
    for (std::size_t round = 1; takers_left > 0; ++round) batches.write(store, round);
  }
}

}  // namespace
}  // namespace datawal::test::write_batch_test
