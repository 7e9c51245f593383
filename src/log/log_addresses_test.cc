#include "log/log_addresses.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

namespace datawal::log_addresses_test {
namespace {

constexpr std::uint64_t kUnit = LogAddresses::kUnitSize;

LogAddress checked_address(LogAddresses& addresses, Position position) {
  const Result<LogAddress> address = addresses.address_of(position, 1);
  EXPECT_TRUE(address.has_value());
  return address.value_or(LogAddress{});
}

TEST(LogAddresses, LeadBackToThePosition) {
  LogAddresses addresses;
  const Position positions[] = {{SegmentId{1}, 0},
                                {SegmentId{1}, kUnit - 1},
                                {SegmentId{1}, kUnit},
                                {SegmentId{99'999'999}, 5},
                                {SegmentId{7}, (std::uint64_t{5} << 30) + 17},
                                {SegmentId{7}, (std::uint64_t{1} << 40) + 3}};
  std::map<LogAddress, Position> given;
  for (const Position position : positions) {
    given[checked_address(addresses, position)] = position;
  }
  EXPECT_EQ(given.size(), std::size(positions));
  for (const auto& [address, position] : given) {
    EXPECT_EQ(addresses.position_of(address), position);
    EXPECT_LT(static_cast<std::uint64_t>(address) >> kLogAddressBits, 1U);
  }
}

TEST(LogAddresses, AreTheSameForTheSamePosition) {
  LogAddresses addresses;
  const Position first{SegmentId{3}, 8 * kUnit + 40};
  const Position before_it{SegmentId{3}, 2 * kUnit + 1};
  const Position elsewhere{SegmentId{1}, 40};
  const LogAddress address = checked_address(addresses, first);
  const LogAddress other = checked_address(addresses, before_it);
  EXPECT_NE(checked_address(addresses, elsewhere), address);
  EXPECT_EQ(checked_address(addresses, first), address);
  EXPECT_EQ(checked_address(addresses, before_it), other);
}

TEST(LogAddresses, RiseWithTheLog) {
  LogAddresses addresses;
  const LogAddress first = checked_address(addresses, {SegmentId{5}, 100});
  const LogAddress second = checked_address(addresses, {SegmentId{5}, 3 * kUnit});
  const LogAddress third = checked_address(addresses, {SegmentId{6}, 0});
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST(LogAddresses, RunOutWithARemedy) {
  LogAddresses addresses(2);
  const LogAddress kept = checked_address(addresses, {SegmentId{1}, 0});
  ASSERT_TRUE(addresses.address_of({SegmentId{2}, 0}, 1));
  const Result<LogAddress> address = addresses.address_of({SegmentId{3}, 0}, 1);
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, ErrorCode::kExhausted);
  EXPECT_NE(address.error().message.find("compact"), std::string::npos);
  EXPECT_FALSE(addresses.address_of({SegmentId{3}, 0}, 1)) << "a failure assigns nothing";
  EXPECT_EQ(checked_address(addresses, {SegmentId{1}, 7}), LogAddress{7});
  EXPECT_EQ(addresses.position_of(kept), (Position{SegmentId{1}, 0}));
}

TEST(LogAddresses, RefuseAnOffsetThatNoUnitCanHave) {
  LogAddresses addresses;
  const Result<LogAddress> address = addresses.address_of({SegmentId{1}, ~std::uint64_t{0}}, 1);
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, ErrorCode::kExhausted);
}

TEST(LogAddresses, LeadIntoTheMapping) {
  LogAddresses addresses;
  const Bytes memory(3 * kUnit);
  const LogAddress before = checked_address(addresses, {SegmentId{1}, kUnit + 9});
  EXPECT_EQ(addresses.view_at(before).data(), nullptr);
  addresses.set_mapping(SegmentId{1}, memory);
  const LogAddress after = checked_address(addresses, {SegmentId{1}, 2 * kUnit + 3});
  EXPECT_EQ(addresses.view_at(before).data(), memory.data() + kUnit + 9);
  EXPECT_EQ(addresses.view_at(after).data(), memory.data() + 2 * kUnit + 3);
  addresses.set_mapping(SegmentId{1}, {});
  EXPECT_EQ(addresses.view_at(before).data(), nullptr);
  EXPECT_EQ(addresses.view_at(checked_address(addresses, {SegmentId{1}, 0})).data(), nullptr);
}

TEST(LogAddresses, RememberAMappingMadeBeforeTheFirstRecord) {
  LogAddresses addresses;
  const Bytes memory(kUnit);
  addresses.set_mapping(SegmentId{4}, memory);
  EXPECT_EQ(addresses.view_at(checked_address(addresses, {SegmentId{4}, 12})).data(),
            memory.data() + 12);
}

TEST(LogAddresses, ShowNoMoreThanTheFramesThatBeginInTheUnit) {
  LogAddresses addresses;
  const Bytes memory(3 * kUnit);
  addresses.set_mapping(SegmentId{1}, memory);
  const LogAddress first = *addresses.address_of({SegmentId{1}, 0}, 100);
  EXPECT_EQ(addresses.view_at(first).size(), 100U);
  EXPECT_EQ(addresses.size_from(first), 100U);
  const LogAddress last = *addresses.address_of({SegmentId{1}, 100}, kUnit + 50);
  EXPECT_EQ(addresses.view_at(first).size(), kUnit + 150);
  EXPECT_EQ(addresses.view_at(last).size(), kUnit + 50);
  const LogAddress next = *addresses.address_of({SegmentId{1}, kUnit + 150}, 30);
  EXPECT_EQ(addresses.view_at(next).size(), 30U);
  EXPECT_EQ(addresses.view_at(last).size(), kUnit + 50);
}

TEST(LogAddresses, ShowNothingBehindTheMapping) {
  LogAddresses addresses;
  const Bytes memory(1000);
  addresses.set_mapping(SegmentId{1}, memory);
  EXPECT_EQ(addresses.view_at(*addresses.address_of({SegmentId{1}, 900}, 300)).size(), 100U);
  EXPECT_TRUE(addresses.view_at(*addresses.address_of({SegmentId{1}, 1200}, 300)).empty());
  EXPECT_TRUE(addresses.view_at(*addresses.address_of({SegmentId{1}, 2 * kUnit}, 9)).empty());
}

TEST(LogAddresses, AreFoundWithoutBeingGiven) {
  LogAddresses addresses;
  EXPECT_FALSE(addresses.find({SegmentId{1}, 0}));
  const LogAddress given = checked_address(addresses, {SegmentId{1}, kUnit + 3});
  EXPECT_EQ(addresses.find({SegmentId{1}, kUnit + 3}), given);
  EXPECT_FALSE(addresses.find({SegmentId{1}, 3}));
  EXPECT_FALSE(addresses.find({SegmentId{2}, kUnit + 3}));
}

TEST(LogAddresses, SayBeforehandThatTheyHaveRunOut) {
  LogAddresses addresses(2);
  EXPECT_TRUE(addresses.has_room());
  checked_address(addresses, {SegmentId{1}, 0});
  EXPECT_TRUE(addresses.has_room());
  checked_address(addresses, {SegmentId{2}, 0});
  EXPECT_FALSE(addresses.has_room());
  addresses.reuse(addresses.retire(SegmentId{1}));
  EXPECT_TRUE(addresses.has_room());
}

TEST(LogAddresses, OfARetiredSegmentStayWhileNewOnesDiffer) {
  LogAddresses addresses(2);
  const Bytes memory(kUnit);
  addresses.set_mapping(SegmentId{1}, memory);
  const LogAddress old = checked_address(addresses, {SegmentId{1}, 8});
  RetiredUnits retired = addresses.retire(SegmentId{1});
  EXPECT_EQ(retired.count(), 1U);
  const LogAddress fresh = checked_address(addresses, {SegmentId{1}, 8});
  EXPECT_NE(fresh, old);
  EXPECT_EQ(addresses.view_at(fresh).data(), nullptr);
  EXPECT_EQ(addresses.view_at(old).data(), memory.data() + 8);
  EXPECT_EQ(addresses.position_of(old), (Position{SegmentId{1}, 8}));
  ASSERT_FALSE(addresses.address_of({SegmentId{2}, 0}, 1));
  addresses.reuse(std::move(retired));
  EXPECT_EQ(addresses.position_of(checked_address(addresses, {SegmentId{2}, 6})),
            (Position{SegmentId{2}, 6}));
}

TEST(LogAddresses, AreReadWhileTheWriterAddsUnits) {
  constexpr std::uint32_t kPositions = 20'000;
  LogAddresses addresses;
  const auto position_at = [](std::uint32_t index) {
    return Position{SegmentId{index / 7 + 1}, index % 7 * kUnit + index};
  };
  std::vector<std::atomic<std::uint64_t>> published(kPositions);
  std::atomic<std::uint32_t> count = 0;
  std::atomic<std::uint64_t> wrong = 0;
  std::jthread reader([&] {
    std::mt19937 random(1);
    while (count.load(std::memory_order_relaxed) < kPositions) {
      const std::uint32_t known = count.load(std::memory_order_acquire);
      if (known == 0) continue;
      const std::uint32_t index = static_cast<std::uint32_t>(random()) % known;
      const LogAddress address{published[index].load(std::memory_order_relaxed)};
      if (addresses.position_of(address) != position_at(index)) ++wrong;
    }
  });
  for (std::uint32_t index = 0; index < kPositions; ++index) {
    const LogAddress address = checked_address(addresses, position_at(index));
    published[index].store(static_cast<std::uint64_t>(address), std::memory_order_relaxed);
    count.store(index + 1, std::memory_order_release);
  }
  reader.join();
  EXPECT_EQ(wrong, 0U);
}

TEST(LogAddresses, TellTheirMemory) {
  LogAddresses addresses;
  const std::size_t empty = addresses.memory_size();
  for (std::uint32_t index = 0; index < 5000; ++index) {
    ASSERT_TRUE(addresses.address_of({SegmentId{1}, index * kUnit}, 1));
  }
  EXPECT_GE(addresses.memory_size(), empty + std::size_t{5000} * 24);
}

TEST(LogAddresses, KnowsWhetherThereIsRoomForManyFrames) {
  LogAddresses addresses(4);
  EXPECT_TRUE(addresses.has_room_for(2 * LogAddresses::kUnitSize));
  EXPECT_FALSE(addresses.has_room_for(3 * LogAddresses::kUnitSize));
  for (std::uint64_t index = 0; index < 2; ++index) {
    ASSERT_TRUE(addresses.address_of({SegmentId{1}, index * LogAddresses::kUnitSize}, 100));
  }
  EXPECT_TRUE(addresses.has_room_for(100));
  EXPECT_FALSE(addresses.has_room_for(LogAddresses::kUnitSize));
}

}  // namespace
}  // namespace datawal::log_addresses_test
