// A frozen index gives what the index had, whatever has become of that since.
#include "store/frozen_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "store/key_index.h"

namespace datawal::frozen_index_test {
namespace {

using Key = std::uint32_t;
using Model = std::map<Key, LogAddress>;

constexpr std::uint64_t kAllBits = ~std::uint64_t{0};

// A log of keys, written by one thread and read by others, and the index over it. Only `hash_bits`
// of the hashes differ.
class IndexedKeys {
 public:
  explicit IndexedKeys(std::size_t log_size_max, std::uint64_t hash_bits = kAllBits)
      : keys_(log_size_max), hash_bits_(hash_bits) {}

  [[nodiscard]] KeyHash hash_of(Key key) const {
    std::uint64_t number = (key + 1) * 0x9fb2'1c65'1e98'df25;
    number = (number ^ number >> 29) * 0xd6e8'feb8'6659'fd93;
    return KeyHash{(number ^ number >> 32) & hash_bits_};
  }
  [[nodiscard]] auto matcher(Key key) const {
    return [this, key](LogAddress address) {
      const Key found = keys_[static_cast<std::size_t>(address)].load(std::memory_order_relaxed);
      return found == key ? Match::kYes : Match::kNo;
    };
  }
  [[nodiscard]] bool has_room() const { return log_size_ < keys_.size(); }

  void put(Key key) {
    const LogAddress address = append(key);
    ASSERT_TRUE(index_.put(hash_of(key), address, matcher(key)));
    model_[key] = address;
  }
  void erase(Key key) {
    ASSERT_TRUE(index_.erase(hash_of(key), matcher(key)));
    model_.erase(key);
  }
  void rewrite(Key key) {
    const auto found = model_.find(key);
    if (found == model_.end()) return;
    const LogAddress target = append(key);
    ASSERT_TRUE(index_.replace(hash_of(key), found->second, target));
    found->second = target;
  }

  template <typename Index>
  [[nodiscard]] std::optional<LogAddress> find(const Index& index, Key key) const {
    const IndexAnswer answer = index.find(hash_of(key), matcher(key));
    EXPECT_TRUE(answer);
    return answer.value_or(std::nullopt);
  }
  template <typename Index>
  void expect_same(const Index& index, const Model& model, Key key_count) const {
    for (Key key = 0; key < key_count; ++key) {
      const auto expected = model.find(key);
      const std::optional<LogAddress> found = find(index, key);
      ASSERT_EQ(found.has_value(), expected != model.end()) << key;
      if (found) {
        ASSERT_EQ(*found, expected->second) << key;
      }
    }
    ASSERT_EQ(index.size(), model.size());
  }

  [[nodiscard]] KeyIndex& index() { return index_; }
  [[nodiscard]] const Model& model() const { return model_; }

 private:
  LogAddress append(Key key) {
    keys_.at(log_size_).store(key, std::memory_order_relaxed);
    return LogAddress{log_size_++};
  }

  std::vector<std::atomic<Key>> keys_;
  std::size_t log_size_ = 0;
  const std::uint64_t hash_bits_;
  KeyIndex index_;
  Model model_;
};

std::vector<LogAddress> addresses_of(const FrozenIndex& frozen) {
  std::vector<LogAddress> addresses;
  for (const std::uint64_t slot : frozen.slots()) addresses.push_back(address_in_slot(slot));
  std::ranges::sort(addresses);
  return addresses;
}

std::vector<LogAddress> addresses_of(const Model& model) {
  std::vector<LogAddress> addresses;
  for (const auto& [key, address] : model) addresses.push_back(address);
  std::ranges::sort(addresses);
  return addresses;
}

// Does random things to keys of which the number grows at first, so that tables divide, and
// freezes the index now and then.
void change_and_freeze(IndexedKeys& keys, Key key_count, std::uint32_t seed) {
  struct Frozen {
    std::unique_ptr<FrozenIndex> index;
    Model model;
  };
  std::mt19937 random(seed);
  std::vector<Frozen> all;
  for (Key count = 0; keys.has_room(); ++count) {
    const Key key = static_cast<Key>(random()) % std::min(count / 2 + 1, key_count);
    switch (random() % 8) {
      case 0:
        ASSERT_NO_FATAL_FAILURE(keys.erase(key));
        break;
      case 1:
        ASSERT_NO_FATAL_FAILURE(keys.rewrite(key));
        break;
      default:
        ASSERT_NO_FATAL_FAILURE(keys.put(key));
    }
    if (random() % 3'000 == 0) all.push_back({keys.index().freeze(), keys.model()});
    if (random() % 5'000 != 0 || all.empty()) continue;
    const std::size_t released = random() % all.size();
    ASSERT_NO_FATAL_FAILURE(keys.expect_same(*all[released].index, all[released].model, key_count));
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(released));
  }
  ASSERT_GT(all.size(), 1U);
  for (const Frozen& frozen : all) {
    ASSERT_NO_FATAL_FAILURE(keys.expect_same(*frozen.index, frozen.model, key_count));
    ASSERT_EQ(addresses_of(*frozen.index), addresses_of(frozen.model));
  }
  ASSERT_NO_FATAL_FAILURE(keys.expect_same(keys.index(), keys.model(), key_count));
}

TEST(FrozenIndex, KeepsWhatThereWasWhileKeysChangeAndTablesDivide) {
  IndexedKeys keys(90'000);
  change_and_freeze(keys, 40'000, 1);
}

TEST(FrozenIndex, KeepsWhatThereWasOfKeysOfOneHash) {
  IndexedKeys keys(20'000, 0);
  change_and_freeze(keys, 60, 2);
}

TEST(FrozenIndex, OfAnEmptyIndexStaysEmpty) {
  IndexedKeys keys(10);
  const std::unique_ptr<FrozenIndex> frozen = keys.index().freeze();
  keys.put(1);
  EXPECT_EQ(frozen->size(), 0U);
  EXPECT_EQ(keys.find(*frozen, 1), std::nullopt);
  EXPECT_TRUE(frozen->slots().empty());
}

TEST(FrozenIndex, CopiesATableOnceForAllThatShareIt) {
  IndexedKeys keys(100);
  keys.put(1);
  const auto first = keys.index().freeze();
  const auto second = keys.index().freeze();
  const std::size_t shared = first->memory_size();
  keys.put(1);
  EXPECT_GE(first->memory_size(), shared + sizeof(IndexTable));
  const std::size_t copied = first->memory_size();
  keys.put(2);
  EXPECT_EQ(first->memory_size(), copied) << "it has been copied already";
  const auto third = keys.index().freeze();
  keys.put(3);
  EXPECT_EQ(first->memory_size(), copied) << "the table is not one of its own any more";
  EXPECT_EQ(second->memory_size(), copied);
  EXPECT_EQ(keys.find(*third, 2), LogAddress{2});
}

TEST(FrozenIndex, CostsTheIndexNoMemoryOnceItIsGone) {
  IndexedKeys keys(30'000);
  for (Key key = 0; key < 20'000; ++key) keys.put(key);
  const std::size_t before = keys.index().memory_size();
  for (int round = 0; round < 300; ++round) {
    const auto frozen = keys.index().freeze();
    for (Key key = 0; key < 30; ++key) keys.put(key * 600);
  }
  EXPECT_EQ(keys.index().memory_size(), before);
}

// While it is searched the tables that it shares are changed, divided, and put aside.
TEST(FrozenIndexConcurrency, GivesOneMomentWhileAnotherThreadWrites) {
  constexpr Key kKeys = 20'000;
  IndexedKeys keys(150'000);
  for (Key key = 0; key < kKeys; ++key) keys.put(key);
  struct Shared {
    std::unique_ptr<FrozenIndex> index;
    Model model;
  };
  std::vector<Shared> all;
  for (int count = 0; count < 3; ++count) all.push_back({keys.index().freeze(), keys.model()});
  std::atomic<bool> is_done = false;
  std::atomic<int> wrong = 0;
  const auto read = [&](const Shared& shared, std::uint32_t seed) {
    std::mt19937 random(seed);
    const std::vector<LogAddress> expected = addresses_of(shared.model);
    do {
      for (int count = 0; count < 2'000; ++count) {
        const Key key = static_cast<Key>(random()) % (2 * kKeys);
        const auto model = shared.model.find(key);
        const auto found = keys.find(*shared.index, key);
        if (found.has_value() != (model != shared.model.end())) ++wrong;
        if (found && *found != model->second) ++wrong;
      }
      if (addresses_of(*shared.index) != expected) ++wrong;
    } while (!is_done);
  };
  {
    std::vector<std::jthread> readers;
    for (std::uint32_t reader = 0; reader < all.size(); ++reader) {
      readers.emplace_back([&, reader] { read(all[reader], reader); });
    }
    std::mt19937 random(9);
    while (keys.has_room()) {
      const Key key = static_cast<Key>(random()) % (2 * kKeys);
      if (key % 5 == 0) keys.erase(key);
      if (key % 5 != 0) keys.put(key);
      if (key % 16 == 0) static_cast<void>(keys.index().freeze());
    }
    is_done = true;
  }
  EXPECT_EQ(wrong, 0);
}

// Whoever is in the middle of a table as it is changed for the first time must look again.
TEST(FrozenIndexConcurrency, IsNotMixedWithTheChangeOfATableThatIsBeingRead) {
  constexpr Key kKeys = 300;
  constexpr int kRounds = 100;
  IndexedKeys keys(kKeys * (kRounds + 1));
  for (Key key = 0; key < kKeys; ++key) keys.put(key);
  for (int round = 0; round < kRounds; ++round) {
    const auto frozen = keys.index().freeze();
    const std::vector<LogAddress> expected = addresses_of(keys.model());
    std::atomic<bool> is_reading = false;
    std::atomic<bool> is_done = false;
    std::jthread reader([&] {
      do {
        ASSERT_EQ(addresses_of(*frozen), expected);
        is_reading = true;
      } while (!is_done);
    });
    while (!is_reading) std::this_thread::yield();
    for (Key key = 0; key < kKeys; ++key) keys.put(key);
    is_done = true;
  }
}

}  // namespace
}  // namespace datawal::frozen_index_test
