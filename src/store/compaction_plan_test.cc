#include "store/compaction_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "format/compaction_mark.h"

namespace datawal::compaction_plan_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kLargest = 8'000;
constexpr std::uint64_t kSmall = kLargest / 8 - 1;
constexpr std::uint64_t kMark = sizeof(CompactionMarkFrame);

class CompactionPlan : public ::testing::Test {
 protected:
  struct Segment {
    std::uint64_t size = 6'000;
    std::uint64_t dead = 0;
    std::uint64_t tombstones = 0;
    std::uint64_t needed = 0;
    std::uint64_t raw = 0;
  };

  void add(const Segment& segment) {
    const SegmentId id{static_cast<std::uint32_t>(sealed_.size() + 1)};
    sealed_.push_back({.summary = {.id = id,
                                   .size = segment.size,
                                   .records = 1,
                                   .raw_records = segment.raw,
                                   .tombstone_bytes = segment.tombstones},
                       .dead_bytes = segment.dead,
                       .needed_tombstone_bytes = segment.needed});
  }
  // "1 2" for the first two together.
  [[nodiscard]] std::vector<std::string> plan(double ratio = 0) const {
    std::vector<std::string> groups;
    for (const CompactionGroup& group :
         plan_compaction(sealed_, {.garbage_ratio_min = ratio, .segment_size_max = kLargest})) {
      std::string text;
      for (const PlannedSegment& segment : group) {
        text += (text.empty() ? "" : " ") + std::to_string(std::to_underlying(segment.summary.id));
      }
      groups.push_back(text);
    }
    return groups;
  }

  std::vector<PlannedSegment> sealed_;
};

TEST_F(CompactionPlan, LeavesAloneWhatHasNoGarbage) {
  EXPECT_THAT(plan(), IsEmpty());
  for (int count = 0; count < 5; ++count) add({});
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(CompactionPlan, LessGarbageThanAMarkIsNotWorthIt) {
  add({.dead = kMark});
  EXPECT_THAT(plan(), IsEmpty());
  add({.dead = kMark + 1});
  EXPECT_THAT(plan(), ElementsAre("2"));
}

TEST_F(CompactionPlan, GarbageIsDeadValuesAndDeletesThatAreNotNeeded) {
  PlannedSegment segment{.summary = {.size = 1'000, .tombstone_bytes = 300}, .dead_bytes = 200};
  EXPECT_EQ(segment.garbage(), 500U);
  segment.needed_tombstone_bytes = 100;
  EXPECT_EQ(segment.garbage(), 400U);
  segment.needed_tombstone_bytes = 900;
  EXPECT_EQ(segment.garbage(), 200U) << "of an older file of that name";
  segment.dead_bytes = 5'000;
  EXPECT_EQ(segment.garbage(), 1'000U) << "never more than there is";
}

TEST_F(CompactionPlan, TakesThoseAboveTheRatio) {
  add({.dead = 600});
  add({.dead = 2'999});
  add({.dead = 3'000});
  add({.dead = 6'000});
  EXPECT_THAT(plan(0.5), ElementsAre("3 4"));
  EXPECT_THAT(plan(0.1), ElementsAre("1", "2 3 4"));
  EXPECT_THAT(plan(1), ElementsAre("4"));
}

TEST_F(CompactionPlan, JoinsNeighboursUpToTheSizeOfASegment) {
  for (int count = 0; count < 5; ++count) add({.dead = 3'000});
  EXPECT_THAT(plan(), ElementsAre("1 2", "3 4", "5")) << "3,000 bytes are left of each";
  sealed_.clear();
  for (int count = 0; count < 5; ++count) add({.dead = 2'000});
  EXPECT_THAT(plan(), ElementsAre("1 2", "3 4", "5")) << "two of 4,000 just fit";
  sealed_.clear();
  for (int count = 0; count < 3; ++count) add({.dead = 1'999});
  EXPECT_THAT(plan(), ElementsAre("1", "2", "3"));
}

TEST_F(CompactionPlan, DoesNotJoinOverASegmentThatStays) {
  add({.dead = 3'000});
  add({});
  add({.dead = 3'000});
  EXPECT_THAT(plan(), ElementsAre("1", "3"));
}

TEST_F(CompactionPlan, JoinsSmallOnesThatHaveNoGarbage) {
  add({.size = kSmall});
  EXPECT_THAT(plan(), IsEmpty()) << "one alone would be what it is";
  add({.size = kSmall});
  EXPECT_THAT(plan(), ElementsAre("1 2"));
  add({});
  add({.size = kSmall});
  EXPECT_THAT(plan(), ElementsAre("1 2"));
  sealed_.clear();
  add({.size = kSmall + 1});
  add({.size = kSmall + 1});
  EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(CompactionPlan, ASmallOneGoesTogetherWithOneThatIsRewritten) {
  add({.size = kSmall});
  add({.dead = 3'000});
  add({.size = kSmall});
  EXPECT_THAT(plan(), ElementsAre("1 2 3"));
}

TEST_F(CompactionPlan, OnlyTheFirstOfAGroupMayHaveRawRecords) {
  add({.dead = 5'000, .raw = 1});
  add({.dead = 5'000});
  add({.dead = 5'000, .raw = 1});
  add({.dead = 5'000});
  add({.dead = 5'000, .raw = 7});
  EXPECT_THAT(plan(), ElementsAre("1 2", "3 4", "5"));
}

TEST_F(CompactionPlan, AnEmptySegmentIsJoined) {
  add({.size = 0});
  add({.size = 0});
  EXPECT_THAT(plan(), ElementsAre("1 2"));
}

TEST_F(CompactionPlan, DeletesThatAreKnownToBeNeededAreNoGarbage) {
  add({.dead = kMark});  // stays, with what the Deletes are needed for
  add({.tombstones = 500, .needed = 500});
  EXPECT_THAT(plan(), IsEmpty());
  sealed_.front().dead_bytes = 1'000;
  EXPECT_THAT(plan(), ElementsAre("1", "2")) << "what they were needed for goes";
  EXPECT_THAT(plan(0.1), ElementsAre("1"));
}

TEST_F(CompactionPlan, EveryPlanIsInOrderAndTakesNoSegmentTwice) {
  unsigned random = 5;
  const auto below = [&](unsigned end) {
    random = random * 1664525U + 1013904223U;
    return (random >> 8) % end;
  };
  for (int round = 0; round < 300; ++round) {
    sealed_.clear();
    for (unsigned count = below(30); count > 0; --count) {
      const std::uint64_t size = below(3) == 0 ? below(900) : below(8'000);
      add({.size = size,
           .dead = below(static_cast<unsigned>(size) + 1),
           .tombstones = below(200),
           .needed = below(300),
           .raw = below(4) == 0 ? 1U : 0U});
    }
    SegmentId last{};
    for (const CompactionGroup& group : plan_compaction(
             sealed_, {.garbage_ratio_min = below(3) * 0.4, .segment_size_max = kLargest})) {
      ASSERT_FALSE(group.empty());
      std::uint64_t size = 0;
      for (std::size_t index = 0; index < group.size(); ++index) {
        const SegmentFacts& summary = group[index].summary;
        ASSERT_LT(last, summary.id);
        ASSERT_TRUE(index == 0 || std::to_underlying(summary.id) == std::to_underlying(last) + 1);
        ASSERT_TRUE(index == 0 || summary.raw_records == 0);
        last = summary.id;
        size += summary.size - group[index].garbage();
      }
      ASSERT_TRUE(group.size() == 1 || size <= kLargest);
    }
  }
}

}  // namespace
}  // namespace datawal::compaction_plan_test
