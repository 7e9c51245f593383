#include "store/index_image_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "datawal/frame.h"
#include "store/index_parts.h"

namespace datawal::index_image_check_test {
namespace {

using Depths = std::vector<std::uint8_t>;

TEST(DirectoryDepth, IsThatOfTheDeepestTable) {
  EXPECT_EQ(directory_depth(Depths{0}), 0U);
  EXPECT_EQ(directory_depth(Depths{1, 1}), 1U);
  EXPECT_EQ(directory_depth(Depths{2, 3, 3, 1}), 3U);
}

TEST(DirectoryDepth, IsAbsentUnlessEveryRegionIsCoveredOnce) {
  for (const Depths& depths :
       {Depths{}, Depths{1}, Depths{0, 0}, Depths{1, 0}, Depths{0, 1}, Depths{1, 1, 1},
        Depths{2, 2}, Depths{2, 1, 2}, Depths{1, 23, 23}, Depths{255}, Depths{32, 32}}) {
    EXPECT_EQ(directory_depth(depths), std::nullopt) << testing::PrintToString(depths);
  }
}

TEST(DirectoryDepth, IsAbsentWhereNoDirectoryWouldHaveBeenDoubled) {
  const auto chain = [](std::uint8_t deepest) {
    Depths depths;
    for (std::uint8_t depth = 1; depth <= deepest; ++depth) depths.push_back(depth);
    depths.push_back(deepest);
    return depths;
  };
  EXPECT_EQ(directory_depth(chain(8)), 8U);  // 256 entries for nine tables
  EXPECT_EQ(directory_depth(chain(9)), std::nullopt);
  EXPECT_EQ(directory_depth(chain(22)), std::nullopt);
}

using Segments = std::vector<SegmentFacts>;

bool is_covered(Position end, const Segments& segments) {
  return is_coverage_of({.end = end}, segments);
}

TEST(IndexCoverageCheck, EndsWithTheLastSegment) {
  EXPECT_TRUE(is_covered({SegmentId{3}, 50}, {{SegmentId{1}, 9}, {SegmentId{3}, 50}}));
  EXPECT_TRUE(is_covered({SegmentId{99'999'999}, 0}, {{SegmentId{99'999'999}, 0}}));
  EXPECT_FALSE(is_covered({SegmentId{3}, 51}, {{SegmentId{1}, 9}, {SegmentId{3}, 50}}));
  EXPECT_FALSE(is_covered({SegmentId{1}, 9}, {{SegmentId{1}, 9}, {SegmentId{3}, 50}}));
}

TEST(IndexCoverageCheck, IsOfNoSegmentsWhereItEndsNowhere) {
  EXPECT_TRUE(is_covered({}, {}));
  EXPECT_FALSE(is_covered({SegmentId{1}, 0}, {}));
}

TEST(IndexCoverageCheck, WantsSegmentsInOrder) {
  const SegmentFacts last{SegmentId{3}, 50};
  EXPECT_FALSE(is_covered({SegmentId{3}, 50}, {{SegmentId{3}, 9}, last}));
  EXPECT_FALSE(is_covered({SegmentId{3}, 50}, {{SegmentId{4}, 9}, last}));
  EXPECT_FALSE(is_covered({SegmentId{3}, 50}, {{SegmentId{0}, 9}, last}));
  EXPECT_FALSE(is_covered({SegmentId{0}, 50}, {{SegmentId{0}, 50}}));
  EXPECT_FALSE(is_covered({SegmentId{100'000'000}, 0}, {{SegmentId{100'000'000}, 0}}));
}

constexpr std::uint64_t kUnit = LogAddresses::kUnitSize;

std::optional<std::vector<std::uint32_t>> bounds_of(std::optional<AddressedStretch> stretch) {
  const Segments segments{{SegmentId{1}, 10 * kUnit}, {SegmentId{3}, 100 * kUnit + 5}};
  return unit_bounds(std::vector{stretch}, segments);
}

TEST(UnitBounds, AreWhereFramesCanBegin) {
  using testing::ElementsAre;
  using testing::Optional;
  EXPECT_THAT(bounds_of({}), Optional(ElementsAre(0, 0)));
  EXPECT_THAT(bounds_of({{SegmentId{1}, 9, 100}}), Optional(ElementsAre(100, 0)));
  EXPECT_THAT(bounds_of({{SegmentId{1}, 8, 2 * kUnit}}), Optional(ElementsAre(kUnit, 0)));
  EXPECT_THAT(bounds_of({{SegmentId{3}, 100, 5}}), Optional(ElementsAre(5, 0)));
  EXPECT_THAT(bounds_of({{SegmentId{3}, 0, kUnit - 1 + kFrameSizeMax}}),
              Optional(ElementsAre(kUnit, 0)));
}

TEST(UnitBounds, AreAbsentOutsideOfWhatIsCovered) {
  for (const AddressedStretch stretch : {AddressedStretch{SegmentId{1}, 9, kUnit + 1},
                                         {SegmentId{1}, 10, 1},
                                         {SegmentId{1}, 0xffff'ffff, 1},
                                         {SegmentId{2}, 0, 1},
                                         {SegmentId{4}, 0, 1},
                                         {SegmentId{0}, 0, 1},
                                         {SegmentId{3}, 100, 6},
                                         {SegmentId{3}, 0, 0},
                                         {SegmentId{3}, 0, kUnit + kFrameSizeMax}}) {
    EXPECT_EQ(bounds_of(stretch), std::nullopt)
        << std::to_underlying(stretch.segment) << " " << stretch.index << " " << stretch.end;
  }
}

TEST(EntryRule, WantsTheTablesRegionAndACoveredAddress) {
  const std::vector<std::uint32_t> bounds{100, 0, 7, 0};
  const EntryRule rule(3U << (kRegionBits - 2), 2, bounds);
  constexpr std::uint64_t kRegion = std::uint64_t{3} << 62;
  EXPECT_TRUE(rule.holds_for(kRegion));
  EXPECT_TRUE(rule.holds_for(kRegion | std::uint64_t{5} << kLogAddressBits | 99));
  EXPECT_TRUE(rule.holds_for(kRegion | (2 * kUnit + 6)));
  for (const std::uint64_t entry :
       {kRegion | 100, kRegion | kUnit, kRegion | (2 * kUnit + 7), kRegion | 3 * kUnit,
        kRegion | 4 * kUnit, kRegion | (~std::uint64_t{0} >> kRegionBits), kRegion << 1,
        kRegion >> 1}) {
    EXPECT_FALSE(rule.holds_for(entry)) << entry;
  }
}

TEST(EntryRule, WantsZerosWhereThereIsNoTag) {
  const std::vector<std::uint32_t> bounds{100, 0};
  const EntryRule rule(0, 0, bounds);
  std::vector<std::uint64_t> words(IndexTable::kWordCount);
  EXPECT_TRUE(rule.holds_for_all(IndexTable::ConstWords(words)));
  words[kBucketCount + 9] = 50;
  EXPECT_FALSE(rule.holds_for_all(IndexTable::ConstWords(words)));
  words[1] = 0xab00;
  EXPECT_TRUE(rule.holds_for_all(IndexTable::ConstWords(words)));
  words.back() = 50;
  EXPECT_FALSE(rule.holds_for_all(IndexTable::ConstWords(words)));
}

}  // namespace
}  // namespace datawal::index_image_check_test
