#include "base/radix_sort.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace datawal::radix_sort_test {
namespace {

struct Numbered {
  std::uint64_t key;
  std::size_t index;

  friend bool operator==(const Numbered&, const Numbered&) = default;
};

TEST(RadixSort, SortsByTheKeyAndKeepsTheOrderOfEqualOnes) {
  std::mt19937_64 random(3);
  for (const unsigned bits : {0U, 1U, 8U, 9U, 17U, 20U}) {
    for (const std::size_t size : {0U, 1U, 2U, 100U, 3'000U}) {
      std::vector<Numbered> values;
      for (std::size_t index = 0; index < size; ++index) {
        values.push_back({random() % (std::uint64_t{1} << bits), index});
      }
      std::vector<Numbered> expected = values;
      std::ranges::sort(expected, {},
                        [](const Numbered& value) { return std::pair(value.key, value.index); });
      std::vector<Numbered> scratch(size + 1);
      const std::span<Numbered> sorted =
          radix_sort<8>(std::span(values), std::span(scratch), bits,
                        [](const Numbered& value) { return value.key; });
      ASSERT_TRUE(std::ranges::equal(sorted, expected)) << bits << " bits, " << size;
    }
  }
}

}  // namespace
}  // namespace datawal::radix_sort_test
