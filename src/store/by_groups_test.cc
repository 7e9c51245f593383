#include "store/by_groups.h"

#include <gtest/gtest.h>

#include <vector>

namespace datawal::by_groups_test {
namespace {

class ByGroups : public testing::TestWithParam<std::size_t> {};

TEST_P(ByGroups, GoesThroughThreeStepsWithEachInOrder) {
  const std::size_t count = GetParam();
  std::vector<int> steps(count, 0);
  std::size_t begun = 0;
  std::size_t ended = 0;
  const auto step = [&](std::size_t index, int number) {
    ASSERT_LT(index, count);
    EXPECT_EQ(steps[index]++, number) << index;
  };
  by_groups(
      count,
      [&](std::size_t index) {
        step(index, 0);
        EXPECT_EQ(index, begun++);
        EXPECT_LE(begun - ended, 3 * kLoadGroup);
      },
      [&](std::size_t index) { step(index, 1); },
      [&](std::size_t index) {
        step(index, 2);
        EXPECT_EQ(index, ended++);
      });
  EXPECT_EQ(begun, count);
  EXPECT_EQ(ended, count);
  EXPECT_EQ(steps, std::vector<int>(count, 3));
}

INSTANTIATE_TEST_SUITE_P(Counts, ByGroups,
                         testing::Values(0, 1, kLoadGroup - 1, kLoadGroup, kLoadGroup + 1,
                                         2 * kLoadGroup, 100));

}  // namespace
}  // namespace datawal::by_groups_test
