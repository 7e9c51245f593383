// Compaction in place on the real filesystem, beside threads that read and write: what is looked up
// is never missing, never of another key and never older than before, and what was taken before a
// compaction stays what it was.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "datawal/data_wal.h"
#include "file/posix_test_support.h"

namespace datawal::compact_threads_test {
namespace {

constexpr int kKeys = 600;
constexpr int kWriters = 2;
constexpr int kCompactions = 12;
constexpr std::uint64_t kSegmentSize = std::uint64_t{64} << 10;

using Values = std::map<std::string, std::string>;

std::string key_of(int key) {
  return "key " + std::to_string(key);
}

// Tells which key and which write of it it is, and is long or short.
std::string value_of(int key, int count) {
  return std::to_string(key) + " " + std::to_string(count) + " " +
         std::string(static_cast<std::size_t>((key * 31 + count * 17) % 900), 'v');
}

// Which write of `key` `value` is of; -1 if it is none that there can be.
int count_of(std::string_view value, int key) {
  const std::string start = std::to_string(key) + " ";
  if (!value.starts_with(start)) return -1;
  const int count = std::atoi(std::string(value.substr(start.size())).c_str());
  return value == value_of(key, count) ? count : -1;
}

// Every third key is removed now and then; the others are always there.
bool may_be_absent(int key) {
  return key % 3 == 0;
}

class Random {
 public:
  explicit Random(unsigned seed) : state_(seed * 2654435761U + 1) {}
  int below(int end) {
    state_ = state_ * 1664525U + 1013904223U;
    return static_cast<int>((state_ >> 8) % static_cast<unsigned>(end));
  }

 private:
  unsigned state_;
};

class CompactBesideThreads : public testing::TestWithParam<bool> {
 protected:
  CompactBesideThreads()
      : store_(*DataWal::open(scratch_ / "store",
                              {.segment_size_max = kSegmentSize, .map_files = GetParam()})) {
    for (int key = 0; key < kKeys; ++key) put(key, 0);
  }

  void put(int key, int count) {
    const std::string value = value_of(key, count);
    const auto put = store_->put(as_bytes(key_of(key)), as_bytes(value));
    ASSERT_TRUE(put) << put.error().to_string();
    model_[key_of(key)] = value;
  }

  void remove(int key) {
    const auto removed = store_->remove(as_bytes(key_of(key)));
    ASSERT_TRUE(removed) << removed.error().to_string();
    model_.erase(key_of(key));
  }

  // Writes the keys of one of the writers until there is no more to do.
  void write(int writer) {
    Random random(77U + static_cast<unsigned>(writer));
    for (int count = 1; !is_done_; ++count) {
      std::this_thread::yield();  // or the mutex would hardly ever be free for the others
      const int key = random.below(kKeys / kWriters) * kWriters + writer;
      const std::lock_guard lock(writing_);  // one moment for the store and the model
      may_be_absent(key) && random.below(3) == 0 ? remove(key) : put(key, count);
    }
  }

  void compact_again_and_again() {
    for (int count = 0; count < kCompactions; ++count) {
      // Each has something to do, whoever is given the processor.
      const Txid enough = store_->log()->last_txid() + 100;
      while (store_->log()->last_txid() < enough && !HasFatalFailure()) std::this_thread::yield();
      const double ratio = count % 3 == 0 ? 0 : 0.2;
      const auto report = store_->compact({.garbage_ratio_min = ratio});
      ASSERT_TRUE(report) << report.error().to_string();
      segments_rewritten_ += report->segments_rewritten;
      // Something to do for the next, however slow the writers are.
      for (int step = 0; step < 20; ++step) {
        const std::lock_guard lock(writing_);
        put(kKeys + step % 20, count);
      }
    }
    is_done_ = true;
  }

  std::pair<Snapshot, Values> snapshot() {
    const std::lock_guard lock(writing_);
    return {*store_->snapshot(), model_};
  }

  static void check(const Snapshot& snapshot, const Values& expected) {
    ASSERT_EQ(snapshot.size(), expected.size());
    Values found;
    ItemCursor items = snapshot.items();
    while (true) {
      const auto item = items.next();
      ASSERT_TRUE(item) << item.error().to_string();
      if (!*item) break;
      found.emplace(as_text((*item)->key), as_text((*item)->value));
    }
    ASSERT_TRUE(found == expected) << "a snapshot has changed";
    for (int key = 0; key < kKeys; key += 7) {
      const auto value = snapshot.get(as_bytes(key_of(key)));
      ASSERT_TRUE(value) << value.error().to_string();
      const auto wanted = expected.find(key_of(key));
      ASSERT_EQ(value->has_value(), wanted != expected.end());
      if (!*value) continue;
      ASSERT_EQ((*value)->text(), wanted->second);
    }
  }

  const test::ScratchDirectory scratch_;
  std::optional<DataWal> store_;
  std::mutex writing_;  // guards the next, and every write
  Values model_;
  std::atomic<bool> is_done_ = false;
  std::uint64_t segments_rewritten_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, CompactBesideThreads, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Mapped" : "Read");
});

// Looks keys up in every way that there is, and remembers for each what it has seen of it.
class Reader {
 public:
  Reader(const DataWal& store, unsigned seed) : store_(store), random_(seed), seen_(kKeys, 0) {}

  void step() {
    const int key = random_.below(kKeys);
    switch (random_.below(4)) {
      case 0: {
        const auto value = store_.get(as_bytes(key_of(key)));
        ASSERT_TRUE(value) << value.error().to_string();
        return note(key, *value ? std::optional((*value)->text()) : std::nullopt);
      }
      case 1:
        return view(key);
      case 2:
        return several(key);
      default: {
        const auto found = store_.contains_key(as_bytes(key_of(key)));
        ASSERT_TRUE(found) << found.error().to_string();
        ASSERT_TRUE(*found || may_be_absent(key)) << key_of(key) << " is missing";
        const auto absent = store_.get(as_bytes("no such key"));
        ASSERT_TRUE(absent && !*absent);
      }
    }
  }

  // What is pinned is what it was, however long ago.
  void check_pinned() const {
    for (const Pinned& pinned : pinned_) {
      ASSERT_EQ(count_of(pinned.value.text(), pinned.key), pinned.count);
    }
  }

 private:
  struct Pinned {
    int key;
    int count;
    PinnedValue value;
  };

  void note(int key, std::optional<std::string_view> value) {
    if (!value) {
      ASSERT_TRUE(may_be_absent(key)) << key_of(key) << " is missing";
      return;
    }
    const int count = count_of(*value, key);
    int& last = seen_[static_cast<std::size_t>(key)];
    ASSERT_GE(count, last) << key_of(key);
    last = count;
  }

  void view(int key) {
    auto value = store_.get_view(as_bytes(key_of(key)));
    ASSERT_TRUE(value) << value.error().to_string();
    note(key, *value ? std::optional((*value)->text()) : std::nullopt);
    if (!*value) return;
    const int count = seen_[static_cast<std::size_t>(key)];
    pinned_.push_back({key, count, *std::move(*value)});
    if (pinned_.size() < 100) return;
    check_pinned();
    pinned_.erase(pinned_.begin(), pinned_.begin() + 60);
  }

  void several(int key) {
    std::vector<std::string> keys;
    for (int index = 0; index < 8; ++index) keys.push_back(key_of((key + index * 37) % kKeys));
    const std::vector<ByteView> views = [&] {
      std::vector<ByteView> bytes;
      for (const std::string& text : keys) bytes.push_back(as_bytes(text));
      return bytes;
    }();
    const auto values = store_.multi_get(views);
    for (int index = 0; index < 8; ++index) {
      const auto& value = values[static_cast<std::size_t>(index)];
      ASSERT_TRUE(value) << value.error().to_string();
      note((key + index * 37) % kKeys, *value ? std::optional((*value)->text()) : std::nullopt);
    }
  }

  const DataWal& store_;
  Random random_;
  std::vector<int> seen_;
  std::vector<Pinned> pinned_;
};

TEST_P(CompactBesideThreads, NothingIsMissingOrOldOrOfAnotherKey) {
  std::vector<Reader> readers;
  for (unsigned reader = 0; reader < 3; ++reader) readers.emplace_back(*store_, reader);
  std::optional<std::pair<Snapshot, Values>> kept;
  {
    std::vector<std::jthread> threads;
    for (Reader& reader : readers) {
      threads.emplace_back([&] {
        while (!is_done_ && !HasFatalFailure()) reader.step();
      });
    }
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([&, writer] { write(writer); });
    }
    threads.emplace_back([&] {
      kept.emplace(snapshot());
      while (!is_done_ && !HasFatalFailure()) {
        const auto [taken, expected] = snapshot();
        check(taken, expected);
      }
    });
    compact_again_and_again();
    is_done_ = true;
  }
  EXPECT_GT(segments_rewritten_, 12U);
  const auto [last, expected] = snapshot();
  check(last, expected);
  check(kept->first, kept->second);
  ASSERT_TRUE(store_->close());
  check(kept->first, kept->second);
  store_.reset();
  check(kept->first, kept->second);
  for (const Reader& reader : readers) reader.check_pinned();
  store_ = *DataWal::open_read_only(scratch_ / "store");
  check(*store_->snapshot(), expected);
}

TEST_P(CompactBesideThreads, WhatWasTakenBeforeSeveralCompactionsOutlivesTheStore) {
  std::vector<std::pair<Snapshot, Values>> snapshots;
  std::vector<std::pair<PinnedValue, std::string>> pinned;
  for (int round = 1; round <= 6; ++round) {
    snapshots.push_back(snapshot());
    for (int key = 0; key < kKeys; key += 5) {
      auto value = store_->get_view(as_bytes(key_of(key)));
      ASSERT_TRUE(value);
      if (*value) pinned.emplace_back(*std::move(*value), model_.at(key_of(key)));
    }
    for (int key = 0; key < kKeys; ++key) {
      if ((key + round) % 4 != 0) continue;
      may_be_absent(key) && round % 2 == 0 ? remove(key) : put(key, round);
    }
    ASSERT_TRUE(store_->compact());
  }
  const auto check_all = [&] {
    for (const auto& [taken, expected] : snapshots) check(taken, expected);
    for (const auto& [value, expected] : pinned) ASSERT_EQ(value.text(), expected);
  };
  check_all();
  ASSERT_TRUE(store_->close());
  store_.reset();
  check_all();
}

// A value that is pinned keeps its file, whoever has begun to hold it when.
TEST_P(CompactBesideThreads, WhatIsHeldIsGivenBackOnceNobodyHoldsIt) {
  std::optional<std::pair<Snapshot, Values>> taken(snapshot());
  for (int round = 1; round < 5; ++round) {
    for (int key = 0; key < kKeys; ++key) put(key, round);
    ASSERT_TRUE(store_->compact());
    if (round == 2) check(taken->first, taken->second);
    if (round == 2) taken.reset();
  }
  const auto [last, expected] = snapshot();
  check(last, expected);
  EXPECT_LT(store_->space_use().amplification(), 1.1);
}

}  // namespace
}  // namespace datawal::compact_threads_test
