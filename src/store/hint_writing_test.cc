// Stores whose sealed segments have hints: written in the background, and opened the same with any
// of them or none.
#include "store/hint_writing.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>

#include "datawal/backup.h"
#include "datawal/data_wal.h"
#include "format/names.h"
#include "log/log_test_support.h"

namespace datawal::hint_writing_test {
namespace {

using test::must;

using Values = std::map<std::string, std::string>;

class Hints : public test::SimulatedLog {
 protected:
  Hints() { options_.segment_size_max = 3 << 19; }

  DataWal open() { return must(DataWal::open(kStore, options_)); }

  static std::filesystem::path hint_path(std::uint32_t id) {
    return std::filesystem::path(kStore) / hint_name(SegmentId{id});
  }
  [[nodiscard]] bool has_hint(std::uint32_t id) const { return filesystem_.exists(hint_path(id)); }

  void put_next(DataWal& store) {
    const std::string key = "key " + std::to_string(number_ % 2'000);
    must(store.put(as_bytes(key), as_bytes(std::to_string(number_) + std::string(4'000, 'v'))));
    if (number_ % 10 == 3) must(store.remove(as_bytes("key " + std::to_string(number_ % 97))));
    ++number_;
  }
  // The background is waited for, and nothing but that.
  void put_until_hint(DataWal& store, std::uint32_t id) {
    const int first = number_;
    while (!has_hint(id)) {
      if (number_ < first + 20'000) {
        put_next(store);
      } else {
        std::this_thread::yield();
      }
    }
  }

  // A store whose first segments have hints, killed; without a saved index.
  void fill_and_kill() {
    DataWal store = open();
    put_until_hint(store, 2);
    must(store.sync());
    filesystem_.kill_process();
    remove_checkpoint();
  }
  void remove_checkpoint() {
    const auto path = std::filesystem::path(kStore) / kCheckpointName;
    if (filesystem_.exists(path)) filesystem_.remove(path);
  }
  void remove_hints(SimulatedFilesystem& machine) {
    for (std::uint32_t id = 1; id < 1'000; ++id) {
      if (machine.exists(hint_path(id))) machine.remove(hint_path(id));
    }
  }

  static Values values_of(const DataWal& store) {
    Values values;
    must(store.for_each([&](const Item& item) {
      values.emplace(as_text(item.key), as_text(item.value));
      return true;
    }));
    EXPECT_EQ(values.size(), store.size());
    return values;
  }
  Values values_without_hints() {
    const auto clone = filesystem_.clone();
    remove_hints(*clone);
    Options options = options_;
    options.filesystem = clone.get();
    const DataWal store = must(DataWal::open(kStore, options));
    EXPECT_EQ(store.stats().open.hints_read, 0U);
    return values_of(store);
  }

  int number_ = 0;
};

TEST_F(Hints, AreReadInsteadOfTheirSegments) {
  fill_and_kill();
  const Values expected = values_without_hints();
  const DataWal store = open();
  EXPECT_GE(store.stats().open.hints_read, 1U);
  EXPECT_EQ(values_of(store), expected);
}

TEST_F(Hints, AreReadWithoutMappings) {
  fill_and_kill();
  const Values expected = values_without_hints();
  options_.map_files = false;
  const DataWal store = open();
  EXPECT_GE(store.stats().open.hints_read, 1U);
  EXPECT_EQ(values_of(store), expected);
}

TEST_F(Hints, WithAnythingInThemTheStoreIsTheSame) {
  fill_and_kill();
  const Values expected = values_without_hints();
  const Bytes good = *filesystem_.read_file(hint_path(1));
  for (std::size_t at = 0; at < good.size(); at += at < 100 ? 9 : 911) {
    Bytes bytes = good;
    bytes[at] ^= std::byte{0x20};
    filesystem_.write_file(hint_path(1), bytes);
    const auto clone = filesystem_.clone();
    Options options = options_;
    options.filesystem = clone.get();
    ASSERT_EQ(values_of(must(DataWal::open(kStore, options))), expected) << at;
  }
}

TEST_F(Hints, DamageInASegmentThatWasWrittenToIsFoundByOpening) {
  fill_and_kill();
  damage_segment(1, 2'000);
  EXPECT_THAT(DataWal::open(kStore, options_), test::FailsWith(ErrorCode::kCorruption));
}

TEST_F(Hints, OneThatWasMissedAtOpenIsWrittenLater) {
  fill_and_kill();
  filesystem_.remove(hint_path(1));
  DataWal store = open();
  EXPECT_FALSE(has_hint(1)) << "opening writes none";
  put_until_hint(store, 1);
}

TEST_F(Hints, AreNotWrittenWhereSidecarsAreNotWanted) {
  options_.checkpoint_log_size = std::uint64_t{1} << 40;
  {
    DataWal store = open();
    for (int count = 0; count < 2'000; ++count) put_next(store);
    must(store.close());
  }
  for (std::uint32_t id = 1; id < 10; ++id) EXPECT_FALSE(has_hint(id));
}

TEST_F(Hints, FailingToWriteThemFailsNothing) {
  filesystem_.inject(
      {.count = SimulatedFault::kForEver, .call = SimulatedCall::kCreate, .path_part = "hint"});
  {
    DataWal store = open();
    for (int count = 0; count < 2'000; ++count) put_next(store);
    must(store.close());
  }
  EXPECT_FALSE(has_hint(1));
  remove_checkpoint();
  (void)open();
}

TEST_F(Hints, ACompactionTakesThemAway) {
  fill_and_kill();
  {
    DataWal store = open();
    for (int count = 0; count < 2'000; ++count) put_next(store);
    const auto report = must(store.compact());
    EXPECT_GT(report.segments_rewritten, 0U);
    must(store.sync());
    filesystem_.kill_process();
  }
  remove_checkpoint();
  const Values expected = values_without_hints();
  EXPECT_EQ(values_of(open()), expected);
  for (std::uint32_t id = 1; id < 100; ++id) EXPECT_LE(has_hint(id), has_segment(id)) << id;
}

TEST_F(Hints, ACopyOfTheStoreHasNone) {
  fill_and_kill();
  DataWal store = open();
  must(store.checkpoint("copy"));
  EXPECT_FALSE(filesystem_.exists(std::filesystem::path("copy") / hint_name(SegmentId{1})));
}

}  // namespace
}  // namespace datawal::hint_writing_test
