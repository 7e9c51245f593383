// Snapshots of a store on a real disk, read through mappings and by pread.
#include "datawal/snapshot.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

#include "datawal/data_wal.h"
#include "file/posix_test_support.h"
#include "log/log_test_support.h"

namespace datawal::snapshot_test {
namespace {

using test::FailsWith;
using test::must;
using test::Succeeds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Model = std::map<std::string, std::string>;

enum class Direction { kForwards, kBackwards };

Pairs pairs(ItemCursor cursor) {
  Pairs found;
  while (const std::optional<Item> item = must(cursor.next())) {
    found.emplace_back(as_text(item->key), as_text(item->value));
  }
  return found;
}

Pairs pairs(Result<OrderedCursor> made, Direction direction = Direction::kForwards) {
  OrderedCursor cursor = must(std::move(made));
  if (direction == Direction::kBackwards) cursor.seek_to_end();
  Pairs found;
  while (const std::optional<Item> item =
             must(direction == Direction::kForwards ? cursor.next() : cursor.prev())) {
    found.emplace_back(as_text(item->key), as_text(item->value));
  }
  return found;
}

std::vector<std::string> keys_of(const Pairs& pairs) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : pairs) keys.push_back(key);
  return keys;
}

std::string text_of(const std::optional<Value>& value) {
  return value ? std::string(value->text()) : "-";
}

class SnapshotTest : public testing::TestWithParam<bool> {
 protected:
  SnapshotTest() : store_(open()) {}

  [[nodiscard]] DataWal open() const {
    return must(
        DataWal::open(scratch_ / "store", {.segment_size_max = 1 << 16, .map_files = GetParam()}));
  }
  void reopen() {
    must(store_->close());
    store_.emplace(open());
  }
  void put(std::string_view key, std::string_view value) {
    must(store_->put(as_bytes(key), as_bytes(value)));
  }
  void remove(std::string_view key) { must(store_->remove(as_bytes(key))); }
  [[nodiscard]] Snapshot snapshot() const { return must(store_->snapshot()); }
  template <typename Store>
  static std::string get(const Store& store, std::string_view key) {
    return text_of(must(store.get(as_bytes(key))));
  }
  // Inverts bits of the byte at `offset` in the record of `key`.
  void damage(std::string_view key, std::uint64_t offset) {
    const RecordRef ref = must(store_->ref_of(as_bytes(key))).value();
    const auto place = static_cast<std::streamoff>(ref.offset + offset);
    std::fstream file(scratch_ / "store" / "00000001.dwal",
                      std::ios::in | std::ios::out | std::ios::binary);
    const char before = static_cast<char>(file.seekg(place).get());
    file.seekp(place).put(static_cast<char>(before ^ 0x10)).flush();
  }

  const test::ScratchDirectory scratch_;
  std::optional<DataWal> store_;
};

INSTANTIATE_TEST_SUITE_P(, SnapshotTest, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Mapped" : "Read");
});

TEST_P(SnapshotTest, ShowsTheStoreAsItWas) {
  put("changed", "old");
  put("removed", "1");
  put("kept", "2");
  const Snapshot before = snapshot();
  put("changed", "new");
  remove("removed");
  put("added", "3");
  EXPECT_EQ(get(before, "changed"), "old");
  EXPECT_EQ(get(before, "removed"), "1");
  EXPECT_EQ(get(before, "kept"), "2");
  EXPECT_EQ(get(before, "added"), "-");
  EXPECT_TRUE(must(before.contains_key(as_bytes("removed"))));
  EXPECT_FALSE(must(before.contains_key(as_bytes("added"))));
  EXPECT_EQ(before.size(), 3U);
  EXPECT_FALSE(before.empty());
  EXPECT_EQ(before.txid(), 3U);
  EXPECT_THAT(pairs(before.items()),
              ElementsAre(Pair("changed", "old"), Pair("removed", "1"), Pair("kept", "2")));
  EXPECT_THAT(pairs(before.keys()),
              ElementsAre(Pair("changed", ""), Pair("removed", ""), Pair("kept", "")));
  EXPECT_EQ(get(*store_, "changed"), "new");
  EXPECT_EQ(get(snapshot(), "added"), "3");
}

TEST_P(SnapshotTest, OutlivesTheStore) {
  put("a", "1");
  put("b", std::string(5'000, 'x'));
  Snapshot taken = snapshot();
  ItemCursor items = taken.items();
  OrderedCursor range = must(taken.range({}));
  std::optional<PinnedValue> pinned = must(taken.get_view(as_bytes("b")));
  put("a", "2");
  must(store_->close());
  EXPECT_EQ(get(taken, "a"), "1");
  EXPECT_EQ(snapshot().size(), 2U) << "a closed store can still be read";
  store_.reset();
  EXPECT_EQ(get(taken, "a"), "1");
  EXPECT_THAT(keys_of(pairs(taken.range({}))), ElementsAre("a", "b"));
  Snapshot moved = std::move(taken);
  EXPECT_EQ(get(moved, "b"), std::string(5'000, 'x'));
  moved = must(open().snapshot());
  EXPECT_EQ(get(moved, "a"), "2");
  EXPECT_THAT(pairs(std::move(items)), ElementsAre(Pair("a", "1"), Pair("b", testing::_)));
  EXPECT_EQ(must(range.next())->value.size(), 1U);
  EXPECT_EQ(pinned->text(), std::string(5'000, 'x'));
}

TEST_P(SnapshotTest, ReadsInAllWays) {
  put("long", "a value of 21 letters");
  put("empty", "");
  const auto expect_reads = [](const auto& store) {
    std::array<std::byte, 30> buffer{};
    const auto large = must(store.get_into(as_bytes("long"), buffer));
    EXPECT_EQ(large, 21U);
    EXPECT_EQ(as_text(ByteView(buffer).first(21)), "a value of 21 letters");
    EXPECT_EQ(buffer[21], std::byte{0});
    std::array<std::byte, 8> small{};
    const auto cut = must(store.get_into(as_bytes("long"), MutableByteView(small).first(7)));
    EXPECT_EQ(cut, 21U) << "the size is the value's";
    EXPECT_EQ(as_text(ByteView(small).first(7)), "a value");
    EXPECT_EQ(small[7], std::byte{0}) << "nothing behind the buffer is touched";
    EXPECT_EQ(must(store.get_into(as_bytes("empty"), {})), 0U);
    EXPECT_EQ(must(store.get_into(as_bytes("none"), buffer)), std::nullopt);

    EXPECT_EQ(must(store.get_view(as_bytes("long")))->text(), "a value of 21 letters");
    EXPECT_EQ(must(store.get_view(as_bytes("empty")))->size(), 0U);
    EXPECT_FALSE(must(store.get_view(as_bytes("none"))));

    const std::vector<ByteView> keys = {as_bytes("none"), as_bytes("long"), as_bytes("empty"),
                                        as_bytes("long")};
    const auto values = store.multi_get(keys);
    ASSERT_EQ(values.size(), 4U);
    EXPECT_EQ(text_of(must(store.get(keys[0]))), "-");
    EXPECT_FALSE(*values[0]);
    EXPECT_EQ((*values[1])->text(), "a value of 21 letters");
    EXPECT_EQ((*values[2])->text(), "");
    EXPECT_EQ((*values[3])->text(), "a value of 21 letters");
    EXPECT_TRUE(store.multi_get({}).empty());
  };
  expect_reads(*store_);
  expect_reads(snapshot());
  expect_reads(must(DataWal::open_read_only(scratch_ / "store")));
}

TEST_P(SnapshotTest, GetsManyKeysAtOnce) {
  std::vector<std::string> keys;
  for (int number = 0; number < 500; ++number) keys.push_back("key " + std::to_string(number));
  for (std::size_t index = 0; index < keys.size(); index += 2) put(keys[index], keys[index]);
  std::vector<ByteView> views;
  for (const std::string& key : keys) views.push_back(as_bytes(key));
  for (std::size_t count = 0; count < 60; ++count) {
    const auto values = store_->multi_get(std::span(views).first(count));
    ASSERT_EQ(values.size(), count);
    for (std::size_t index = 0; index < count; ++index) {
      EXPECT_EQ(text_of(*values[index]), index % 2 == 0 ? keys[index] : "-");
    }
  }
}

TEST_P(SnapshotTest, APinnedValueStaysWhileTheStoreGoesOn) {
  put("a", "first");
  std::optional<PinnedValue> pinned = must(store_->get_view(as_bytes("a")));
  put("a", "second");
  must(store_->rotate());
  DataWal moved = *std::exchange(store_, std::nullopt);
  EXPECT_EQ(pinned->text(), "first");
  must(moved.close());
  const PinnedValue last = std::move(*pinned);
  EXPECT_EQ(last.text(), "first");
}

TEST_P(SnapshotTest, TellsOfDamageInEveryWayOfReading) {
  put("a", "undamaged");
  put("b", "the value");
  put("c", "undamaged");
  const Snapshot taken = snapshot();
  damage("b", kFrameHeaderSize + 3);
  std::array<std::byte, 30> buffer{};
  EXPECT_THAT(taken.get(as_bytes("b")), FailsWith(ErrorCode::kCrcMismatch));
  EXPECT_THAT(taken.get_into(as_bytes("b"), buffer), FailsWith(ErrorCode::kCrcMismatch));
  EXPECT_THAT(taken.get_view(as_bytes("b")), FailsWith(ErrorCode::kCrcMismatch));
  const std::vector<ByteView> keys = {as_bytes("a"), as_bytes("b"), as_bytes("c")};
  const auto values = taken.multi_get(keys);
  EXPECT_EQ((*values[0])->text(), "undamaged");
  EXPECT_THAT(values[1], FailsWith(ErrorCode::kCrcMismatch));
  EXPECT_EQ((*values[2])->text(), "undamaged");

  ItemCursor items = taken.items();
  EXPECT_EQ(as_text(must(items.next())->key), "a");
  EXPECT_THAT(items.next(), FailsWith(ErrorCode::kCrcMismatch));
  EXPECT_THAT(items.next(), FailsWith(ErrorCode::kCrcMismatch)) << "it is not passed over";
  OrderedCursor range = must(taken.range({}));
  EXPECT_EQ(as_text(must(range.next())->key), "a");
  EXPECT_THAT(range.next(), FailsWith(ErrorCode::kCrcMismatch));
  EXPECT_THAT(range.next(), FailsWith(ErrorCode::kCrcMismatch));
  EXPECT_EQ(as_text(must(range.prev())->key), "a");
  must(range.seek(as_bytes("c")));
  EXPECT_THAT(range.prev(), FailsWith(ErrorCode::kCrcMismatch));
  EXPECT_EQ(as_text(must(range.next())->key), "c");
  EXPECT_THAT(taken.compact_to(scratch_ / "copy"), FailsWith(ErrorCode::kCrcMismatch));
}

TEST_P(SnapshotTest, ADamagedKeyIsNotPutIntoTheOrder) {
  put("a", "1");
  put("b", "2");
  const Snapshot taken = snapshot();
  damage("b", kFrameHeaderSize);
  EXPECT_THAT(taken.range({}), FailsWith(ErrorCode::kKeyMismatch));
  EXPECT_THAT(taken.prefix(as_bytes("a")), FailsWith(ErrorCode::kKeyMismatch));
}

TEST_P(SnapshotTest, WalksRangesInTheOrderOfBytes) {
  const std::string zero("a\0", 2);
  for (const std::string& key :
       {std::string("b"), std::string("\xff"), std::string("a"), std::string("ab"), std::string(),
        zero, std::string("\x7f"), std::string("\xff\xff"), std::string("\x80")}) {
    put(key, "v");
  }
  const Snapshot taken = snapshot();
  const std::vector<std::string> all = {"",     "a",    zero,   "ab",      "b",
                                        "\x7f", "\x80", "\xff", "\xff\xff"};
  EXPECT_EQ(keys_of(pairs(taken.range({}))), all);
  std::vector<std::string> reversed = all;
  std::ranges::reverse(reversed);
  EXPECT_EQ(keys_of(pairs(taken.range({}), Direction::kBackwards)), reversed);
  EXPECT_THAT(keys_of(pairs(taken.prefix(as_bytes("a")))), ElementsAre("a", zero, "ab"));
  EXPECT_THAT(keys_of(pairs(taken.prefix(as_bytes("\xff")))), ElementsAre("\xff", "\xff\xff"));
  EXPECT_EQ(keys_of(pairs(taken.prefix({}))), all);
  EXPECT_THAT(pairs(taken.prefix(as_bytes("c"))), IsEmpty());
  EXPECT_THAT(keys_of(pairs(taken.range({as_bytes("ab"), as_bytes("\x80")}))),
              ElementsAre("ab", "b", "\x7f"));
  EXPECT_THAT(pairs(taken.range({as_bytes("b"), as_bytes("a")})), IsEmpty());
  EXPECT_THAT(keys_of(pairs(taken.range({.end = as_bytes("a")}))), ElementsAre(""));
}

TEST_P(SnapshotTest, SeeksWithinItsRange) {
  for (const std::string_view key : {"a", "c", "e", "g"}) put(key, key);
  const Snapshot taken = snapshot();
  OrderedCursor cursor = must(taken.range({as_bytes("b"), as_bytes("g")}));
  must(cursor.seek(as_bytes("d")));
  EXPECT_EQ(as_text(must(cursor.next())->key), "e");
  EXPECT_EQ(as_text(must(cursor.prev())->key), "e");
  EXPECT_EQ(as_text(must(cursor.prev())->key), "c");
  EXPECT_FALSE(must(cursor.prev()));
  must(cursor.seek(as_bytes("z")));
  EXPECT_FALSE(must(cursor.next()));
  EXPECT_EQ(as_text(must(cursor.prev())->key), "e");
  must(cursor.seek(as_bytes("a")));
  EXPECT_EQ(as_text(must(cursor.next())->key), "c");
  must(cursor.seek(as_bytes("c")));
  EXPECT_EQ(as_text(must(cursor.next())->key), "c");
  cursor.seek_to_begin();
  EXPECT_FALSE(must(cursor.prev()));
}

// Keys of which many begin with the same eight bytes, or the same hundred.
TEST_P(SnapshotTest, OrdersKeysThatBeginAlike) {
  Model model;
  std::mt19937 random(1);
  for (int number = 0; number < 2'000; ++number) {
    const std::string start = number % 3 == 0   ? "user:000"
                              : number % 3 == 1 ? std::string(100, 'k')
                                                : "";
    const std::string key = start + std::to_string(random() % 100'000);
    put(key, key);
    model[key] = key;
  }
  const Snapshot taken = snapshot();
  EXPECT_EQ(pairs(taken.range({})), Pairs(model.begin(), model.end()));
  for (const std::string_view begin : {"user:0005", "user:00099999", "kkkkkkkkk", "5"}) {
    const Pairs found = pairs(taken.range({.begin = as_bytes(begin)}));
    EXPECT_EQ(found, Pairs(model.lower_bound(std::string(begin)), model.end())) << begin;
  }
}

TEST_P(SnapshotTest, ExportsAndCompactsItsMoment) {
  put("b", "1");
  put("a", "2");
  const Snapshot taken = snapshot();
  put("a", "3");
  put("c", "4");
  EXPECT_EQ(must(taken.compact_to(scratch_ / "copy")).live_keys, 2U);
  const DataWal copy = must(DataWal::open_read_only(scratch_ / "copy"));
  EXPECT_THAT(pairs(copy.items()), ElementsAre(Pair("a", "2"), Pair("b", "1")));
  EXPECT_EQ(must(taken.export_jsonl(scratch_ / "lines")).records_written, 2U);
  EXPECT_THAT(taken.export_jsonl(scratch_ / "lines", Overwrite::kNo),
              FailsWith(ErrorCode::kAlreadyExists));
}

TEST_P(SnapshotTest, OfAStoreOpenedReadOnlyAndOfAnEmptyOne) {
  EXPECT_TRUE(snapshot().empty());
  EXPECT_EQ(snapshot().txid(), 0U);
  EXPECT_THAT(pairs(snapshot().range({})), IsEmpty());
  put("a", "1");
  put("b", "2");
  const DataWal looked_at = must(DataWal::open_read_only(scratch_ / "store"));
  put("c", "3");
  const Snapshot taken = must(looked_at.snapshot());
  EXPECT_EQ(taken.txid(), 2U);
  EXPECT_THAT(pairs(taken.items()), ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_THAT(pairs(taken.range({}), Direction::kBackwards),
              ElementsAre(Pair("b", "2"), Pair("a", "1")));
}

// Random writes with snapshots among them, each held against a copy of the model; some of them only
// after the store has been closed and opened again.
TEST_P(SnapshotTest, RandomSnapshotsAreAsTheModelWas) {
  struct Taken {
    Snapshot snapshot;
    Model model;
    Txid txid;
  };
  const auto expect_same = [](const Taken& taken) {
    ASSERT_EQ(taken.snapshot.txid(), taken.txid);
    ASSERT_EQ(taken.snapshot.size(), taken.model.size());
    Pairs items = pairs(taken.snapshot.items());
    std::ranges::sort(items);
    const Pairs expected(taken.model.begin(), taken.model.end());
    ASSERT_EQ(items, expected);
    ASSERT_EQ(pairs(taken.snapshot.range({})), expected);
    for (int number = 0; number < 300; ++number) {
      const std::string key = "key " + std::to_string(number);
      const auto found = taken.model.find(key);
      ASSERT_EQ(get(taken.snapshot, key), found == taken.model.end() ? "-" : found->second);
    }
  };
  std::mt19937 random(2);
  Model model;
  std::vector<Taken> all;
  for (int step = 0; step < 12'000; ++step) {
    const std::string key = "key " + std::to_string(random() % 300);
    if (random() % 4 == 0) {
      remove(key);
      model.erase(key);
    } else {
      model[key] = std::to_string(step) + std::string(random() % 200, 'v');
      put(key, model[key]);
    }
    if (random() % 800 == 0) all.push_back({snapshot(), model, store_->log()->last_txid()});
    if (random() % 3'000 == 0) reopen();
    if (random() % 2'000 != 0 || all.empty()) continue;
    const auto released = all.begin() + static_cast<std::ptrdiff_t>(random() % all.size());
    ASSERT_NO_FATAL_FAILURE(expect_same(*released));
    all.erase(released);
  }
  reopen();
  ASSERT_GT(all.size(), 3U);
  for (const Taken& taken : all) {
    ASSERT_NO_FATAL_FAILURE(expect_same(taken));
    const Snapshot folded = must(store_->as_of(taken.txid));
    ASSERT_NO_FATAL_FAILURE(
        expect_same({must(store_->as_of(taken.txid)), taken.model, taken.txid}));
  }
}

// Every round is put in the order of the keys, so in one moment the rounds fall at most once.
TEST_P(SnapshotTest, AreOfOneMomentWhileOthersWriteAndRead) {
  constexpr int kKeys = 400;
  constexpr int kSnapshots = 60;
  const auto key_of = [](int key) { return "key " + std::to_string(1'000 + key); };
  const auto put_all = [&](int round) {
    for (int key = 0; key < kKeys; ++key) put(key_of(key), std::to_string(round));
  };
  put_all(0);
  std::atomic<int> takers = 3;
  std::vector<std::jthread> threads;
  for (int taker = 0; taker < 3; ++taker) {
    threads.emplace_back([&, taker] {
      std::optional<Snapshot> before;
      for (int count = 0; count < kSnapshots; ++count) {
        const Snapshot taken = snapshot();
        EXPECT_EQ(taken.size(), static_cast<std::uint64_t>(kKeys));
        const auto round_of = [&](int key) { return std::stoi(get(taken, key_of(key))); };
        const int first = round_of(0);
        int last = first;
        for (int key = 0; key < kKeys; ++key) {
          const int round = round_of(key);
          EXPECT_TRUE(round == last || (last == first && round == first - 1)) << key;
          last = round;
        }
        EXPECT_EQ(taken.txid(),
                  static_cast<Txid>(first * kKeys +
                                    (last == first ? kKeys
                                                   : std::ranges::count_if(
                                                         std::views::iota(0, kKeys), [&](int key) {
                                                           return round_of(key) == first;
                                                         }))));
        if (count % 8 == taker) {
          EXPECT_EQ(pairs(taken.range({})).size(), static_cast<std::size_t>(kKeys));
        }
        if (count % 5 == taker) before.emplace(snapshot());
        if (before) {
          EXPECT_EQ(before->size(), static_cast<std::uint64_t>(kKeys));
        }
      }
      --takers;
    });
  }
  for (int round = 1; takers > 0; ++round) put_all(round);
}

TEST_P(SnapshotTest, OneIsReadByManyThreads) {
  for (int number = 0; number < 1'000; ++number) put(std::to_string(number), "old");
  const Snapshot taken = snapshot();
  std::vector<std::jthread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      EXPECT_EQ(pairs(taken.range({})).size(), 1'000U);
      for (int number = 0; number < 1'000; ++number) {
        EXPECT_EQ(get(taken, std::to_string(number)), "old");
      }
      EXPECT_EQ(pairs(taken.items()).size(), 1'000U);
    });
  }
  for (int number = 0; number < 1'000; ++number) put(std::to_string(number), "new");
}

}  // namespace
}  // namespace datawal::snapshot_test
