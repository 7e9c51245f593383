// Does something in three steps to each of many things, where a step begins to load what the next
// will look at.
//
// The steps of one thing are apart, so that what is loaded is there by then. And they go by groups,
// because a processor that has to look up where a page of memory is waits for it, even if it was
// only asked to begin loading; but it looks up several at a time.
#pragma once

#include <algorithm>
#include <cstddef>

namespace datawal {

inline constexpr std::size_t kLoadGroup = 8;
// More than have been begun and not ended at any time, as a power of two.
inline constexpr std::size_t kLoadedAtOnce = 4 * kLoadGroup;

// Calls first(index), second(index) and third(index), in this order, for all below `count`; the
// third for one after the other, and when the third is called no more than 3 * kLoadGroup indexes
// have been begun and not ended.
template <typename First, typename Second, typename Third>
void by_groups(std::size_t count, const First& first, const Second& second, const Third& third) {
  const auto run = [count](std::size_t begin, const auto& step) {
    const std::size_t end = std::min(begin + kLoadGroup, count);
    for (std::size_t index = begin; index < end; ++index) step(index);
  };
  for (std::size_t begin = 0; begin < count + 2 * kLoadGroup; begin += kLoadGroup) {
    run(begin, first);
    if (begin >= kLoadGroup) run(begin - kLoadGroup, second);
    if (begin >= 2 * kLoadGroup) run(begin - 2 * kLoadGroup, third);
  }
}

}  // namespace datawal
