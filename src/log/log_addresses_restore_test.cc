#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "log/log_addresses.h"

namespace datawal::log_addresses_restore_test {
namespace {

using Stretches = std::vector<std::optional<AddressedStretch>>;

constexpr std::uint64_t kUnit = LogAddresses::kUnitSize;

TEST(LogAddressesRestore, GivesTheSameAddressesAgain) {
  const Position positions[] = {{SegmentId{9}, 7 * kUnit + 3},
                                {SegmentId{2}, 0},
                                {SegmentId{9}, kUnit},
                                {SegmentId{9}, 3 * kUnit}};
  LogAddresses before;
  std::vector<LogAddress> given;
  for (const Position position : positions) given.push_back(*before.address_of(position, 100));
  LogAddresses after;
  ASSERT_TRUE(after.restore(before.stretches()));
  EXPECT_EQ(after.stretches(), before.stretches());
  for (std::size_t index = 0; index < given.size(); ++index) {
    EXPECT_EQ(after.position_of(given[index]), positions[index]);
    EXPECT_EQ(after.size_from(given[index]), 100U);
    EXPECT_EQ(after.find(positions[index]), given[index]);
    EXPECT_EQ(*after.address_of(positions[index], 100), given[index]);
  }
}

TEST(LogAddressesRestore, GivesFreeUnitsFirst) {
  LogAddresses addresses(3);
  ASSERT_TRUE(addresses.restore(Stretches{{{SegmentId{1}, 0, 9}}, {}, {{SegmentId{1}, 1, 9}}}));
  EXPECT_TRUE(addresses.has_room());
  EXPECT_EQ(*addresses.address_of({SegmentId{5}, 0}, 50), LogAddress{kUnit});
  EXPECT_FALSE(addresses.has_room());
  EXPECT_EQ(addresses.size_from(LogAddress{kUnit}), 50U);
}

TEST(LogAddressesRestore, KnowsWhenThereIsNoRoom) {
  LogAddresses addresses(1);
  ASSERT_TRUE(addresses.restore(Stretches{{{SegmentId{1}, 0, 9}}}));
  EXPECT_FALSE(addresses.has_room());
  EXPECT_FALSE(addresses.address_of({SegmentId{1}, kUnit}, 50));
}

TEST(LogAddressesRestore, RefusesMoreThanThereCanBe) {
  LogAddresses addresses(1);
  EXPECT_FALSE(addresses.restore(Stretches(2)));
}

TEST(LogAddressesRestore, RefusesTwoUnitsForOnePlace) {
  LogAddresses addresses;
  EXPECT_FALSE(addresses.restore(Stretches{{{SegmentId{1}, 4, 9}}, {}, {{SegmentId{1}, 4, 8}}}));
  EXPECT_THAT(addresses.stretches(), testing::IsEmpty());
}

}  // namespace
}  // namespace datawal::log_addresses_restore_test
