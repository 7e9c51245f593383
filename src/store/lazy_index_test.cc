// An index that is loaded from its checkpoint table by table, as it is needed, and what happens
// where a table turns out to be damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/snapshot.h"
#include "datawal/write_batch.h"
#include "file/posix_test_support.h"
#include "format/index_image_header.h"
#include "format/names.h"
#include "log/log_test_support.h"

namespace datawal::lazy_index_test {
namespace {

using test::must;

constexpr int kKeys = 60'000;  // in more tables than are loaded at once

std::string key_of(int key) {
  return "key " + std::to_string(key);
}

std::string value_of(int key) {
  return key % 3 == 0 ? "overwritten " + std::to_string(key) : std::to_string(key);
}

bool is_live(int key) {
  return key % 7 != 0;
}

class LazyIndex : public testing::Test {
 protected:
  // One store, which each test copies.
  static void SetUpTestSuite() {
    made_.emplace();
    DataWal store = must(DataWal::open(*made_ / "store"));
    for (int key = 0; key < kKeys; ++key) {
      must(store.put(as_bytes(key_of(key)), as_bytes(std::to_string(key))));
    }
    for (int key = 0; key < kKeys; key += 3) {
      must(store.put(as_bytes(key_of(key)), as_bytes(value_of(key))));
    }
    for (int key = 0; key < kKeys; key += 7) must(store.remove(as_bytes(key_of(key))));
    must(store.close());
  }
  static void TearDownTestSuite() { made_.reset(); }

  LazyIndex() { std::filesystem::copy(*made_ / "store", path()); }

  [[nodiscard]] std::filesystem::path path() const { return scratch_ / "store"; }
  [[nodiscard]] DataWal open() const { return must(DataWal::open(path())); }

  // Changes one byte in every table of the checkpoint.
  void damage_tables() const {
    std::fstream file(path() / kCheckpointName, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(path() / kCheckpointName);
    for (std::uint64_t table = kIndexImageHeaderSize; table + kIndexImageTableSize <= size;
         table += kIndexImageTableSize) {
      const std::uint64_t at = table + 20'000;
      file.seekg(static_cast<std::streamoff>(at));
      const auto byte = static_cast<char>(file.get() ^ 1);
      file.seekp(static_cast<std::streamoff>(at));
      file.put(byte);
    }
  }

  static void expect_all(const DataWal& store) {
    EXPECT_EQ(store.size(), static_cast<std::uint64_t>(kKeys - (kKeys + 6) / 7));
    for (int key = 0; key < kKeys; ++key) expect_right(store, key);
  }
  static void expect_right(const DataWal& store, int key) {
    const std::optional<Value> value = must(store.get(as_bytes(key_of(key))));
    ASSERT_EQ(value.has_value(), is_live(key)) << key;
    if (!value) return;
    ASSERT_EQ(value->text(), value_of(key));
  }

  // Threads that get every key, and one that writes some of them anew.
  static void use_by_many_threads(DataWal& store) {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&store, thread] {
        for (int key = 0; key < kKeys; ++key) expect_right(store, (key + thread * 1'000) % kKeys);
      });
    }
    for (int key = 1; key < kKeys; key += 7) {
      must(store.put(as_bytes(key_of(key)), as_bytes(value_of(key))));
    }
    threads.clear();
    expect_all(store);
  }

  static std::optional<test::ScratchDirectory> made_;
  const test::ScratchDirectory scratch_;
};

std::optional<test::ScratchDirectory> LazyIndex::made_;

TEST_F(LazyIndex, LoadsWhatIsAskedFor) {
  const DataWal store = open();
  EXPECT_EQ(store.stats().open.records_replayed, 0U);
  const std::uint64_t at_first = store.stats().index_bytes;
  expect_right(store, 1);
  EXPECT_GT(store.stats().index_bytes, at_first);
  const std::uint64_t after_one = store.stats().index_bytes;
  expect_all(store);
  EXPECT_GT(store.stats().index_bytes, 4 * (after_one - at_first));
  EXPECT_EQ(store.stats().open.checkpoint, CheckpointUse::kLoaded);
}

TEST_F(LazyIndex, IsWrittenToBeforeItIsLoaded) {
  DataWal store = open();
  must(store.put(as_bytes(key_of(0)), as_bytes(value_of(0))));
  must(store.put(as_bytes(key_of(1)), as_bytes(value_of(1))));
  EXPECT_TRUE(must(store.remove(as_bytes(key_of(0)))).existed);
  expect_all(store);
}

TEST_F(LazyIndex, GrowsBeforeItIsLoaded) {
  DataWal store = open();
  for (int key = kKeys; key < 2 * kKeys; ++key) {
    must(store.put(as_bytes(key_of(key)), as_bytes(std::to_string(key))));
  }
  for (int key = kKeys; key < 2 * kKeys; ++key) {
    EXPECT_TRUE(must(store.remove(as_bytes(key_of(key)))).existed);
  }
  expect_all(store);
}

TEST_F(LazyIndex, IsLoadedByManyThreadsAtOnce) {
  DataWal store = open();
  use_by_many_threads(store);
}

TEST_F(LazyIndex, OfADamagedCheckpointIsBuiltAnewBesideReaders) {
  damage_tables();
  DataWal store = open();
  use_by_many_threads(store);
}

struct FirstUse {
  const char* name;
  std::function<void(DataWal&)> use;
};

class LazyIndexDamage : public LazyIndex, public testing::WithParamInterface<FirstUse> {};

TEST_P(LazyIndexDamage, ChangesNothingButTime) {
  damage_tables();
  DataWal store = open();
  GetParam().use(store);
  EXPECT_EQ(store.stats().open.checkpoint, CheckpointUse::kUnfit);
  expect_all(store);
  must(store.close());
  const DataWal again = open();
  expect_all(again);
}

TEST_P(LazyIndexDamage, LeavesWhatIsDeadAsItIs) {
  std::uint64_t dead_bytes = 0;
  {
    DataWal store = open();
    GetParam().use(store);
    dead_bytes = store.space_use().dead_bytes;
  }
  std::filesystem::remove_all(path());
  std::filesystem::copy(*made_ / "store", path());
  damage_tables();
  DataWal store = open();
  GetParam().use(store);
  EXPECT_EQ(store.space_use().dead_bytes, dead_bytes);
}

const std::string kLive = key_of(1);

INSTANTIATE_TEST_SUITE_P(
    , LazyIndexDamage,
    testing::Values(
        FirstUse{"Get", [](DataWal& store) { EXPECT_TRUE(must(store.get(as_bytes(kLive)))); }},
        FirstUse{"GetOfAnAbsentKey",
                 [](DataWal& store) { EXPECT_FALSE(must(store.get(as_bytes("none")))); }},
        FirstUse{"GetInto",
                 [](DataWal& store) {
                   std::byte buffer[10];
                   EXPECT_TRUE(must(store.get_into(as_bytes(kLive), buffer)));
                 }},
        FirstUse{"GetView",
                 [](DataWal& store) { EXPECT_TRUE(must(store.get_view(as_bytes(kLive)))); }},
        FirstUse{"MultiGet",
                 [](DataWal& store) {
                   const ByteView keys[] = {as_bytes(kLive), as_bytes("none")};
                   auto values = store.multi_get(keys);
                   EXPECT_TRUE(must(std::move(values[0])));
                   EXPECT_FALSE(must(std::move(values[1])));
                 }},
        FirstUse{"ContainsKey",
                 [](DataWal& store) { EXPECT_TRUE(must(store.contains_key(as_bytes(kLive)))); }},
        FirstUse{"Puts",
                 [](DataWal& store) {  // more than may be pending
                   for (int key = 1; key < 280; key += 7) {
                     must(store.put(as_bytes(key_of(key)), as_bytes(value_of(key))));
                   }
                 }},
        FirstUse{
            "Remove",
            [](DataWal& store) { EXPECT_FALSE(must(store.remove(as_bytes(key_of(0)))).existed); }},
        FirstUse{"Batch",
                 [](DataWal& store) {
                   WriteBatch batch;
                   must(batch.put(as_bytes(kLive), as_bytes(value_of(1))));
                   must(batch.remove(as_bytes(key_of(0))));
                   must(store.write(batch));
                 }},
        FirstUse{"Snapshot",
                 [](DataWal& store) {
                   const Snapshot snapshot = must(store.snapshot());
                   EXPECT_EQ(must(snapshot.get(as_bytes(kLive)))->text(), value_of(1));
                 }},
        FirstUse{"Walk",
                 [](DataWal& store) {
                   std::uint64_t count = 0;
                   must(store.for_each([&](const Item&) { return ++count > 0; }));
                   EXPECT_EQ(count, store.size());
                 }},
        FirstUse{"Compaction",
                 [](DataWal& store) { EXPECT_FALSE(must(store.compact()).stopped); }}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace datawal::lazy_index_test
