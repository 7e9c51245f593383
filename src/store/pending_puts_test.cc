#include "store/pending_puts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace datawal::pending_puts_test {
namespace {

KeyHash hash_of(std::uint64_t number) {
  return KeyHash{number * 0x9e37'79b9'7f4a'7c15};
}

TEST(PendingPuts, FindsWhatIsInIt) {
  PendingPuts puts;
  EXPECT_TRUE(puts.is_empty());
  EXPECT_EQ(puts.find(hash_of(1)), std::nullopt);
  puts.push({hash_of(1), LogAddress{10}});
  puts.push({hash_of(2), LogAddress{20}});
  EXPECT_FALSE(puts.is_empty());
  EXPECT_EQ(puts.find(hash_of(1)), LogAddress{10});
  EXPECT_EQ(puts.find(hash_of(2)), LogAddress{20});
  EXPECT_EQ(puts.find(hash_of(3)), std::nullopt);
}

TEST(PendingPuts, GivesTheOldestFirstHoweverOftenItGoesRound) {
  PendingPuts puts;
  std::uint64_t oldest = 1;
  for (std::uint64_t next = 1; next <= 100; ++next) {
    if (puts.is_full()) {
      EXPECT_EQ(puts[0].hash, hash_of(oldest));
      EXPECT_EQ(puts[0].address, LogAddress{oldest});
      EXPECT_EQ(puts[PendingPuts::kCapacity - 1].hash, hash_of(next - 1));
      puts.pop(1);
      EXPECT_EQ(puts.find(hash_of(oldest)), std::nullopt);
      ++oldest;
    }
    puts.push({hash_of(next), LogAddress{next}});
    EXPECT_EQ(puts.find(hash_of(next)), LogAddress{next});
  }
  puts.pop(puts.count() - 1);
  EXPECT_EQ(puts.find(hash_of(99)), std::nullopt);
  EXPECT_EQ(puts.find(hash_of(100)), LogAddress{100});
  puts.pop(1);
  EXPECT_EQ(puts.find(hash_of(100)), std::nullopt);
  EXPECT_TRUE(puts.is_empty());
}

TEST(PendingPuts, TellsApartHashesThatItsFilterTakesForTheSame) {
  constexpr std::uint64_t kUpperBits = std::uint64_t{0x9e} << 56;
  PendingPuts puts;
  for (std::uint64_t number = 1; number <= PendingPuts::kCapacity; ++number) {
    puts.push({KeyHash{kUpperBits | number}, LogAddress{number}});
  }
  EXPECT_EQ(puts.find(KeyHash{kUpperBits | 25}), std::nullopt);
  puts.pop(PendingPuts::kGroup);
  for (std::uint64_t number = 1; number <= PendingPuts::kCapacity; ++number) {
    const bool is_left = number > PendingPuts::kGroup;
    EXPECT_EQ(puts.find(KeyHash{kUpperBits | number}).has_value(), is_left) << number;
  }
}

TEST(PendingPuts, CannotHoldTheHashOfAnEmptyPlace) {
  EXPECT_FALSE(PendingPuts::can_hold(KeyHash{0}));
  EXPECT_TRUE(PendingPuts::can_hold(hash_of(1)));
}

TEST(PendingPuts, GivesAPutTheAddressOfANewerOne) {
  PendingPuts puts;
  for (std::uint64_t number = 1; number <= 5; ++number) {
    puts.push({hash_of(number), LogAddress{number}});
  }
  puts.pop(2);
  EXPECT_EQ(puts.age_of(hash_of(2)), std::nullopt);
  ASSERT_EQ(puts.age_of(hash_of(4)), 1);
  puts.replace(1, LogAddress{40});
  EXPECT_EQ(puts.find(hash_of(4)), LogAddress{40});
  EXPECT_EQ(puts[1].address, LogAddress{40});
  EXPECT_EQ(puts[0].address, LogAddress{3});
  EXPECT_EQ(puts.count(), 3);
}

TEST(PendingPuts, HoldsMoreOnceToldTo) {
  PendingPuts puts;
  std::uint64_t next = 1;
  const auto fill = [&] {
    const std::uint64_t begin = next;
    while (!puts.is_full()) {
      puts.push({hash_of(next), LogAddress{next}});
      ++next;
    }
    EXPECT_EQ(next - begin, puts.capacity());
    for (std::uint64_t number = begin; number < next; ++number) {
      EXPECT_EQ(puts.find(hash_of(number)), LogAddress{number});
      EXPECT_EQ(puts[number - begin].address, LogAddress{number});
    }
    puts.pop(puts.count());
    EXPECT_EQ(puts.find(hash_of(begin)), std::nullopt);
  };
  puts.push({hash_of(next), LogAddress{next}});
  puts.pop(1);  // so that it does not begin at its first place
  for (const std::size_t capacity :
       {PendingPuts::kCapacity, PendingPuts::kColdCapacity, PendingPuts::kCapacity}) {
    puts.set_capacity(capacity);
    fill();
  }
}

// A hash always leads to an address that a put with it had, or with the one that took its place.
TEST(PendingPuts, MayBeSearchedWhileItChanges) {
  constexpr std::uint64_t kRounds = 200'000;
  PendingPuts puts;
  std::atomic<std::uint64_t> taken_over = 0;
  std::atomic<bool> is_done = false;
  std::jthread writer([&] {
    for (std::uint64_t next = 1; next <= kRounds; ++next) {
      if (puts.is_full()) {
        taken_over.store(next - PendingPuts::kCapacity, std::memory_order_release);
        puts.pop(1);
      }
      puts.push({hash_of(next), LogAddress{next}});
    }
    is_done = true;
  });
  while (!is_done) {
    const std::uint64_t sought = taken_over.load(std::memory_order_acquire) + 3;
    const std::optional<LogAddress> found = puts.find(hash_of(sought));
    if (!found) continue;
    const auto number = static_cast<std::uint64_t>(*found);
    ASSERT_EQ(number % PendingPuts::kCapacity, sought % PendingPuts::kCapacity);
    ASSERT_GE(number, sought);
  }
  writer.join();
  EXPECT_EQ(puts.find(hash_of(kRounds)), LogAddress{kRounds});
}

}  // namespace
}  // namespace datawal::pending_puts_test
