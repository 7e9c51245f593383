// A compaction of a store with more segments than there are files kept open: whoever reads by
// address opens files by name then, and must never take another one for that which the address is
// of.
#include <map>
#include <string>
#include <utility>

#include "datawal/data_wal.h"
#include "log/log_test_support.h"
#include "log/segment_set.h"

namespace datawal::compact_large_store_test {
namespace {

using test::FailsWith;
using test::must;

using Values = std::map<std::string, std::string>;

class CompactLargeStore : public test::SimulatedLog {
 protected:
  static constexpr int kKeyCount = 2 * SegmentSet::kOpenFilesMax;

  CompactLargeStore() {
    options_.segment_size_max = 200;  // a record a segment
    options_.map_files = false;
  }

  // Values of one size, so that what is read at a wrong place can look right.
  static std::string value_of(int round, int number) {
    return std::to_string(1'000 * (round + 1) + number) + std::string(100, 'v');
  }
  static Values fill(DataWal& store, int round) {
    Values values;
    for (int number = 0; number < kKeyCount; ++number) {
      const std::string key = std::to_string(1'000 + number);
      must(store.put(as_bytes(key), as_bytes(value_of(round, number))));
      values[key] = value_of(round, number);
    }
    return values;
  }
  template <typename Store>
  static Values gets_of(const Store& store, const Values& keys) {
    Values values;
    for (const auto& [key, value] : keys) {
      const auto got = must(store.get(as_bytes(key)));
      if (got) values[key] = got->text();
    }
    return values;
  }
  static Values values_of(ItemCursor items) {
    Values values;
    while (const auto item = must(items.next())) {
      values.emplace(as_text(item->key), as_text(item->value));
    }
    return values;
  }
};

TEST_F(CompactLargeStore, WhatItsOwnReadersHaveBegunWithStays) {
  DataWal store = must(DataWal::open(kStore, options_));
  const Values before = fill(store, 0);
  ASSERT_GT(store.log()->segments().size(), SegmentSet::kOpenFilesMax);
  const Snapshot snapshot = must(store.snapshot());
  ItemCursor items = store.items();
  Values now = before;
  for (int round = 1; round < 3; ++round) {
    now = fill(store, round);
    EXPECT_GT(must(store.compact()).segments_rewritten, SegmentSet::kOpenFilesMax);
    EXPECT_EQ(gets_of(store, now), now);
    EXPECT_EQ(gets_of(snapshot, before), before);
  }
  EXPECT_EQ(values_of(snapshot.items()), before);
  EXPECT_EQ(values_of(std::move(items)), before);
  EXPECT_EQ(values_of(store.items()), now);
}

// A segment that another one is joined to keeps its name, and its keys their offsets or not.
TEST_F(CompactLargeStore, ItsOwnGetsFindWhatWasJoined) {
  DataWal store = must(DataWal::open(kStore, options_));
  const Values values = fill(store, 0);
  must(store.close());
  options_.segment_size_max = 4'000;
  store = must(DataWal::open(kStore, options_));
  const Snapshot snapshot = must(store.snapshot());
  EXPECT_GT(must(store.compact()).segments_removed, 0U);
  EXPECT_EQ(gets_of(snapshot, values), values);
  EXPECT_EQ(gets_of(store, values), values);
}

TEST_F(CompactLargeStore, AReadOnlyStoreGivesWhatWasThereOrAGap) {
  DataWal store = must(DataWal::open(kStore, options_));
  const Values before = fill(store, 0);
  const auto process = filesystem_.new_process();
  Options other = options_;
  other.filesystem = process.get();
  const DataWal reader = must(DataWal::open_read_only(kStore, other));
  (void)fill(store, 1);
  must(store.compact());
  std::size_t gap_count = 0;
  for (const auto& [key, value] : before) {
    const auto got = reader.get(as_bytes(key));
    if (!got) {
      EXPECT_THAT(got, FailsWith(ErrorCode::kGap));
      ++gap_count;
    } else {
      EXPECT_TRUE(*got && (*got)->text() == value) << key;
    }
  }
  EXPECT_GT(gap_count, 0U);
}

}  // namespace
}  // namespace datawal::compact_large_store_test
