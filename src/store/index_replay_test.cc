// Opening takes several records at a time: what one does to a key must be seen by the next.
#include "store/index_replay.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "datawal/data_wal.h"
#include "file/posix_test_support.h"

namespace datawal::index_replay_test {
namespace {

class IndexReplayTest : public testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(, IndexReplayTest, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Mapped" : "Read");
});

TEST_P(IndexReplayTest, TheLastRecordOfAKeyWinsHoweverCloseTheyAre) {
  constexpr unsigned kSeed = 7;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  for (const unsigned key_count : {1U, 2U, 7U, 40U, 500U}) {
    const test::ScratchDirectory scratch;
    const Options options = {.segment_size_max = 20'000, .map_files = GetParam()};
    std::map<std::string, std::string> expected;
    {
      auto store = DataWal::open(scratch / "store", options);
      for (int step = 0; step < 2'000; ++step) {
        const std::string key = "key " + std::to_string(random() % key_count);
        const std::string value(random() % 60, static_cast<char>('a' + step % 26));
        switch (random() % 5) {
          case 0:
            ASSERT_TRUE(store->remove(as_bytes(key)));
            expected.erase(key);
            break;
          case 1:
            ASSERT_TRUE(store->append(as_bytes(value)));
            break;
          default:
            ASSERT_TRUE(store->put(as_bytes(key), as_bytes(value)));
            expected[key] = value;
        }
      }
    }
    auto store = DataWal::open(scratch / "store", options);
    ASSERT_TRUE(store) << store.error().to_string();
    EXPECT_EQ(store->size(), expected.size());
    for (unsigned number = 0; number < key_count; ++number) {
      const std::string key = "key " + std::to_string(number);
      const auto value = store->get(as_bytes(key));
      ASSERT_TRUE(value) << value.error().to_string();
      const auto wanted = expected.find(key);
      ASSERT_EQ(value->has_value(), wanted != expected.end()) << key;
      if (!*value) continue;
      EXPECT_EQ((*value)->text(), wanted->second);
    }
  }
}

// Stores of more than is gathered at a time, by number or by the size of the keys, and what is in
// them according to a map.
class LongReplayTest : public testing::TestWithParam<bool> {
 protected:
  LongReplayTest() : options_{.segment_size_max = 1'000'000, .map_files = GetParam()} {
    store_.emplace(*DataWal::open(path_, options_));
  }

  void put(const std::string& key, unsigned number) {
    const std::string value = "value " + std::to_string(number);
    ASSERT_TRUE(store_->put(as_bytes(key), as_bytes(value)));
    expected_[key] = value;
    ++records_;
  }
  void remove(const std::string& key) {
    ASSERT_TRUE(store_->remove(as_bytes(key)));
    expected_.erase(key);
    ++records_;
  }

  void expect_as_map(const Result<DataWal>& store) {
    ASSERT_TRUE(store) << store.error().to_string();
    EXPECT_EQ(store->stats().open.records_replayed, records_) << "the index was not built anew";
    std::map<std::string, std::string> found;
    ASSERT_TRUE(store->for_each([&](const Item& item) {
      found.emplace(as_text(item.key), as_text(item.value));
      return true;
    }));
    EXPECT_EQ(store->size(), expected_.size());
    EXPECT_EQ(store->space_use().dead_bytes, dead_bytes_) << "of what is dead all was noted";
    ASSERT_TRUE(found == expected_);
    for (const auto& [key, value] : expected_) {
      const auto got = store->get(as_bytes(key));
      ASSERT_TRUE(got && *got) << key.substr(0, 20);
      ASSERT_EQ((*got)->text(), value);
    }
    for (unsigned number = 0; number < 1'000; ++number) {
      const auto got = store->get(as_bytes("never " + std::to_string(number)));
      ASSERT_TRUE(got);
      ASSERT_FALSE(*got);
    }
  }
  // Opens the store without what was saved of its index, to read and to write.
  void expect_right() {
    dead_bytes_ = store_->space_use().dead_bytes;
    ASSERT_TRUE(store_->close());
    store_.reset();
    std::filesystem::remove(path_ / "keydir.ckpt");
    expect_as_map(DataWal::open_read_only(path_, options_));
    std::filesystem::remove(path_ / "keydir.ckpt");
    expect_as_map(DataWal::open(path_, options_));
  }

  const test::ScratchDirectory scratch_;
  const std::filesystem::path path_ = scratch_ / "store";
  const Options options_;
  std::optional<DataWal> store_;
  std::map<std::string, std::string> expected_;
  std::uint64_t records_ = 0;
  std::uint64_t dead_bytes_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, LongReplayTest, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Mapped" : "Read");
});

TEST_P(LongReplayTest, RecordsOfAKeyMayBeCloseTogetherAndFarApart) {
  std::mt19937 random(17);
  for (unsigned step = 0; step < 50'000; ++step) {
    // A few keys all the time, many of which each comes seldom, and one that comes in runs.
    const unsigned kind = static_cast<unsigned>(random()) % 4;
    const std::string key = kind == 0   ? "hot " + std::to_string(random() % 5)
                            : kind == 1 ? "run " + std::to_string(step / 10)
                                        : "cold " + std::to_string(random() % 30'000);
    if (random() % 4 == 0) {
      remove(key);
    } else {
      put(key, step);
    }
  }
  expect_right();
}

// Each as often as fits into one gathering, and once more.
TEST_P(LongReplayTest, AllMayBeOfOneKey) {
  for (unsigned step = 0; step < 2 * 16'384 + 1; ++step) put("the one", step);
  expect_right();
}

TEST_P(LongReplayTest, AllMayBeNewAndAllMayGo) {
  for (unsigned number = 0; number < 40'000; ++number) put(std::to_string(number), number);
  for (unsigned number = 0; number < 40'000; number += 3) remove(std::to_string(number));
  expect_right();
}

// Of these, sixteen are as much as is gathered. A short one before them, so that the last begins
// just before the end of the room.
TEST_P(LongReplayTest, KeysMayBeOfAnySize) {
  constexpr std::size_t kLongest = 65'536;
  std::mt19937 random(19);
  const auto long_key = [](unsigned number) {
    return std::string(kLongest - 1, 'k') + static_cast<char>('a' + number);
  };
  for (unsigned step = 0; step < 60; ++step) {
    const unsigned number = static_cast<unsigned>(random()) % 20;
    if (step % 7 == 6) {
      remove(long_key(number));
    } else {
      put(long_key(number), step);
    }
    if (step % 16 == 0) put("short", step);
    if (step % 5 == 0) put("", step);
    put(std::string(random() % kLongest, 'x'), step);
  }
  expect_right();
}

}  // namespace
}  // namespace datawal::index_replay_test
