#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "store/key_index.h"

namespace datawal::key_index_concurrency_test {
namespace {

using Key = std::uint32_t;

// A log of keys, written by one thread and read by others, with an index over it. Keys below
// `stable_count` are never absent; those above come and go.
class SharedKeys {
 public:
  // Only `hash_bits` of the hashes differ.
  SharedKeys(std::size_t log_size_max, Key stable_count, std::uint64_t hash_bits = ~0ULL)
      : keys_(log_size_max), stable_count_(stable_count), hash_bits_(hash_bits) {
    for (Key key = 0; key < stable_count; ++key) put(key);
  }

  [[nodiscard]] bool has_room() const { return log_size_ < keys_.size(); }
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

  void put(Key key) {
    const LogAddress address = append(key);
    EXPECT_TRUE(index_.put(hash_of(key), address, matcher(key)));
  }
  void erase(Key key) { EXPECT_TRUE(index_.erase(hash_of(key), matcher(key))); }
  void rewrite(Key key) {
    const IndexAnswer source = index_.find(hash_of(key), matcher(key));
    if (!source || !*source) return;
    EXPECT_TRUE(index_.replace(hash_of(key), **source, append(key)));
  }

  // Searches until the writer is done. The addresses of a key only rise, so a search that gives a
  // lower one than the search before has gone back in time.
  void search(std::uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<LogAddress> last(stable_count_);
    while (!done_.load(std::memory_order_relaxed)) {
      const Key stable = static_cast<Key>(random()) % stable_count_;
      const IndexAnswer answer = index_.find(hash_of(stable), matcher(stable));
      if (!answer || !*answer) {
        ++missed_;
      } else {
        if (**answer < last[stable]) ++stale_;
        last[stable] = **answer;
      }
      const Key passing = stable_count_ + static_cast<Key>(random()) % stable_count_;
      if (!index_.find(hash_of(passing), matcher(passing))) ++failed_;
      if (index_.holds(hash_of(passing), LogAddress{keys_.size()})) ++failed_;
    }
  }

  // Runs `write` beside readers, then expects that they have seen nothing wrong.
  template <typename Write>
  void write_beside_readers(Write write) {
    {
      std::jthread first([this] { search(1); });
      std::jthread second([this] { search(2); });
      write();
      done_.store(true, std::memory_order_relaxed);
    }
    EXPECT_EQ(missed_, 0U);
    EXPECT_EQ(stale_, 0U);
    EXPECT_EQ(failed_, 0U);
  }

  [[nodiscard]] const KeyIndex& index() const { return index_; }

 private:
  LogAddress append(Key key) {
    keys_.at(log_size_).store(key, std::memory_order_relaxed);
    return LogAddress{log_size_++};
  }

  std::vector<std::atomic<Key>> keys_;
  std::size_t log_size_ = 0;
  const Key stable_count_;
  const std::uint64_t hash_bits_;
  KeyIndex index_;
  std::atomic<bool> done_ = false;
  std::atomic<std::uint64_t> missed_ = 0;
  std::atomic<std::uint64_t> stale_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
};

// In a table that is nearly full a put moves others' entries.
TEST(KeyIndexConcurrency, NoKeyIsMissedWhileEntriesMove) {
  constexpr Key kStable = 5'000;
  constexpr Key kPassing = 2'650;
  SharedKeys keys(400'000, kStable);
  for (Key key = 0; key < kPassing; ++key) keys.put(kStable + key);
  keys.write_beside_readers([&] {
    std::mt19937 random(3);
    for (Key next = kStable + kPassing; keys.has_room(); ++next) {
      keys.erase(next - kPassing);
      keys.put(next);
      if (next % 4 == 0 && keys.has_room()) keys.put(static_cast<Key>(random()) % kStable);
      if (next % 5 == 0 && keys.has_room()) keys.rewrite(static_cast<Key>(random()) % kStable);
    }
  });
  EXPECT_EQ(keys.index().size(), kStable + kPassing);
}

TEST(KeyIndexConcurrency, NoKeyIsMissedWhileTablesDivide) {
  constexpr Key kStable = 7'000;
  SharedKeys keys(400'000, kStable);
  keys.write_beside_readers([&] {
    std::mt19937 random(4);
    for (Key next = kStable; keys.has_room(); ++next) {
      keys.put(next);
      if (next % 3 == 0 && keys.has_room()) keys.put(static_cast<Key>(random()) % kStable);
    }
  });
  EXPECT_GT(keys.index().size(), 250'000U);
}

TEST(KeyIndexConcurrency, NoKeyIsMissedAmongKeysOfOneHash) {
  constexpr Key kStable = 50;
  SharedKeys keys(20'000, kStable, 0);
  keys.write_beside_readers([&] {
    for (Key next = kStable; keys.has_room(); ++next) {
      keys.put(next);
      if (next >= 2 * kStable) keys.erase(next - kStable);
      if (next % 3 == 0 && keys.has_room()) keys.put(next % kStable);
    }
  });
  EXPECT_EQ(keys.index().size(), 2 * kStable);
}

}  // namespace
}  // namespace datawal::key_index_concurrency_test
