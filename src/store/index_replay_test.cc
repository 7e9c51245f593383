// Opening takes several records at a time: what one does to a key must be seen by the next.
#include "store/index_replay.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "datawal/data_wal.h"
#include "file/posix_test_support.h"

namespace datawal {
namespace {

class IndexReplayTest : public testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(, IndexReplayTest, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Mapped" : "Read");
});

TEST_P(IndexReplayTest, TheLastRecordOfAKeyWinsHoweverCloseTheyAre) {
  constexpr unsigned kSeed = 7;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  for (const unsigned key_count : {1U, 2U, 7U, 40U, 500U}) {
    const test::ScratchDirectory scratch;
    const Options options = {.segment_size_max = 20'000, .map_files = GetParam()};
    std::map<std::string, std::string> expected;
    {
      auto store = DataWal::open(scratch / "store", options);
      for (int step = 0; step < 2'000; ++step) {
        const std::string key = "key " + std::to_string(random() % key_count);
        const std::string value(random() % 60, static_cast<char>('a' + step % 26));
        switch (random() % 5) {
          case 0:
            ASSERT_TRUE(store->remove(as_bytes(key)));
            expected.erase(key);
            break;
          case 1:
            ASSERT_TRUE(store->append(as_bytes(value)));
            break;
          default:
            ASSERT_TRUE(store->put(as_bytes(key), as_bytes(value)));
            expected[key] = value;
        }
      }
    }
    auto store = DataWal::open(scratch / "store", options);
    ASSERT_TRUE(store) << store.error().to_string();
    EXPECT_EQ(store->size(), expected.size());
    for (unsigned number = 0; number < key_count; ++number) {
      const std::string key = "key " + std::to_string(number);
      const auto value = store->get(as_bytes(key));
      ASSERT_TRUE(value) << value.error().to_string();
      const auto wanted = expected.find(key);
      ASSERT_EQ(value->has_value(), wanted != expected.end()) << key;
      if (!*value) continue;
      EXPECT_EQ((*value)->text(), wanted->second);
    }
  }
}

}  // namespace
}  // namespace datawal
