// A store as it was after one of its records, and the versions of a key.
#include <map>

#include "datawal/data_wal.h"
#include "log/log_test_support.h"

namespace datawal::as_of_test {
namespace {

using test::FailsWith;
using test::must;
using test::put_frame;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AsOf : public test::SimulatedLog {
 protected:
  [[nodiscard]] DataWal open_store() { return must(DataWal::open(kStore, options_)); }

  static std::string get(const Snapshot& snapshot, std::string_view key) {
    const std::optional<Value> value = must(snapshot.get(as_bytes(key)));
    return value ? std::string(value->text()) : "-";
  }
  // "txid=value", or "txid-" where the key was removed.
  static std::vector<std::string> versions(VersionCursor cursor) {
    std::vector<std::string> found;
    while (const std::optional<ScannedRecord> record = must(cursor.next())) {
      found.push_back(std::to_string(record->txid) +
                      (record->type == RecordType::kDelete
                           ? "-"
                           : "=" + std::string(as_text(record->payload))));
    }
    return found;
  }
};

TEST_F(AsOf, EveryTxidGivesWhatTheStoreWasThen) {
  options_.segment_size_max = 300;
  DataWal store = open_store();
  std::vector<std::map<std::string, std::string>> models(1);
  for (int step = 1; step <= 60; ++step) {
    models.push_back(models.back());
    const std::string key = "key " + std::to_string(step % 7);
    if (step % 10 == 0) {
      must(store.append(as_bytes("raw")));
    } else if (step % 4 == 0) {
      must(store.remove(as_bytes(key)));
      models.back().erase(key);
    } else {
      must(store.put(as_bytes(key), as_bytes(std::to_string(step))));
      models.back()[key] = std::to_string(step);
    }
  }
  const DataWal looked_at = must(DataWal::open_read_only(kStore, options_));
  for (const DataWal* const view : {&std::as_const(store), &looked_at}) {
    for (Txid txid = 0; txid < models.size(); ++txid) {
      const Snapshot then = must(view->as_of(txid));
      EXPECT_EQ(then.txid(), txid);
      EXPECT_EQ(then.size(), models[txid].size()) << txid;
      for (const auto& [key, value] : models[txid]) EXPECT_EQ(get(then, key), value) << txid;
    }
    EXPECT_THAT(view->as_of(61), FailsWith(ErrorCode::kInvalidArgument));
  }
}

TEST_F(AsOf, IsRefusedBehindAGap) {
  write_segment(1, test::joined({put_frame(1, "a", "1"), put_frame(2, "a", "2"),
                                 put_frame(4, "a", "4"), put_frame(5, "a", "5")}));
  const DataWal store = open_store();
  EXPECT_EQ(get(must(store.as_of(2)), "a"), "2");
  for (const Txid txid : {3U, 4U, 5U}) {
    const auto refused = store.as_of(txid);
    EXPECT_THAT(refused, FailsWith(ErrorCode::kGap)) << txid;
    EXPECT_THAT(refused.error().message, HasSubstr("history()"));
    EXPECT_EQ(refused.error().offset, 2 * put_frame(1, "a", "1").size());
  }
}

TEST_F(AsOf, IsRefusedWhereTheBeginningIsMissing) {
  write_segment(2, test::joined({put_frame(7, "a", "7"), put_frame(8, "a", "8")}));
  const DataWal store = open_store();
  EXPECT_THAT(store.as_of(7), FailsWith(ErrorCode::kGap));
  EXPECT_THAT(store.as_of(8), FailsWith(ErrorCode::kGap));
  EXPECT_TRUE(must(store.as_of(0)).empty());
}

TEST_F(AsOf, IsRefusedWhereATxidWasGivenTwice) {
  write_segment(1, test::joined({put_frame(1, "a", "1"), put_frame(2, "a", "2"),
                                 put_frame(3, "a", "3"), put_frame(2, "a", "other")}));
  const DataWal store = open_store();
  EXPECT_EQ(get(must(store.as_of(1)), "a"), "1");
  EXPECT_THAT(store.as_of(2), FailsWith(ErrorCode::kGap));
  EXPECT_THAT(store.as_of(3), FailsWith(ErrorCode::kGap));
}

TEST_F(AsOf, StaysWhileTheStoreGoesOn) {
  DataWal store = open_store();
  must(store.put(as_bytes("a"), as_bytes("1")));
  const Snapshot then = must(store.as_of(1));
  for (int round = 2; round < 20; ++round) must(store.put(as_bytes("a"), as_bytes("more")));
  must(store.close());
  EXPECT_EQ(get(then, "a"), "1");
  EXPECT_EQ(get(must(store.as_of(2)), "a"), "more");
}

TEST_F(AsOf, HistoryHasEveryVersionOfAKeyOldestFirst) {
  options_.segment_size_max = 100;
  DataWal store = open_store();
  must(store.put(as_bytes("a"), as_bytes("one")));
  must(store.put(as_bytes("ab"), as_bytes("another")));
  must(store.append(as_bytes("a")));
  must(store.put(as_bytes("a"), as_bytes("")));
  must(store.remove(as_bytes("a")));
  must(store.put(as_bytes("a"), as_bytes("two")));
  EXPECT_THAT(versions(store.history(as_bytes("a"))), ElementsAre("1=one", "4=", "5-", "6=two"));
  EXPECT_THAT(versions(store.history(as_bytes("b"))), IsEmpty());
  EXPECT_THAT(versions(store.history(as_bytes(""))), IsEmpty()) << "a Raw record has no key";
}

TEST_F(AsOf, HistoryTellsOfDamage) {
  DataWal store = open_store();
  must(store.put(as_bytes("a"), as_bytes("one")));
  must(store.put(as_bytes("b"), as_bytes("two")));
  damage_segment(1, 30);
  VersionCursor cursor = store.history(as_bytes("b"));
  EXPECT_FALSE(cursor.next()) << "what the damaged record was, nobody knows";
  EXPECT_FALSE(cursor.next());
}

}  // namespace
}  // namespace datawal::as_of_test
