// Followers in another process, beside a compaction: whatever step it has come to, or dies at, they
// give every record at most once, in the order of the txids, and none is lost without a kGap.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/maintenance.h"
#include "datawal/write_batch.h"
#include "log/log_test_support.h"

namespace datawal::compact_followers_test {
namespace {

using std::chrono::milliseconds;
using test::must;
using test::OwnedRecord;
using test::read_all;
using ::testing::ElementsAre;

using Txids = std::vector<Txid>;
using Values = std::map<std::string, std::string>;

Values fold(const std::vector<OwnedRecord>& records) {
  Values values;
  for (const OwnedRecord& record : records) {
    if (record.type == RecordType::kPut) values[record.key] = record.payload;
    if (record.type == RecordType::kDelete) values.erase(record.key);
  }
  return values;
}

Values values_of(ItemCursor items) {
  Values values;
  while (const std::optional<Item> item = must(items.next())) {
    values.emplace(as_text(item->key), as_text(item->value));
  }
  return values;
}

Values values_of(const DataWal& store) {
  return values_of(store.items());
}

// A follower, and what it has given so far.
struct Followed {
  Follower follower;
  std::vector<OwnedRecord> records = {};
  std::string error = {};

  void take(std::size_t count = ~std::size_t{0}) {
    while (error.empty() && count-- > 0) {
      const auto record = follower.next(milliseconds{0});
      if (!record) error = std::string(error_code_name(record.error().code));
      if (!record || !*record) return;
      records.push_back(test::owned(**record));
    }
  }
  [[nodiscard]] Txids txids() const {
    Txids txids;
    for (const OwnedRecord& record : records) txids.push_back(record.txid);
    return txids;
  }
  // Says of which record it was the second time, or one that came too late.
  [[nodiscard]] std::string disorder() const {
    const Txids all = txids();
    for (std::size_t index = 1; index < all.size(); ++index) {
      if (all[index] > all[index - 1]) continue;
      return std::to_string(all[index]) + " behind " + std::to_string(all[index - 1]);
    }
    return "";
  }
};

class CompactFollowers : public ::testing::Test {
 protected:
  // A new machine, on which nothing has happened.
  void start() {
    machine_ = std::make_unique<SimulatedFilesystem>();
    others_ = machine_->new_process();
  }
  [[nodiscard]] Options options(SimulatedFilesystem& machine) const {
    Options options;
    options.filesystem = &machine;
    options.segment_size_max = segment_size_max_;
    return options;
  }
  DataWal open_store() { return must(DataWal::open("store", options(*machine_))); }
  Followed follow(Txid from) {
    return {must(must(RecordLogReader::open("store", options(*others_))).follow(from))};
  }
  Followed follow(Txid from, std::size_t count) {
    Followed followed = follow(from);
    followed.take(count);
    return followed;
  }
  // For each place that it can stand at, a follower from the oldest record and one from the first.
  std::vector<Followed> at_all_places(std::size_t record_count) {
    std::vector<Followed> followers;
    for (const Txid from : {Txid{0}, Txid{1}}) {
      for (std::size_t count = 0; count <= record_count; ++count) {
        followers.push_back(follow(from, count));
      }
    }
    return followers;
  }
  Txids scan_txids() {
    return read_all(must(RecordLogReader::open("store", options(*others_))).scan()).txids();
  }
  // Does `action` once, right before the n-th look at names from now on.
  void at_look(std::uint64_t n, std::function<void()> action) {
    machine_->on_look([action = std::move(action), left = std::make_shared<std::uint64_t>(n)] {
      if (*left > 0 && --*left == 0) action();
    });
  }

  static void put(DataWal& store, const std::string& key, const std::string& value) {
    must(store.put(as_bytes(key), as_bytes(value)));
  }
  // Four small segments, which become one: all that is in them is needed.
  static void fill_with_live(DataWal& store) {
    must(store.append(as_bytes("an event")));
    put(store, "a", "1");
    put(store, "b", "1");
    must(store.rotate());
    put(store, "c", "1");
    put(store, "d", "1");
    must(store.rotate());
    put(store, "e", "1");
    must(store.rotate());
    put(store, "f", "1");
    must(store.rotate());
  }
  // The same with some that are not.
  static void fill_with_dead(DataWal& store) {
    for (int number = 0; number < 14; ++number) {
      put(store, "key " + std::to_string(number % 4), "value " + std::to_string(number));
      if (number % 5 == 0) must(store.remove(as_bytes("key " + std::to_string(number % 3))));
      if (number == 1) must(store.append(as_bytes("an event")));
      if (number % 2 == 1) must(store.rotate());
    }
  }
  // Stops a compaction at its n-th change, by the death of its process; gives whether it did.
  bool compact_up_to(std::uint64_t n, DataWal& store) {
    machine_->stop_at_mutation(n);
    (void)store.compact();
    const bool is_stopped = machine_->is_stopped();
    machine_->kill_process();
    return is_stopped;
  }

  // Does all that a compaction does before it removes a segment that it has joined to another.
  void compact_up_to_removal(DataWal& store) {
    machine_->inject({.first = 2,  // the first is of a hint
                      .call = SimulatedCall::kRemove,
                      .path_part = "00000002.dwal"});
    EXPECT_FALSE(store.compact());
    machine_->kill_process();
    EXPECT_TRUE(machine_->exists(segment_path(2)));
  }
  static std::string segment_path(std::uint32_t id) {
    return "store/0000000" + std::to_string(id) + ".dwal";
  }

  std::uint64_t segment_size_max_ = 4'000;
  std::unique_ptr<SimulatedFilesystem> machine_;
  std::unique_ptr<SimulatedFilesystem> others_;
};

TEST_F(CompactFollowers, GiveEveryRecordOnceWhateverStepACompactionHasComeTo) {
  bool is_stopped = true;
  for (std::uint64_t n = 1; is_stopped; ++n) {
    SCOPED_TRACE("change " + std::to_string(n));
    start();
    DataWal store = open_store();
    fill_with_live(store);
    const Txids all = scan_txids();
    std::vector<Followed> followers = at_all_places(all.size());
    is_stopped = compact_up_to(n, store);
    for (const Txid from : {Txid{0}, Txid{1}}) followers.push_back(follow(from));
    for (Followed& followed : followers) {
      followed.take();
      EXPECT_EQ(followed.error, "");
      EXPECT_EQ(followed.txids(), all);
    }
    DataWal again = open_store();
    put(again, "behind", "1");
    for (Followed& followed : followers) {
      followed.take();
      EXPECT_EQ(followed.error, "");
      EXPECT_EQ(followed.records.size(), all.size() + 1);
      EXPECT_EQ(followed.records.back().key, "behind");
    }
  }
}

TEST_F(CompactFollowers, BeginAtEveryTxidThatIsThereWhateverStepACompactionHasComeTo) {
  bool is_stopped = true;
  for (std::uint64_t n = 1; is_stopped; ++n) {
    start();
    DataWal store = open_store();
    fill_with_live(store);
    const Txids all = scan_txids();
    is_stopped = compact_up_to(n, store);
    for (std::size_t index = 0; index < all.size(); ++index) {
      Followed followed = follow(all[index]);
      followed.take();
      EXPECT_EQ(followed.error, "");
      EXPECT_EQ(followed.txids(),
                Txids(all.begin() + static_cast<std::ptrdiff_t>(index), all.end()))
          << "change " << n << ", from " << all[index];
    }
  }
}

TEST_F(CompactFollowers, FoldToTheSameInOrderWhateverStepACompactionHasComeTo) {
  bool is_stopped = true;
  for (std::uint64_t n = 1; is_stopped; ++n) {
    SCOPED_TRACE("change " + std::to_string(n));
    start();
    DataWal store = open_store();
    fill_with_dead(store);
    const Txids all = scan_txids();
    const Values expected = values_of(store);
    std::vector<Followed> followers = at_all_places(all.size());
    is_stopped = compact_up_to(n, store);
    followers.push_back(follow(0));
    for (Followed& followed : followers) followed.take();
    DataWal again = open_store();
    EXPECT_EQ(values_of(again), expected);
    put(again, "behind", "1");
    for (Followed& followed : followers) {
      followed.take();
      EXPECT_EQ(followed.disorder(), "");
      if (followed.error == "Gap") continue;  // of one that had not seen what is gone
      EXPECT_EQ(followed.error, "");
      EXPECT_EQ(fold(followed.records), values_of(again));
    }
    Followed late = follow(0);
    late.take();
    EXPECT_EQ(late.disorder(), "");
    EXPECT_EQ(late.error, "");
    EXPECT_EQ(fold(late.records), values_of(again));
  }
}

TEST_F(CompactFollowers, HaveAGapWhereOneRecordIsGoneThatTheyHaveNotSeen) {
  start();
  DataWal store = open_store();
  put(store, "a", "1");
  must(store.rotate());
  put(store, "b", "1");  // the only one that a compaction leaves out
  put(store, "b", "2");
  must(store.rotate());
  Followed ahead = follow(1);
  ahead.take();
  Followed behind = follow(1, 1);
  must(store.compact());
  put(store, "c", "1");
  ahead.take();
  EXPECT_EQ(ahead.error, "");
  EXPECT_EQ(ahead.txids(), (Txids{1, 2, 3, 4}));
  behind.take();
  EXPECT_EQ(behind.error, "Gap");
  EXPECT_EQ(behind.txids(), (Txids{1}));
  EXPECT_THAT(must(RecordLogReader::open("store", options(*others_))).follow(2),
              test::FailsWith(ErrorCode::kGap));
  Followed from_oldest = follow(0);
  from_oldest.take();
  EXPECT_EQ(from_oldest.txids(), (Txids{1, 3, 4}));
}

TEST_F(CompactFollowers, ResumeBehindWhatACompactionHasLeftOutAtTheEnd) {
  start();
  Txid seen = 0;
  {
    DataWal store = open_store();
    put(store, "a", "1");
    must(store.remove(as_bytes("a")));
    must(store.compact());
    Followed followed = follow(0);
    followed.take();
    seen = followed.follower.txid();
    EXPECT_EQ(seen, 2U);
  }
  DataWal store = open_store();
  Followed followed = follow(seen + 1);
  put(store, "b", "1");
  followed.take();
  EXPECT_EQ(followed.error, "");
  EXPECT_EQ(followed.txids(), (Txids{3}));
}

// Its announcement has no copy in the joined segment.
TEST_F(CompactFollowers, GiveABatchOnceThatIsThereTwice) {
  start();
  {
    DataWal store = open_store();
    put(store, "a", "1");
    must(store.rotate());
    WriteBatch batch;
    must(batch.put(as_bytes("b"), as_bytes("1")));
    must(batch.put(as_bytes("c"), as_bytes("1")));
    must(store.write(batch));
    must(store.rotate());
    for (const char* key : {"d", "e", "f"}) put(store, key, "1");
    must(store.rotate());
    must(store.close());
  }
  DataWal store = open_store();
  const Txids all = scan_txids();
  std::vector<Followed> followers = at_all_places(all.size());
  compact_up_to_removal(store);
  followers.push_back(follow(0));
  for (Followed& followed : followers) {
    followed.take();
    EXPECT_EQ(followed.disorder(), "");
    if (followed.error.empty()) {
      EXPECT_EQ(followed.txids(), all);
    }
  }
}

// The txids of a log that is no compaction's may go back: each of its records is another one.
TEST_F(CompactFollowers, GiveAllRecordsWhereTheTxidsGoBack) {
  start();
  machine_->write_file(segment_path(1),
                       test::joined({test::put_frame(1, "a", "1"), test::put_frame(2, "b", "1"),
                                     test::put_frame(3, "c", "1")}));
  machine_->write_file(segment_path(2),
                       test::joined({test::put_frame(2, "b", "1"), test::put_frame(3, "c", "2")}));
  Followed followed = follow(0);
  followed.take();
  EXPECT_EQ(followed.error, "");
  EXPECT_EQ(followed.txids(), (Txids{1, 2, 3, 2, 3}));
}

// The same for an event before the copy: no compaction joins a segment with one to another.
TEST_F(CompactFollowers, NeverPassOverAnEvent) {
  start();
  machine_->write_file(segment_path(1),
                       test::joined({test::put_frame(1, "a", "1"), test::raw_frame(2, "event"),
                                     test::put_frame(3, "c", "1")}));
  machine_->write_file(segment_path(2),
                       test::joined({test::raw_frame(2, "another"), test::put_frame(3, "c", "1")}));
  Followed followed = follow(0);
  followed.take();
  EXPECT_EQ(followed.error, "");
  EXPECT_EQ(followed.txids(), (Txids{1, 2, 3, 2, 3}));
}

// Others in that window: what is there twice folds to the same, and is no damage.
TEST_F(CompactFollowers, OtherReadersCopeWithWhatIsThereTwice) {
  start();
  DataWal store = open_store();
  fill_with_live(store);
  std::map<Txid, Values> states;
  for (const Txid txid : scan_txids()) states[txid] = values_of(must(store.as_of(txid)).items());
  const Values expected = values_of(store.items());
  compact_up_to_removal(store);
  const Options other = options(*others_);
  const std::vector<OwnedRecord> scanned =
      read_all(must(RecordLogReader::open("store", other)).scan()).records;
  EXPECT_EQ(fold(scanned), expected);
  EXPECT_EQ(std::ranges::count(scanned, RecordType::kRaw, &OwnedRecord::type), 1);
  const VerifyReport report = must(verify("store", other));
  EXPECT_TRUE(report.is_sound());
  EXPECT_FALSE(report.refusal);
  const DataWal reader = must(DataWal::open_read_only("store", other));
  EXPECT_EQ(values_of(reader), expected);
  for (const auto& [txid, values] : states) {
    const auto then = reader.as_of(txid);
    if (then) {
      EXPECT_EQ(values_of(then->items()), values);
    } else {
      EXPECT_THAT(then, test::FailsWith(ErrorCode::kGap));  // not known
    }
  }
  must(reader.compact_to("copy"));
  EXPECT_EQ(values_of(must(DataWal::open("copy", options(*machine_)))), expected);
  EXPECT_EQ(values_of(open_store()), expected);
}

// One that goes from one segment to the next looks at the names several times.
TEST_F(CompactFollowers, GiveEveryRecordOnceWhereverBetweenTwoLooksACompactionComes) {
  bool is_reached = true;
  for (std::uint64_t look = 1; is_reached; ++look) {
    is_reached = false;
    for (const Txid from : {Txid{0}, Txid{1}}) {
      for (std::size_t begun = 0; begun <= 7; ++begun) {
        SCOPED_TRACE("look " + std::to_string(look) + ", from " + std::to_string(from) +
                     ", behind " + std::to_string(begun));
        start();
        DataWal store = open_store();
        fill_with_live(store);
        const Txids all = scan_txids();
        Followed followed = follow(from, begun);
        at_look(look, [&] {
          is_reached = true;
          must(store.compact());
        });
        followed.take();
        EXPECT_EQ(followed.error, "");
        EXPECT_EQ(followed.txids(), all);
        machine_->on_look({});
        put(store, "behind", "1");
        followed.take();
        EXPECT_EQ(followed.error, "");
        EXPECT_EQ(followed.records.size(), all.size() + 1);
      }
    }
  }
}

TEST_F(CompactFollowers, BeginWhereverBetweenTwoLooksACompactionComes) {
  bool is_reached = true;
  for (std::uint64_t look = 1; is_reached; ++look) {
    is_reached = false;
    for (std::size_t begun = 0; begun < 7; ++begun) {
      start();
      DataWal store = open_store();
      fill_with_live(store);
      const Txids all = scan_txids();
      if (begun == all.size()) continue;
      SCOPED_TRACE("look " + std::to_string(look) + ", from " + std::to_string(all[begun]));
      at_look(look, [&] {
        is_reached = true;
        must(store.compact());
      });
      Followed followed = follow(all[begun]);
      followed.take();
      machine_->on_look({});
      EXPECT_EQ(followed.error, "");
      EXPECT_EQ(followed.txids(),
                Txids(all.begin() + static_cast<std::ptrdiff_t>(begun), all.end()));
    }
  }
}

// Behind the last record there is space that is reserved, which it takes a look at the log to tell
// from damage.
TEST_F(CompactFollowers, GiveEveryRecordOnceWhereTheSegmentThatTheyStandInIsSealedAndJoined) {
  bool is_reached = true;
  for (std::uint64_t look = 1; is_reached; ++look) {
    is_reached = false;
    for (const Txid from : {Txid{0}, Txid{1}, Txid{2}, Txid{3}}) {
      SCOPED_TRACE("look " + std::to_string(look) + ", from " + std::to_string(from));
      start();
      machine_->set_write_through_size(0);
      DataWal store = open_store();
      put(store, "a", "1");
      must(store.rotate());
      put(store, "b", "1");
      Followed followed = follow(from);
      bool is_done = false;
      at_look(look, [&] {
        is_done = is_reached = true;
        put(store, "c", "1");
        must(store.rotate());
        must(store.compact());
        put(store, "d", "1");
      });
      followed.take();
      machine_->on_look({});
      followed.take();
      EXPECT_EQ(followed.error, "");
      EXPECT_EQ(followed.disorder(), "");
      if (is_done) {
        EXPECT_EQ(followed.follower.txid(), 4U);
        EXPECT_EQ(followed.records.size(), from == 0 ? 4U : 5U - from);
      }
    }
  }
}

// The old segments go one by one, in order.
TEST_F(CompactFollowers, GiveEveryRecordOnceWhereverOldSegmentsGo) {
  bool is_reached = true;
  for (std::uint64_t look = 1; is_reached; ++look) {
    is_reached = false;
    for (std::size_t begun = 0; begun <= 7; ++begun) {
      for (std::uint32_t last = 2; last <= 4; ++last) {
        SCOPED_TRACE("look " + std::to_string(look) + ", begun " + std::to_string(begun) +
                     ", up to segment " + std::to_string(last));
        start();
        DataWal store = open_store();
        fill_with_live(store);
        const Txids all = scan_txids();
        Followed followed = follow(1, begun);
        compact_up_to_removal(store);
        at_look(look, [&] {
          is_reached = true;
          for (std::uint32_t id = 2; id <= last; ++id) machine_->remove(segment_path(id));
        });
        followed.take();
        machine_->on_look({});
        EXPECT_EQ(followed.error, "");
        EXPECT_EQ(followed.txids(), all);
      }
    }
  }
}

}  // namespace
}  // namespace datawal::compact_followers_test
