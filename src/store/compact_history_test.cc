// What can still be told of earlier states behind a compaction: exactly what was, or nothing.
#include <map>
#include <string>

#include "datawal/backup.h"
#include "datawal/data_wal.h"
#include "log/log_test_support.h"

namespace datawal::compact_history_test {
namespace {

using test::FailsWith;
using test::must;

using Values = std::map<std::string, std::string>;

Values values_of(ItemCursor items) {
  Values values;
  while (const std::optional<Item> item = must(items.next())) {
    values.emplace(as_text(item->key), as_text(item->value));
  }
  return values;
}

class CompactHistory : public test::SimulatedLog {
 protected:
  CompactHistory() { options_.segment_size_max = 400; }

  DataWal open_store() { return must(DataWal::open(kStore, options_)); }

  void put(DataWal& store, const std::string& key, const std::string& value) {
    must(store.put(as_bytes(key), as_bytes(value)));
    states_.push_back(states_.back());
    states_.back()[key] = value;
  }
  void remove(DataWal& store, const std::string& key) {
    must(store.remove(as_bytes(key)));
    states_.push_back(states_.back());
    states_.back().erase(key);
  }
  void fill(DataWal& store, int begin, int end) {
    for (int number = begin; number < end; ++number) {
      put(store, "key " + std::to_string(number % 11), "value " + std::to_string(number));
      if (number % 6 == 0) remove(store, "key " + std::to_string(number % 4));
    }
  }
  [[nodiscard]] Txid newest() const { return states_.size() - 1; }

  // The first txid of which the state can be told; all behind it can be, and none before.
  Txid first_told(const DataWal& store) {
    Txid first = states_.size();
    for (Txid txid = 0; txid < states_.size(); ++txid) {
      const Result<Snapshot> then = store.as_of(txid);
      if (!then) {
        EXPECT_THAT(then, FailsWith(ErrorCode::kGap)) << txid;
        EXPECT_EQ(first, states_.size()) << txid << " can not be told, and " << first << " can";
        continue;
      }
      first = std::min(first, txid);
      EXPECT_EQ(values_of(then->items()), states_[txid]) << txid;
    }
    return first;
  }

  // The same by restoring; 0 is nothing that can be asked for.
  Txid first_restored() {
    Txid first = states_.size();
    for (Txid txid = 1; txid < states_.size(); ++txid) {
      const Result<CopyStats> restored = restore(kStore, "then", {.to_txid = txid}, options_);
      if (!restored) {
        EXPECT_THAT(restored, FailsWith(ErrorCode::kGap)) << txid;
        EXPECT_EQ(first, states_.size()) << txid << " can not be restored, and " << first << " can";
        EXPECT_FALSE(filesystem_.exists("then"));
        continue;
      }
      first = std::min(first, txid);
      {
        const DataWal then = must(DataWal::open("then", options_));
        EXPECT_EQ(values_of(then.items()), states_[txid]) << txid;
      }
      filesystem_.remove("then");
    }
    return first;
  }

  std::vector<Values> states_{1};  // by txid
};

TEST_F(CompactHistory, FromTheHorizonOnEveryStateIsTold) {
  DataWal store = open_store();
  fill(store, 0, 60);
  EXPECT_EQ(first_told(store), 0U);
  const Txid horizon = newest();
  must(store.compact());
  EXPECT_EQ(first_told(store), horizon);
  fill(store, 60, 90);
  EXPECT_EQ(first_told(store), horizon);
  EXPECT_EQ(first_told(must(DataWal::open_read_only(kStore, options_))), horizon);
  must(store.close());
  EXPECT_EQ(first_restored(), horizon);
  store = open_store();
  EXPECT_EQ(first_told(store), horizon);
  const Txid later = newest();
  must(store.compact());
  EXPECT_EQ(first_told(store), later);
  must(store.close());
  EXPECT_EQ(first_restored(), later);
}

TEST_F(CompactHistory, WhereNothingWasDroppedEveryStateIsTold) {
  DataWal store = open_store();
  for (int number = 0; number < 12; ++number) {
    put(store, std::to_string(number), "value");
    must(store.rotate());
  }
  EXPECT_GT(must(store.compact()).segments_removed, 0U);
  EXPECT_EQ(first_told(store), 0U);
  must(store.close());
  EXPECT_EQ(first_restored(), 1U);
}

TEST_F(CompactHistory, APartOfTheSegmentsIsEnoughToLoseWhatWasBefore) {
  DataWal store = open_store();
  fill(store, 0, 40);
  for (int number = 0; number < 20; ++number) put(store, "kept " + std::to_string(number), "value");
  const Txid horizon = newest();
  must(store.compact({.garbage_ratio_min = 0.7}));
  fill(store, 60, 70);
  EXPECT_EQ(first_told(store), horizon);
  must(store.close());
  EXPECT_EQ(first_restored(), horizon);
}

TEST_F(CompactHistory, AStateInsideABatchIsRefusedAlsoBehindACompaction) {
  DataWal store = open_store();
  fill(store, 0, 20);
  WriteBatch batch;
  for (int number = 0; number < 4; ++number) {
    must(batch.put(as_bytes("batched " + std::to_string(number)), as_bytes("value")));
  }
  const Txid before = newest();
  const Txid last = must(store.write(batch));
  EXPECT_EQ(last, before + 5) << "the announcement has a txid too";
  must(store.rotate());
  put(store, "one", "more");
  const Txid after = last + 1;
  const Values expected = values_of(store.items());
  must(store.compact());
  for (Txid txid = before + 1; txid < last; ++txid) {
    const auto then = store.as_of(txid);
    EXPECT_TRUE(!then && (then.error().code == ErrorCode::kGap ||
                          then.error().code == ErrorCode::kInvalidArgument))
        << txid;
  }
  EXPECT_EQ(values_of(must(store.as_of(after)).items()), expected);
  WriteBatch second;
  must(second.put(as_bytes("a"), as_bytes("1")));
  must(second.put(as_bytes("b"), as_bytes("2")));
  const Txid end = must(store.write(second));
  EXPECT_THAT(store.as_of(end - 1), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(store.as_of(end - 2), FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_EQ(values_of(must(store.as_of(end - 3)).items()), expected);
  EXPECT_EQ(must(store.as_of(end)).size(), expected.size() + 2);
}

TEST_F(CompactHistory, VersionsOfAKeyAreThoseThatAreLeft) {
  DataWal store = open_store();
  for (int number = 0; number < 30; ++number) put(store, "key", "value " + std::to_string(number));
  must(store.compact());
  put(store, "key", "new");
  std::vector<std::string> versions;
  VersionCursor history = store.history(as_bytes("key"));
  while (const auto record = must(history.next())) versions.emplace_back(as_text(record->payload));
  EXPECT_THAT(versions, ::testing::ElementsAre("value 29", "new"));
}

}  // namespace
}  // namespace datawal::compact_history_test
