#include "base/copy_short.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

namespace datawal::copy_short_test {
namespace {

TEST(CopyShort, CopiesSoManyBytesAndNoMore) {
  constexpr std::byte kBefore{0xee};
  for (std::size_t size = 0; size <= 70; ++size) {
    Bytes from(size);
    for (std::size_t at = 0; at < size; ++at) from[at] = static_cast<std::byte>(at + 1);
    Bytes to(size + 2, kBefore);
    copy_short(to.data() + 1, from);
    EXPECT_EQ(to.front(), kBefore) << size;
    EXPECT_EQ(to.back(), kBefore) << size;
    EXPECT_TRUE(std::ranges::equal(from, ByteView(to).subspan(1, size))) << size;
  }
}

TEST(CopyShort, TakesNothingFromNowhere) {
  std::byte untouched{1};
  copy_short(&untouched, {});
  EXPECT_EQ(untouched, std::byte{1});
}

}  // namespace
}  // namespace datawal::copy_short_test
