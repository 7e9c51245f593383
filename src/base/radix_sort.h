// Sorts by numbers digit by digit, the lowest first: for a few thousand values in the processor's
// cache a third of the time that comparing them takes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace datawal {

// Sorts `values` by key_of(value), a number below 2^bits; those with the same stay in their order.
// `scratch` is at least as long. Gives which of the two the sorted values are in.
template <unsigned kDigitBits, typename T, typename KeyOf>
[[nodiscard]] std::span<T> radix_sort(std::span<T> values, std::span<T> scratch, unsigned bits,
                                      const KeyOf& key_of) {
  scratch = scratch.first(values.size());
  for (unsigned shift = 0; shift < bits; shift += kDigitBits) {
    constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
    const auto digit = [&](const T& value) { return (key_of(value) >> shift) % kDigits; };
    std::array<std::uint32_t, kDigits> ends{};
    for (const T& value : values) ++ends[digit(value)];
    std::uint32_t end = 0;
    for (std::uint32_t& count : ends) end += std::exchange(count, end);
    for (const T& value : values) scratch[ends[digit(value)]++] = value;
    std::swap(values, scratch);
  }
  return values;
}

}  // namespace datawal
