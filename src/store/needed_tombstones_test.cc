#include "store/needed_tombstones.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <utility>

namespace datawal::needed_tombstones_test {
namespace {

constexpr KeyHash kKey{7};

TEST(NeededTombstones, NoneIsNeededWhereThereAreNoPuts) {
  NeededTombstones tombstones;
  EXPECT_TRUE(tombstones.empty());
  EXPECT_FALSE(tombstones.is_needed(kKey, SegmentId{3}));
  tombstones.add_tombstone(kKey, SegmentId{3});
  tombstones.seal();
  EXPECT_FALSE(tombstones.empty());
  EXPECT_FALSE(tombstones.is_needed(kKey, SegmentId{3}));
}

TEST(NeededTombstones, IsNeededForAPutInAnEarlierSegmentOnly) {
  for (const std::uint32_t put : {1U, 2U, 3U, 4U, 5U, 6U}) {
    NeededTombstones tombstones;
    tombstones.add_tombstone(kKey, SegmentId{5});
    tombstones.add_tombstone(kKey, SegmentId{3});
    tombstones.seal();
    tombstones.note_put(kKey, SegmentId{put});
    EXPECT_EQ(tombstones.is_needed(kKey, SegmentId{3}), put < 3) << put;
    EXPECT_EQ(tombstones.is_needed(kKey, SegmentId{5}), put < 5) << put;
    EXPECT_FALSE(tombstones.is_needed(kKey, SegmentId{4})) << "there is none there";
    EXPECT_FALSE(tombstones.is_needed(KeyHash{8}, SegmentId{5}));
  }
}

TEST(NeededTombstones, SeveralOfOneKeyInOneSegmentAreOne) {
  NeededTombstones tombstones;
  for (int count = 0; count < 3; ++count) tombstones.add_tombstone(kKey, SegmentId{2});
  tombstones.seal();
  tombstones.note_put(kKey, SegmentId{1});
  EXPECT_TRUE(tombstones.is_needed(kKey, SegmentId{2}));
}

TEST(NeededTombstones, AreWhatAnHonestLookAtEachSays) {
  std::mt19937 random(11);
  std::set<std::pair<KeyHash, SegmentId>> deletes;
  std::map<KeyHash, SegmentId> first_put;
  NeededTombstones tombstones;
  const auto key = [&] { return KeyHash{random() % 300}; };
  const auto segment = [&] { return SegmentId{1 + static_cast<std::uint32_t>(random() % 40)}; };
  for (int count = 0; count < 2'000; ++count) {
    const std::pair added{key(), segment()};
    deletes.insert(added);
    tombstones.add_tombstone(added.first, added.second);
  }
  tombstones.seal();
  for (int count = 0; count < 200; ++count) {
    const std::pair put{key(), segment()};
    tombstones.note_put(put.first, put.second);
    const auto [entry, is_new] = first_put.insert(put);
    if (!is_new) entry->second = std::min(entry->second, put.second);
  }
  std::size_t needed = 0;
  for (const auto& [hash, where] : deletes) {
    const auto put = first_put.find(hash);
    const bool expected = put != first_put.end() && put->second < where;
    ASSERT_EQ(tombstones.is_needed(hash, where), expected);
    needed += expected ? 1U : 0U;
  }
  EXPECT_GT(needed, 100U);
  EXPECT_LT(needed, deletes.size() - 100);
}

// Beyond what fits, all are taken for needed: that costs space and loses nothing.
TEST(NeededTombstones, ThoseThatHaveNoPlaceAreNeeded) {
  NeededTombstones tombstones;
  for (std::size_t count = 0; count < NeededTombstones::kCountMax; ++count) {
    tombstones.add_tombstone(kKey, SegmentId{2});
  }
  const KeyHash late{9};
  tombstones.add_tombstone(late, SegmentId{2});
  tombstones.seal();
  EXPECT_FALSE(tombstones.is_needed(kKey, SegmentId{2}));
  EXPECT_TRUE(tombstones.is_needed(late, SegmentId{2}));
}

}  // namespace
}  // namespace datawal::needed_tombstones_test
