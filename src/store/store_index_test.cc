// Puts of small values are pending for a while, those of large ones are made at once: which of a
// key's counts must not depend on that.
#include "store/store_index.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "datawal/data_wal.h"
#include "file/posix_test_support.h"
#include "log/log_test_support.h"

namespace datawal::store_index_test {
namespace {

using test::must;

// On real files, because those of the simulation are not mapped, and nothing is pending there.
TEST(StoreIndexTest, TheLastPutOfAKeyWinsWhateverTheSizesAre) {
  constexpr unsigned kSeed = 11;
  constexpr std::size_t kKeyCount = 7;  // fewer than can be pending
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const test::ScratchDirectory directory;
  std::vector<std::string> expected(kKeyCount);
  DataWal store = must(DataWal::open(directory.path()));
  for (int step = 0; step < 2'000; ++step) {
    const std::size_t key = random() % kKeyCount;
    const bool is_large = random() % 3 == 0;
    expected[key] = std::string(is_large ? 20'000 : 20, static_cast<char>('a' + step % 26));
    must(store.put(as_bytes(std::to_string(key)), as_bytes(expected[key])));
    const std::size_t read = random() % kKeyCount;
    const auto value = must(store.get(as_bytes(std::to_string(read))));
    ASSERT_EQ(value ? value->text() : "", expected[read]) << "step " << step;
  }
  EXPECT_EQ(store.size(), kKeyCount);
  must(store.close());
  store = must(DataWal::open(directory.path()));
  for (std::size_t key = 0; key < kKeyCount; ++key) {
    EXPECT_EQ(must(store.get(as_bytes(std::to_string(key))))->text(), expected[key]);
  }
}

// What is pending of a key is replaced where it is, and counts as dead like any other.
TEST(StoreIndexTest, APutOfAKeyThatIsPendingReplacesIt) {
  const test::ScratchDirectory directory;
  DataWal store = must(DataWal::open(directory.path()));
  constexpr int kSteps = 10;
  for (int step = 0; step < kSteps; ++step) {
    for (const char* key : {"a", "b"}) {
      must(store.put(as_bytes(key), as_bytes(std::to_string(step))));
    }
    EXPECT_EQ(must(store.get(as_bytes("a")))->text(), std::to_string(step));
  }
  EXPECT_EQ(store.size(), 2);
  const SpaceUse use = store.space_use();  // of records that are all of one size
  EXPECT_EQ(use.dead_bytes, use.log_bytes / kSteps * (kSteps - 1));
}

}  // namespace
}  // namespace datawal::store_index_test
