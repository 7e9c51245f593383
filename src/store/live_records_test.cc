// Walks over stores of several windows of the log: in log order, in the order of the keys, and what
// they tell where the index leads to something else than it says.
#include "store/live_records.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "datawal/data_wal.h"
#include "file/posix_test_support.h"
#include "format/names.h"
#include "log/log_test_support.h"
#include "store/ordered_records.h"
#include "store/snapshot_state.h"

namespace datawal::live_records_test {
namespace {

using test::FailsWith;
using test::must;

using Model = std::map<std::string, std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class LiveRecordsTest : public testing::TestWithParam<bool> {
 protected:
  LiveRecordsTest() : store_(open(scratch_ / "store")) {}

  [[nodiscard]] static DataWal open(const std::filesystem::path& directory) {
    return must(DataWal::open(directory, {.segment_size_max = 1'500'000, .map_files = GetParam()}));
  }
  void put(const std::string& key, const std::string& value) {
    must(store_.put(as_bytes(key), as_bytes(value)));
    model_[key] = value;
  }
  void remove(const std::string& key) {
    must(store_.remove(as_bytes(key)));
    model_.erase(key);
  }
  static std::string key_of(unsigned number) { return "key " + std::to_string(number); }
  static std::string value_of(unsigned number) {
    return "value " + std::to_string(number) + std::string(number % 150, 'v');
  }
  void fill(unsigned count) {
    for (unsigned number = 0; number < count; ++number) put(key_of(number), value_of(number));
  }
  void damage(std::string_view key, std::uint64_t offset) {
    const RecordRef ref = must(store_.ref_of(as_bytes(key))).value();
    ASSERT_EQ(ref.segment, SegmentId{1});
    const auto place = static_cast<std::streamoff>(ref.offset + offset);
    std::fstream file(scratch_ / "store" / "00000001.dwal",
                      std::ios::in | std::ios::out | std::ios::binary);
    const char before = static_cast<char>(file.seekg(place).get());
    file.seekp(place).put(static_cast<char>(before ^ 0x10)).flush();
  }

  // All items by next(), by next_batch(), and by for_each(), which must be the same and in log
  // order.
  [[nodiscard]] Pairs items() const {
    Pairs found;
    Position last;
    ItemCursor cursor = store_.items();
    while (const std::optional<Item> item = must(cursor.next())) {
      found.emplace_back(as_text(item->key), as_text(item->value));
      const Position position = item->ref.position();
      EXPECT_TRUE(found.size() == 1 || last < position);
      EXPECT_EQ(item->ref, must(store_.ref_of(item->key)));
      last = position;
    }
    EXPECT_FALSE(must(cursor.next()));
    Pairs batched;
    ItemCursor batches = store_.items();
    for (auto batch = must(batches.next_batch()); !batch.empty();
         batch = must(batches.next_batch())) {
      for (const Item& item : batch) batched.emplace_back(as_text(item.key), as_text(item.value));
    }
    EXPECT_EQ(found, batched);
    Pairs visited;
    must(store_.for_each([&](const Item& item) {
      visited.emplace_back(as_text(item.key), as_text(item.value));
      return true;
    }));
    EXPECT_EQ(found, visited);
    return found;
  }
  void expect_as_model() const {
    Pairs found = items();
    std::ranges::sort(found);
    EXPECT_EQ(found, Pairs(model_.begin(), model_.end()));
    Pairs ordered;
    const Snapshot snapshot = must(store_.snapshot());
    OrderedCursor cursor = must(snapshot.range({}));
    while (const std::optional<Item> item = must(cursor.next())) {
      ordered.emplace_back(as_text(item->key), as_text(item->value));
    }
    EXPECT_EQ(ordered, Pairs(model_.begin(), model_.end()));
    must(snapshot.compact_to(scratch_ / "copy"));
    const DataWal copy = open(scratch_ / "copy");
    Pairs copied;
    must(copy.for_each([&](const Item& item) {
      copied.emplace_back(as_text(item.key), as_text(item.value));
      return true;
    }));
    EXPECT_EQ(copied, ordered) << "a copy is in the order of the keys";
    std::filesystem::remove_all(scratch_ / "copy");
  }

  const test::ScratchDirectory scratch_;
  Model model_;
  DataWal store_;
};

INSTANTIATE_TEST_SUITE_P(, LiveRecordsTest, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Mapped" : "Read");
});

TEST_P(LiveRecordsTest, GiveAllWhereNothingIsDead) {
  fill(30'000);
  expect_as_model();
}

TEST_P(LiveRecordsTest, GiveWhatIsLeftWhereMuchIsDead) {
  fill(20'000);
  std::mt19937 random(5);
  for (unsigned step = 0; step < 20'000; ++step) {
    const std::string key = key_of(static_cast<unsigned>(random()) % 30'000);
    switch (random() % 4) {
      case 0:
        remove(key);
        break;
      case 1:
        must(store_.append(as_bytes(key)));
        break;
      default:
        put(key, value_of(step));
    }
  }
  expect_as_model();
  must(store_.compact());
  expect_as_model();
}

// A window in which something is dead is followed by one in which nothing is, and so on.
TEST_P(LiveRecordsTest, GiveAllWhereSomePartsOfTheLogAreDense) {
  fill(30'000);
  for (unsigned number = 0; number < 30'000; number += 9'000) put(key_of(number), "new");
  expect_as_model();
}

// So many windows that another thread reads ahead.
TEST_P(LiveRecordsTest, GiveAllOfALargeStore) {
  fill(90'000);
  for (unsigned number = 0; number < 90'000; number += 29'000) put(key_of(number), "new");
  expect_as_model();
}

TEST_P(LiveRecordsTest, OfALargeStoreCanBeLeftAnywhere) {
  fill(60'000);
  const Snapshot taken = must(store_.snapshot());
  for (std::size_t wanted = 1; wanted < 60'000; wanted = wanted * 2 + wanted / 3) {
    ItemCursor cursor = taken.items();
    std::size_t count = 0;
    while (count < wanted) {
      const auto batch = must(cursor.next_batch());
      ASSERT_FALSE(batch.empty());
      for (const Item& item : batch) {
        ASSERT_EQ(as_text(item.key), key_of(static_cast<unsigned>(count++)));
      }
    }
    // Let a thread that reads ahead come as far as it may, and wait for this one.
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
}

TEST_P(LiveRecordsTest, TellOfDamageFarInALargeStore) {
  fill(60'000);
  const RecordRef ref = must(store_.ref_of(as_bytes(key_of(50'000)))).value();
  const std::filesystem::path file = scratch_ / "store" / segment_name(ref.segment);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(ref.offset + ref.size - 1))
      .put('?')
      .flush();
  ItemCursor cursor = store_.items();
  for (unsigned number = 0; number < 50'000; ++number) {
    ASSERT_EQ(as_text(must(cursor.next())->key), key_of(number));
  }
  for (int again = 0; again < 3; ++again) {
    const auto item = cursor.next();
    ASSERT_THAT(item, FailsWith(ErrorCode::kCrcMismatch));
    EXPECT_EQ(item.error().offset, ref.offset);
  }
}

TEST_P(LiveRecordsTest, GiveRecordsOfEverySize) {
  for (unsigned number = 0; number < 60; ++number) {
    put(key_of(number), std::string(std::size_t{1} << number % 19, 'x'));
    put(std::string(number * 50, 'k'), "");
  }
  expect_as_model();
}

TEST_P(LiveRecordsTest, KeysOfTheSameBeginningsAndOfNoneAreInOrder) {
  std::mt19937 random(9);
  put("", "empty");
  for (unsigned step = 0; step < 12'000; ++step) {
    std::string key = step % 3 == 0 ? "user:" : step % 3 == 1 ? "user:profile:" : "";
    const unsigned size = static_cast<unsigned>(random()) % 12;
    for (unsigned index = 0; index < size; ++index) key += static_cast<char>(random() % 5 * 63);
    put(key, std::to_string(step));
  }
  fill(6'000);
  expect_as_model();
}

TEST_P(LiveRecordsTest, TellOfDamageWhereItIsAndGiveWhatIsBefore) {
  fill(5'000);
  damage(key_of(3'000), kFrameHeaderSize + 12);
  ItemCursor cursor = store_.items();
  for (unsigned number = 0; number < 3'000; ++number) {
    ASSERT_EQ(as_text(must(cursor.next())->key), key_of(number));
  }
  const RecordRef ref = must(store_.snapshot()).ref_of(as_bytes(key_of(2'999)))->value();
  for (int again = 0; again < 3; ++again) {
    const auto item = cursor.next();
    ASSERT_THAT(item, FailsWith(ErrorCode::kCrcMismatch));
    EXPECT_EQ(item.error().segment, ref.segment);
    EXPECT_EQ(item.error().offset, ref.offset + ref.size);
  }
  unsigned count = 0;
  EXPECT_THAT(store_.for_each([&](const Item&) { return ++count > 0; }),
              FailsWith(ErrorCode::kCrcMismatch));
  EXPECT_EQ(count, 3'000U);
  EXPECT_THAT(store_.export_jsonl(scratch_ / "export"), FailsWith(ErrorCode::kCrcMismatch));
}

TEST_P(LiveRecordsTest, DamageInARecordThatIsDeadIsNotMet) {
  fill(5'000);
  damage(key_of(3'000), 1);
  (void)store_.remove(as_bytes(key_of(3'000)));
  // Who removes may be told of the damage; it is there all the same, and dead.
  const Snapshot taken = must(store_.snapshot());
  ItemCursor cursor = taken.items();
  std::size_t count = 0;
  while (must(cursor.next())) ++count;
  EXPECT_EQ(count, taken.size());
}

// An index that a stranger has made up: every record is whole, and its key another than the index
// has it for.
TEST_P(LiveRecordsTest, ARecordOfAnotherKeyIsNotTaken) {
  fill(3'000);
  const auto directory =
      std::shared_ptr<const Directory>(must(posix_filesystem().open_directory(scratch_ / "store")));
  const auto index_of = [&](const std::string& replaced, const std::string& by) {
    StoreIndex index(directory, {.may_map = GetParam(), .size_max = 1'500'000}, SipHashKey{});
    must(store_.for_each([&](const Item& item) {
      const std::string key(as_text(item.key));
      const LogAddress address = must(index.records().add(item.ref));
      index.change(index.hash_of(as_bytes(key == replaced ? by : key)), RecordType::kPut, address,
                   [](LogAddress) { return Match::kNo; });
      return true;
    }));
    return SnapshotState(must(index.freeze()), 0, posix_filesystem());
  };
  const auto count_of = [](auto&& records) -> Result<std::size_t> {
    std::size_t count = 0;
    while (true) {
      const auto batch = records.next();
      if (!batch) return std::unexpected(batch.error());
      if (batch->empty()) return count;
      count += batch->size();
    }
  };
  const SnapshotState honest = index_of("none", "none");
  EXPECT_EQ(must(count_of(LiveRecords(honest))), 3'000U);
  const SnapshotState lying = index_of(key_of(1'234), "another");
  EXPECT_THAT(count_of(LiveRecords(lying)), FailsWith(ErrorCode::kKeyMismatch));
  EXPECT_THAT(lying.sorted_keys(), FailsWith(ErrorCode::kKeyMismatch));
}

}  // namespace
}  // namespace datawal::live_records_test
