// Giving all entries of an index other addresses, table by table.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "store/key_index.h"

namespace datawal::key_index_replace_test {
namespace {

// The key whose records are here: `address` is that, and a multiple of kMoved by when it was given.
constexpr std::uint64_t kMoved = 1'000'000;
using Key = std::uint64_t;

constexpr LogAddress at(Key key, std::uint64_t version) {
  return LogAddress{key + version * kMoved};
}

// What leads from the first version of a key's address to the second.
class NextVersion {
 public:
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  static std::uint64_t find_place(LogAddress source) {
    const auto place = static_cast<std::uint64_t>(source);
    return place < kMoved ? place : kNone;
  }
  // Of every seventh there is nothing new.
  static std::uint64_t find_number(std::uint64_t place) { return place % 7 == 0 ? kNone : place; }
  LogAddress take(std::uint64_t number) {
    ++taken_[number];
    return at(number, 1);
  }
  [[nodiscard]] const std::map<Key, int>& taken() const { return taken_; }

 private:
  std::map<Key, int> taken_;
};

class KeyIndexReplace : public testing::Test {
 protected:
  static KeyHash hash(Key key) {
    std::mt19937_64 random(key);
    return KeyHash{random()};
  }
  static auto matcher(Key key) {
    return [key](LogAddress address) {
      return static_cast<std::uint64_t>(address) % kMoved == key ? Match::kYes : Match::kNo;
    };
  }
  void put(Key key, std::uint64_t version) {
    index_.reserve_one();
    ASSERT_TRUE(index_.put(hash(key), at(key, version), matcher(key)));
    expected_[key] = at(key, version);
  }
  void erase(Key key) {
    ASSERT_TRUE(index_.erase(hash(key), matcher(key)));
    expected_.erase(key);
  }
  void expect_right() const {
    for (const auto& [key, address] : expected_) {
      const IndexAnswer found = index_.find(hash(key), matcher(key));
      ASSERT_TRUE(found.has_value());
      ASSERT_EQ(*found, address) << key;
    }
    EXPECT_EQ(index_.size(), expected_.size());
  }
  // What a key that nobody writes has when all have been led.
  void expect_led(Key key) {
    const auto found = expected_.find(key);
    if (found != expected_.end() && found->second == at(key, 0) && key % 7 != 0) {
      found->second = at(key, 1);
    }
  }

  KeyIndex index_;
  std::map<Key, LogAddress> expected_;
};

TEST_F(KeyIndexReplace, LeadsEachKeyOnceThoughTablesAreDividedInBetween) {
  constexpr Key kCount = 50'000;
  for (Key key = 0; key < kCount; ++key) put(key, 0);
  const std::size_t tables = index_.table_count();
  ASSERT_GE(tables, 5U);
  NextVersion targets;
  std::mt19937_64 random(3);
  Key added = kCount;
  int steps = 0;
  for (std::uint32_t region = 0; region < kRegionCount; ++steps) {
    region = index_.replace_in_table(region, targets);
    for (const auto& [key, times] : targets.taken()) expect_led(key);
    for (int number = 0; number < 2000; ++number) put(added++, 2);
    for (int number = 0; number < 500; ++number) put(random() % kCount, 2);
    for (int number = 0; number < 500; ++number) {
      const Key key = random() % kCount;
      if (expected_.contains(key)) erase(key);
    }
  }
  ASSERT_GT(index_.table_count(), tables + 2);
  EXPECT_GT(steps, 5);
  for (Key key = 0; key < kCount; ++key) expect_led(key);
  expect_right();
  for (const auto& [key, times] : targets.taken()) ASSERT_EQ(times, 1) << key;
  EXPECT_GT(targets.taken().size(), kCount / 2);
}

TEST_F(KeyIndexReplace, LeavesAFrozenIndexAsItWas) {
  for (Key key = 0; key < 20'000; ++key) put(key, 0);
  const std::unique_ptr<FrozenIndex> frozen = index_.freeze();
  const std::map<Key, LogAddress> then = expected_;
  NextVersion targets;
  for (std::uint32_t region = 0; region < kRegionCount;) {
    region = index_.replace_in_table(region, targets);
  }
  for (Key key = 0; key < 20'000; ++key) expect_led(key);
  expect_right();
  for (const auto& [key, address] : then) {
    const IndexAnswer found = frozen->find(hash(key), matcher(key));
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(*found, address) << key;
  }
}

// Keys whose hashes are the same fill their two buckets and then the overflow.
TEST_F(KeyIndexReplace, LeadsThoseThatAreInNoTable) {
  constexpr KeyHash kHash{0x1234'5678'9abc'def0};
  constexpr Key kCount = 300;
  for (Key key = 1; key <= kCount; ++key) {
    index_.reserve_one();
    ASSERT_TRUE(index_.put(kHash, at(key, 0), matcher(key)));
  }
  NextVersion targets;
  for (std::uint32_t region = 0; region < kRegionCount;) {
    region = index_.replace_in_table(region, targets);
  }
  ASSERT_LE(targets.taken().size(), 2 * kBucketSlots);
  index_.replace_in_overflow(targets);
  for (Key key = 1; key <= kCount; ++key) {
    const IndexAnswer found = index_.find(kHash, matcher(key));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(*found, at(key, key % 7 == 0 ? 0 : 1)) << key;
  }
  EXPECT_EQ(index_.size(), kCount);
}

}  // namespace
}  // namespace datawal::key_index_replace_test
