#include "store/key_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace datawal::key_index_test {
namespace {

using Key = std::uint32_t;

constexpr std::uint64_t mix(std::uint64_t number) {
  number = (number ^ number >> 31) * 0x9fb2'1c65'1e98'df25;
  number = (number ^ number >> 29) * 0xd6e8'feb8'6659'fd93;
  return number ^ number >> 32;
}

constexpr std::uint64_t kAllBits = ~std::uint64_t{0};
constexpr std::uint64_t kBucketHashBits = 0x3ff;
constexpr std::uint64_t kTagHashBits = 0xff << 10;
constexpr std::uint64_t kRegionHashBits = ~std::uint64_t{0} << 36;

// A log of keys, one for each address, and the index over it. Only `hash_bits` of the hashes
// differ.
class IndexedKeys {
 public:
  explicit IndexedKeys(std::uint64_t hash_bits = kAllBits) : hash_bits_(hash_bits) {}

  [[nodiscard]] KeyHash hash(Key key) const { return KeyHash{mix(key + 1) & hash_bits_}; }
  [[nodiscard]] auto matcher(Key key) const {
    return [this, key](LogAddress address) {
      if (address == unreadable) return Match::kFailed;
      return keys_[static_cast<std::size_t>(address)] == key ? Match::kYes : Match::kNo;
    };
  }
  LogAddress append(Key key) {
    keys_.push_back(key);
    return LogAddress{keys_.size() - 1};
  }

  IndexAnswer find(Key key) const { return index.find(hash(key), matcher(key)); }
  IndexAnswer put(Key key) { return index.put(hash(key), append(key), matcher(key)); }
  IndexAnswer erase(Key key) { return index.erase(hash(key), matcher(key)); }
  // Puts the key beside what is there of it, as happens where its old record cannot be recognised.
  LogAddress put_again(Key key) {
    const LogAddress address = append(key);
    EXPECT_TRUE(index.put(hash(key), address, [](LogAddress) { return Match::kNo; }));
    return address;
  }

  KeyIndex index;
  LogAddress unreadable{~std::uint64_t{0}};

 private:
  std::uint64_t hash_bits_;
  std::vector<Key> keys_;
};

std::optional<LogAddress> checked(const IndexAnswer& answer) {
  EXPECT_TRUE(answer.has_value()) << "no match has failed";
  return answer.value_or(std::nullopt);
}

TEST(KeyIndex, IsEmptyAtFirst) {
  const IndexedKeys keys;
  EXPECT_EQ(keys.index.size(), 0U);
  EXPECT_EQ(checked(keys.find(1)), std::nullopt);
}

TEST(KeyIndex, FindsWhatWasPutLast) {
  IndexedKeys keys;
  EXPECT_EQ(checked(keys.put(7)), std::nullopt);
  EXPECT_EQ(checked(keys.find(7)), LogAddress{0});
  EXPECT_EQ(checked(keys.find(8)), std::nullopt);
  EXPECT_EQ(checked(keys.put(7)), LogAddress{0});
  EXPECT_EQ(checked(keys.find(7)), LogAddress{1});
  EXPECT_EQ(keys.index.size(), 1U);
}

TEST(KeyIndex, ForgetsWhatWasErased) {
  IndexedKeys keys;
  (void)checked(keys.put(7));
  EXPECT_EQ(checked(keys.erase(8)), std::nullopt);
  EXPECT_EQ(checked(keys.erase(7)), LogAddress{0});
  EXPECT_EQ(checked(keys.erase(7)), std::nullopt);
  EXPECT_EQ(checked(keys.find(7)), std::nullopt);
  EXPECT_EQ(keys.index.size(), 0U);
}

TEST(KeyIndex, HoldsTheFirstAndTheLastAddress) {
  KeyIndex index;
  const LogAddress last{(std::uint64_t{1} << kLogAddressBits) - 1};
  for (const LogAddress address : {LogAddress{0}, last}) {
    for (const KeyHash hash : {KeyHash{0}, KeyHash{kAllBits}}) {
      const auto matches = [&](LogAddress found) {
        return found == address ? Match::kYes : Match::kNo;
      };
      EXPECT_EQ(checked(index.put(hash, address, matches)), std::nullopt);
      EXPECT_EQ(checked(index.find(hash, matches)), address);
      EXPECT_TRUE(index.holds(hash, address));
    }
  }
  EXPECT_EQ(index.size(), 4U);
}

TEST(KeyIndex, ReplacesOnlyTheAddressThatIsThere) {
  IndexedKeys keys;
  (void)checked(keys.put(7));
  const LogAddress moved = keys.append(7);
  EXPECT_FALSE(keys.index.replace(keys.hash(7), moved, LogAddress{0}));
  EXPECT_FALSE(keys.index.replace(keys.hash(8), LogAddress{0}, moved));
  EXPECT_TRUE(keys.index.holds(keys.hash(7), LogAddress{0}));
  EXPECT_TRUE(keys.index.replace(keys.hash(7), LogAddress{0}, moved));
  EXPECT_FALSE(keys.index.holds(keys.hash(7), LogAddress{0}));
  EXPECT_TRUE(keys.index.holds(keys.hash(7), moved));
  EXPECT_EQ(checked(keys.find(7)), moved);
  EXPECT_EQ(keys.index.size(), 1U);
}

TEST(KeyIndex, ChangesNothingWhenAMatchFails) {
  IndexedKeys keys;
  (void)checked(keys.put(7));
  keys.unreadable = LogAddress{0};
  EXPECT_FALSE(keys.find(7));
  EXPECT_FALSE(keys.put(7));
  EXPECT_FALSE(keys.erase(7));
  EXPECT_TRUE(keys.index.holds(keys.hash(7), LogAddress{0}));
  EXPECT_FALSE(keys.index.holds(keys.hash(7), LogAddress{1}));
  EXPECT_EQ(keys.index.size(), 1U);
}

TEST(KeyIndex, ChangesNothingWhenTheSecondMatchFails) {
  IndexedKeys keys;
  (void)checked(keys.put(7));
  const LogAddress second = keys.put_again(7);
  keys.unreadable = second;
  EXPECT_FALSE(keys.put(7));
  EXPECT_FALSE(keys.erase(7));
  EXPECT_TRUE(keys.index.holds(keys.hash(7), LogAddress{0}));
  EXPECT_TRUE(keys.index.holds(keys.hash(7), second));
  EXPECT_EQ(keys.index.size(), 2U);
}

// One at a time in a bucket, in both, and in the overflow.
TEST(KeyIndex, FindsAPutThatIsPending) {
  IndexedKeys keys;
  EXPECT_EQ(checked(keys.put(1)), std::nullopt);
  const LogAddress old = *checked(keys.find(1));
  const LogAddress pending = keys.append(1);
  keys.index.pending().push({keys.hash(1), pending});
  EXPECT_EQ(checked(keys.find(1)), pending);
  EXPECT_TRUE(keys.index.holds(keys.hash(1), pending)) << "compaction would drop the record";
  EXPECT_EQ(checked(keys.put(2)), std::nullopt);
  EXPECT_NE(checked(keys.find(2)), std::nullopt);

  EXPECT_EQ(checked(keys.index.put(keys.hash(1), pending, keys.matcher(1))), old);
  keys.index.pending().pop(1);
  EXPECT_EQ(checked(keys.find(1)), pending);
  EXPECT_FALSE(keys.index.holds(keys.hash(1), old));
}

TEST(KeyIndex, LooksBehindAPendingPutOfAnotherKeyWithTheSameHash) {
  constexpr KeyHash kHash{12'345};
  IndexedKeys keys;
  const LogAddress first = keys.append(1);
  const LogAddress second = keys.append(2);
  EXPECT_EQ(checked(keys.index.put(kHash, first, keys.matcher(1))), std::nullopt);
  keys.index.pending().push({kHash, second});
  EXPECT_EQ(checked(keys.index.find(kHash, keys.matcher(2))), second);
  EXPECT_EQ(checked(keys.index.find(kHash, keys.matcher(1))), first);
  EXPECT_EQ(checked(keys.index.find(kHash, keys.matcher(3))), std::nullopt);
}

TEST(KeyIndex, TakesTheLatestOfSeveralRecordsOfAKey) {
  for (const std::size_t copies : {2U, 9U, 40U}) {
    IndexedKeys keys;
    LogAddress last{};
    for (std::size_t copy = 0; copy < copies; ++copy) last = keys.put_again(7);
    EXPECT_EQ(keys.index.size(), copies);
    EXPECT_EQ(checked(keys.find(7)), last);
    EXPECT_EQ(checked(keys.put(7)), last);
    EXPECT_EQ(keys.index.size(), 1U);
    EXPECT_EQ(checked(keys.find(7)), LogAddress{copies});

    last = keys.put_again(7);
    EXPECT_EQ(checked(keys.erase(7)), last);
    EXPECT_EQ(checked(keys.find(7)), std::nullopt);
    EXPECT_EQ(keys.index.size(), 0U);
  }
}

TEST(KeyIndex, VisitsEveryKeyOnce) {
  IndexedKeys keys;
  std::set<LogAddress> expected;
  for (Key key = 0; key < 30'000; ++key) (void)checked(keys.put(key));
  for (Key key = 0; key < 30'000; ++key) {
    if (key % 3 == 0) {
      (void)checked(keys.erase(key));
    } else {
      expected.insert(LogAddress{key});
    }
  }
  std::vector<LogAddress> visited;
  keys.index.for_each([&](const IndexedRecord& record) { visited.push_back(record.address); });
  EXPECT_EQ(visited.size(), expected.size());
  EXPECT_EQ(std::set<LogAddress>(visited.begin(), visited.end()), expected);
}

TEST(KeyIndex, StaysSmallAtAnyCount) {
  IndexedKeys keys;
  for (Key key = 0; key < 600'000; ++key) {
    (void)checked(keys.put(key));
    if (key < 100'000 || key % 10'000 != 0) continue;
    EXPECT_LT(static_cast<double>(keys.index.memory_size()), 16.0 * (key + 1)) << key;
  }
  for (Key key = 0; key < 600'000; ++key) ASSERT_EQ(checked(keys.find(key)), LogAddress{key});
}

TEST(KeyIndex, AllocatesNothingInAPutAfterReserving) {
  IndexedKeys keys;
  for (Key key = 0; key < 50'000; ++key) {
    keys.index.reserve_one();
    const std::size_t size = keys.index.memory_size();
    (void)checked(keys.put(key));
    ASSERT_EQ(keys.index.memory_size(), size);
  }
}

// Whoever knows the secret can make the index slow, but not wrong, and no more than in proportion
// large.
TEST(KeyIndex, IsRightForKeysOfOneHash) {
  constexpr Key kKeys = 1'500;
  IndexedKeys keys(kTagHashBits);
  for (Key key = 0; key < kKeys; ++key) ASSERT_EQ(checked(keys.put(key)), std::nullopt);
  EXPECT_EQ(keys.index.size(), kKeys);
  for (Key key = 0; key < kKeys; ++key) ASSERT_EQ(checked(keys.find(key)), LogAddress{key});
  EXPECT_EQ(checked(keys.find(kKeys)), std::nullopt);
  std::size_t visited = 0;
  keys.index.for_each([&](const IndexedRecord&) { ++visited; });
  EXPECT_EQ(visited, kKeys);
  EXPECT_LT(keys.index.memory_size(), 200'000U);
  for (Key key = 0; key < kKeys; ++key) ASSERT_EQ(checked(keys.erase(key)), LogAddress{key});
  EXPECT_EQ(keys.index.size(), 0U);
}

TEST(KeyIndex, DoesNotDivideForeverForKeysOfOneRegion) {
  constexpr Key kKeys = 20'000;
  IndexedKeys keys(kBucketHashBits | kTagHashBits);
  for (Key key = 0; key < kKeys; ++key) ASSERT_EQ(checked(keys.put(key)), std::nullopt);
  for (Key key = 0; key < kKeys; ++key) ASSERT_EQ(checked(keys.find(key)), LogAddress{key});
  EXPECT_LT(keys.index.memory_size(), 200U * kKeys);
}

TEST(KeyIndex, KeepsWhatOverflowedWhenTheTableIsDivided) {
  constexpr Key kKeys = 40'000;
  KeyIndex index;
  // Every hundredth key has one of four hashes, one for each upper quarter of the regions.
  const auto hash = [](Key key) {
    return KeyHash{key % 100 == 0 ? std::uint64_t{key / 100 % 4} << 62 : mix(key)};
  };
  const auto matcher = [](Key key) {
    return
        [key](LogAddress address) { return address == LogAddress{key} ? Match::kYes : Match::kNo; };
  };
  for (Key key = 0; key < kKeys; ++key) {
    ASSERT_EQ(checked(index.put(hash(key), LogAddress{key}, matcher(key))), std::nullopt);
  }
  for (Key key = 0; key < kKeys; ++key) {
    ASSERT_EQ(checked(index.find(hash(key), matcher(key))), LogAddress{key});
  }
}

// A writer at work in the middle of a search: while a record of the same hash is looked at, the key
// goes to a new table.
TEST(KeyIndex, FindsAKeyWhoseTableIsDividedDuringTheSearch) {
  constexpr KeyHash kSought{kAllBits};
  constexpr KeyHash kCrowded{0};
  constexpr LogAddress kDecoy{1};
  constexpr LogAddress kAddress{2};
  const auto other_key = [](LogAddress) { return Match::kNo; };
  KeyIndex index;
  ASSERT_TRUE(index.put(kSought, kDecoy, other_key));
  ASSERT_TRUE(index.put(kSought, kAddress, other_key));
  for (std::uint64_t copy = 0; copy < 2 * kBucketSlots; ++copy) {
    ASSERT_TRUE(index.put(kCrowded, LogAddress{10 + copy}, other_key));
  }
  // Half a table of others that leave the crowded buckets alone.
  const HashParts crowded(kCrowded);
  for (std::uint64_t key = 100; index.size() < 5'000; ++key) {
    const HashParts parts(KeyHash{mix(key)});
    const auto buckets = {parts.bucket, parts.other_bucket};
    if (std::ranges::find(buckets, crowded.bucket) != buckets.end()) continue;
    if (std::ranges::find(buckets, crowded.other_bucket) != buckets.end()) continue;
    ASSERT_TRUE(index.put(KeyHash{mix(key)}, LogAddress{key}, other_key));
  }
  index.reserve_one();
  const std::size_t memory_size = index.memory_size();
  bool divided = false;
  const IndexAnswer answer = index.find(kSought, [&](LogAddress address) {
    if (address == kAddress) return Match::kYes;
    if (!divided) (void)checked(index.put(kCrowded, LogAddress{50}, other_key));
    divided = true;
    return Match::kNo;
  });
  EXPECT_EQ(checked(answer), kAddress);
  index.reserve_one();
  EXPECT_GE(index.memory_size(), memory_size + sizeof(IndexTable)) << "no table was divided";
}

// The record is moved and its old place given to something else while a search looks there.
TEST(KeyIndex, FindsARecordThatIsMovedDuringTheSearch) {
  constexpr KeyHash kHash{12345};
  constexpr LogAddress kSource{1};
  constexpr LogAddress kTarget{2};
  for (const Match at_old_place : {Match::kNo, Match::kFailed}) {
    KeyIndex index;
    ASSERT_TRUE(index.put(kHash, kSource, [](LogAddress) { return Match::kNo; }));
    const IndexAnswer answer = index.find(kHash, [&](LogAddress address) {
      if (address == kTarget) return Match::kYes;
      EXPECT_TRUE(index.replace(kHash, kSource, kTarget));
      return at_old_place;
    });
    EXPECT_EQ(checked(answer), kTarget);
  }
}

TEST(KeyIndex, PutsOnlyWhatIsSurelyNewWithoutAsking) {
  IndexedKeys keys;
  const LogAddress address = keys.append(7);
  EXPECT_FALSE(keys.index.may_hold(keys.hash(7)));
  EXPECT_TRUE(keys.index.put_new(keys.hash(7), address));
  EXPECT_EQ(checked(keys.find(7)), address);
  EXPECT_EQ(keys.index.size(), 1U);
  EXPECT_TRUE(keys.index.may_hold(keys.hash(7)));
  EXPECT_FALSE(keys.index.put_new(keys.hash(7), keys.append(7)));
  EXPECT_EQ(checked(keys.find(7)), address) << "nothing has changed";
  EXPECT_EQ(keys.index.size(), 1U);
  EXPECT_EQ(checked(keys.erase(7)), address);
  EXPECT_FALSE(keys.index.may_hold(keys.hash(7)));
  EXPECT_TRUE(keys.index.put_new(keys.hash(7), keys.append(7)));
}

// Tables divide as they do for put(), and of keys that are there none is taken for new.
TEST(KeyIndex, NewKeysMayBeAsManyAsOthers) {
  constexpr Key kKeys = 100'000;
  IndexedKeys keys;
  IndexedKeys others;
  Key refused = 0;
  for (Key key = 0; key < kKeys; ++key) {
    const LogAddress address = keys.append(key);
    keys.index.reserve_one();
    if (!keys.index.put_new(keys.hash(key), address)) {
      ++refused;
      ASSERT_EQ(checked(keys.index.put(keys.hash(key), address, keys.matcher(key))), std::nullopt);
    }
    others.index.reserve_one();
    (void)checked(others.put(key));
    ASSERT_EQ(keys.index.size(), key + 1);
  }
  EXPECT_LT(refused, kKeys / 100) << "it is to be told of nearly all that they are new";
  EXPECT_EQ(keys.index.memory_size(), others.index.memory_size());
  for (Key key = 0; key < kKeys; ++key) {
    ASSERT_EQ(checked(keys.find(key)), LogAddress{key});
    ASSERT_TRUE(keys.index.may_hold(keys.hash(key)));
    ASSERT_FALSE(keys.index.put_new(keys.hash(key), LogAddress{kKeys}));
  }
  EXPECT_EQ(keys.index.size(), kKeys);
}

TEST(KeyIndex, AllocatesNothingForANewKeyAfterReserving) {
  IndexedKeys keys;
  for (Key key = 0; key < 50'000; ++key) {
    keys.index.reserve_one();
    const std::size_t size = keys.index.memory_size();
    (void)keys.index.put_new(keys.hash(key), keys.append(key));
    ASSERT_EQ(keys.index.memory_size(), size);
  }
}

// Where entries have gone to the overflow, any key may be one of them.
TEST(KeyIndex, OfKeysOfOneHashOnlyTheFirstIsSurelyNew) {
  IndexedKeys keys(0);
  ASSERT_TRUE(keys.index.put_new(keys.hash(0), keys.append(0)));
  for (Key key = 1; key < 100; ++key) {
    ASSERT_FALSE(keys.index.put_new(keys.hash(key), keys.append(key)));
    ASSERT_TRUE(keys.index.put(keys.hash(key), LogAddress{key}, keys.matcher(key)));
  }
  for (Key key = 0; key < 100; ++key) ASSERT_EQ(checked(keys.erase(key)), LogAddress{key});
  EXPECT_EQ(keys.index.size(), 0U);
}

TEST(KeyIndex, WhatIsFrozenDoesNotSeeNewKeys) {
  constexpr Key kBefore = 20'000;
  constexpr Key kAfter = 60'000;  // enough for all tables to be divided
  IndexedKeys keys;
  for (Key key = 0; key < kBefore; ++key) (void)checked(keys.put(key));
  const std::unique_ptr<FrozenIndex> frozen = keys.index.freeze();
  const std::vector<std::uint64_t> before = frozen->slots();
  Key added = 0;
  for (Key key = kBefore; key < kAfter; ++key) {
    if (keys.index.put_new(keys.hash(key), keys.append(key))) ++added;
  }
  EXPECT_GT(added, kBefore);
  EXPECT_EQ(frozen->size(), kBefore);
  EXPECT_EQ(frozen->slots(), before);
  for (Key key = 0; key < kAfter; ++key) {
    const auto found = checked(frozen->find(keys.hash(key), keys.matcher(key)));
    ASSERT_EQ(found, key < kBefore ? std::optional(LogAddress{key}) : std::nullopt);
  }
}

struct ModelCase {
  const char* name;
  std::uint64_t hash_bits;
  Key key_count;
  std::uint32_t operations;
};

class KeyIndexModel : public testing::TestWithParam<ModelCase> {};

TEST_P(KeyIndexModel, AgreesWithAMap) {
  constexpr std::uint32_t kSeed = 42;
  std::mt19937 random(kSeed);
  IndexedKeys keys(GetParam().hash_bits);
  std::unordered_map<Key, LogAddress> model;
  const auto expected = [&](Key key) {
    const auto found = model.find(key);
    return found == model.end() ? std::nullopt : std::optional(found->second);
  };
  for (std::uint32_t operation = 0; operation < GetParam().operations; ++operation) {
    const Key key = static_cast<Key>(random()) % GetParam().key_count;
    switch (random() % 8) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const LogAddress address = keys.append(key);
        ASSERT_EQ(checked(keys.index.put(keys.hash(key), address, keys.matcher(key))),
                  expected(key))
            << "seed " << kSeed;
        model[key] = address;
        break;
      }
      case 4:
      case 5:
        ASSERT_EQ(checked(keys.erase(key)), expected(key)) << "seed " << kSeed;
        model.erase(key);
        break;
      case 6:
        if (const auto source = expected(key)) {
          const LogAddress target = keys.append(key);
          ASSERT_TRUE(keys.index.replace(keys.hash(key), *source, target));
          model[key] = target;
        }
        break;
      default:
        ASSERT_EQ(checked(keys.find(key)), expected(key)) << "seed " << kSeed;
        if (const auto address = expected(key)) {
          ASSERT_TRUE(keys.index.holds(keys.hash(key), *address));
        }
    }
    ASSERT_EQ(keys.index.size(), model.size());
  }
  for (Key key = 0; key < GetParam().key_count; ++key) {
    ASSERT_EQ(checked(keys.find(key)), expected(key)) << "seed " << kSeed;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Hashes, KeyIndexModel,
    testing::Values(ModelCase{"Good", kAllBits, 60'000, 400'000},
                    ModelCase{"Few", kAllBits, 20, 20'000},
                    ModelCase{"OneBucket", ~kBucketHashBits, 4'000, 20'000},
                    ModelCase{"OneTag", ~kTagHashBits, 30'000, 100'000},
                    ModelCase{"OneRegion", ~kRegionHashBits, 12'000, 60'000},
                    ModelCase{"OneBucketAndTag", ~(kBucketHashBits | kTagHashBits), 1'000, 20'000},
                    ModelCase{"One", 0, 300, 10'000}),
    [](const auto& model_case) { return model_case.param.name; });

}  // namespace
}  // namespace datawal::key_index_test
