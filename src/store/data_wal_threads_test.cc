// A store on the real filesystem, read through mappings by many threads while others write.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "datawal/data_wal.h"
#include "file/posix_test_support.h"

namespace datawal::data_wal_threads_test {
namespace {

constexpr int kKeys = 3'000;
constexpr int kRounds = 12;

std::string key_of(int key) {
  return "key " + std::to_string(key);
}

// Tells which key and round it is of, and is long or short.
std::string value_of(int key, int round) {
  return std::to_string(key) + " " + std::to_string(round) + " " +
         std::string(static_cast<std::size_t>((key * 31 + round * 17) % 300), 'v');
}

int round_of(std::string_view value, int key) {
  const std::string start = std::to_string(key) + " ";
  if (!value.starts_with(start)) return -1;
  const int round = std::stoi(std::string(value.substr(start.size())));
  return value == value_of(key, round) ? round : -1;
}

class StoreOfThreads : public testing::TestWithParam<bool> {
 protected:
  StoreOfThreads()
      : store_(*DataWal::open(scratch_ / "store",
                              {.segment_size_max = 1 << 20, .map_files = GetParam()})) {}

  void put_all(int round) {
    for (int key = 0; key < kKeys; ++key) {
      if (!store_.put(as_bytes(key_of(key)), as_bytes(value_of(key, round)))) std::abort();
    }
  }

  const test::ScratchDirectory scratch_;
  DataWal store_;
};

INSTANTIATE_TEST_SUITE_P(, StoreOfThreads, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Mapped" : "Read");
});

TEST_P(StoreOfThreads, AKeyIsNeverMissingAndNeverGoesBack) {
  put_all(0);
  std::atomic<bool> is_done = false;
  std::atomic<int> reads = 0;
  std::vector<std::jthread> readers;
  for (unsigned reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      std::vector<int> seen(kKeys, 0);
      unsigned random = reader;
      do {
        random = random * 1664525U + 1013904223U;
        const int key = static_cast<int>((random >> 8) % kKeys);
        const auto value = store_.get(as_bytes(key_of(key)));
        ASSERT_TRUE(value) << value.error().to_string();
        ASSERT_TRUE(*value) << key_of(key) << " is missing";
        const int round = round_of((*value)->text(), key);
        int& last = seen[static_cast<std::size_t>(key)];
        ASSERT_GE(round, last) << key_of(key);
        last = round;
        ASSERT_FALSE(*store_.get(as_bytes("no such key")));
        ++reads;
      } while (!is_done);
    });
  }
  for (int round = 1; round < kRounds; ++round) put_all(round);
  is_done = true;
  readers.clear();
  EXPECT_GE(reads, 3);
  EXPECT_EQ(store_.size(), static_cast<std::uint64_t>(kKeys));
}

TEST_P(StoreOfThreads, WritersOfDifferentKeysDoNotDisturbOneAnother) {
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&, writer] {
        for (int round = 0; round < kRounds; ++round) {
          for (int key = writer; key < kKeys; key += 4) {
            ASSERT_TRUE(store_.put(as_bytes(key_of(key)), as_bytes(value_of(key, round))));
            if (key % 5 != 0) continue;
            const auto removed = store_.remove(as_bytes(key_of(key)));
            ASSERT_TRUE(removed && removed->existed);
          }
        }
      });
    }
  }
  const auto check = [](const DataWal& store) {
    std::uint64_t count = 0;
    for (int key = 0; key < kKeys; ++key) {
      const auto value = store.get(as_bytes(key_of(key)));
      ASSERT_TRUE(value) << value.error().to_string();
      ASSERT_EQ(value->has_value(), key % 5 != 0) << key;
      if (!*value) continue;
      EXPECT_EQ(round_of((*value)->text(), key), kRounds - 1);
      ++count;
    }
    EXPECT_EQ(store.size(), count);
  };
  check(store_);
  ASSERT_TRUE(store_.close());
  check(*DataWal::open(scratch_ / "store"));
  check(*DataWal::open_read_only(scratch_ / "store"));
}

TEST_P(StoreOfThreads, ExportsAndCopiesAreOfOneMomentWhileOthersWrite) {
  put_all(0);
  std::atomic<bool> is_done = false;
  std::jthread writer([&] {
    for (int round = 1; !is_done; ++round) put_all(round);
  });
  for (int count = 0; count < 3; ++count) {
    const auto exported = store_.export_jsonl(scratch_ / "export.jsonl");
    ASSERT_TRUE(exported) << exported.error().to_string();
    EXPECT_EQ(exported->records_written, static_cast<std::uint64_t>(kKeys));
    const auto target = scratch_ / ("copy " + std::to_string(count));
    const auto compacted = store_.compact_to(target);
    ASSERT_TRUE(compacted) << compacted.error().to_string();
    const auto copy = DataWal::open_read_only(target);
    ASSERT_TRUE(copy);
    // The writer goes through the keys in order, so the rounds are those of one moment.
    int last = 1 << 30;
    int first = -1;
    for (int key = 0; key < kKeys; ++key) {
      const auto value = copy->get(as_bytes(key_of(key)));
      ASSERT_TRUE(value && *value);
      const int round = round_of((*value)->text(), key);
      if (first < 0) first = round;
      ASSERT_LE(round, last);
      ASSERT_GE(round, first - 1);
      last = round;
    }
  }
  is_done = true;
}

// A mapping must never show a record whose damaged length leads out of the file.
TEST(StoreOfDamage, ADamagedLengthIsAnErrorAndNoCrash) {
  const test::ScratchDirectory scratch;
  auto store = DataWal::open(scratch / "store");
  for (int key = 0; key < 100; ++key) {
    ASSERT_TRUE(store->put(as_bytes(key_of(key)), as_bytes(value_of(key, 0))));
  }
  ASSERT_TRUE(store->sync());
  const auto segment = scratch / "store" / "00000001.dwal";
  for (const std::streamoff byte : {16, 17, 18, 20, 21, 22, 23}) {
    for (const int key : {0, 50, 99}) {
      const auto ref = store->ref_of(as_bytes(key_of(key)));
      ASSERT_TRUE(ref && *ref);
      const auto place = static_cast<std::streamoff>((*ref)->offset) + byte;
      std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
      const char before = static_cast<char>(file.seekg(place).get());
      file.seekp(place).put(static_cast<char>(before ^ 0x02)).flush();
      const auto value = store->get(as_bytes(key_of(key)));
      EXPECT_FALSE(value) << "byte " << byte << " of " << key_of(key);
      file.seekp(place).put(before).flush();
      EXPECT_TRUE(store->get(as_bytes(key_of(key))));
    }
  }
}

}  // namespace
}  // namespace datawal::data_wal_threads_test
