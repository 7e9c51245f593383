#include "store/batch_overlay.h"

#include <gtest/gtest.h>

namespace datawal::batch_overlay_test {
namespace {

using State = BatchOverlay::State;

class BatchOverlayTest : public testing::Test {
 protected:
  void reserve(std::size_t count) {
    overlay_.reserve(count, [this] { ++waits_; });
  }
  static KeyHash hash(std::uint64_t number) { return KeyHash{number << 20}; }
  [[nodiscard]] State state(KeyHash hash) const { return overlay_.find(hash).state; }

  BatchOverlay overlay_;
  int waits_ = 0;
};

TEST_F(BatchOverlayTest, ShowsAllAtOnceUntilItIsWithdrawn) {
  reserve(2);
  overlay_.set(hash(1), LogAddress{17});
  overlay_.set_deleted(hash(2));
  EXPECT_EQ(state(hash(1)), State::kNone);
  overlay_.show();
  EXPECT_EQ(state(hash(1)), State::kPut);
  EXPECT_EQ(overlay_.find(hash(1)).address, LogAddress{17});
  EXPECT_EQ(state(hash(2)), State::kDeleted);
  EXPECT_EQ(state(hash(3)), State::kNone);
  overlay_.withdraw();
  EXPECT_EQ(state(hash(1)), State::kNone);
  EXPECT_EQ(state(hash(2)), State::kNone);
}

TEST_F(BatchOverlayTest, KeepsNothingOfTheBatchBefore) {
  reserve(1);
  overlay_.set(hash(1), LogAddress{17});
  overlay_.show();
  overlay_.withdraw();
  reserve(1);
  overlay_.set(hash(2), LogAddress{18});
  overlay_.show();
  EXPECT_EQ(state(hash(1)), State::kNone);
  EXPECT_EQ(overlay_.find(hash(2)).address, LogAddress{18});
}

TEST_F(BatchOverlayTest, TheLastOfAKeyCounts) {
  reserve(4);
  overlay_.set(hash(1), LogAddress{17});
  overlay_.set_deleted(hash(1));
  overlay_.set_deleted(hash(2));
  overlay_.set(hash(2), LogAddress{18});
  overlay_.show();
  EXPECT_EQ(state(hash(1)), State::kDeleted);
  EXPECT_EQ(overlay_.find(hash(2)).address, LogAddress{18});
}

TEST_F(BatchOverlayTest, FindsHashesThatBeginAtOneSlot) {
  reserve(100);
  for (std::uint64_t key = 1; key <= 100; ++key) {
    overlay_.set(KeyHash{std::uint64_t{5} << 20 | key}, LogAddress{key});
  }
  overlay_.show();
  for (std::uint64_t key = 1; key <= 100; ++key) {
    ASSERT_EQ(overlay_.find(KeyHash{std::uint64_t{5} << 20 | key}).address, LogAddress{key});
  }
  EXPECT_EQ(state(KeyHash{std::uint64_t{5} << 20 | 101}), State::kNone);
}

TEST_F(BatchOverlayTest, LeavesOutTheHashOfAnEmptySlot) {
  reserve(1);
  overlay_.set(KeyHash{0}, LogAddress{17});
  overlay_.show();
  EXPECT_EQ(state(KeyHash{0}), State::kNone);
}

TEST_F(BatchOverlayTest, WaitsForReadersOnlyWhereItExchangesMemory) {
  reserve(10);
  EXPECT_EQ(waits_, 1);
  reserve(20);
  EXPECT_EQ(waits_, 1);
  reserve(1'000);
  EXPECT_EQ(waits_, 2);
  reserve(10);
  EXPECT_EQ(waits_, 2);
  reserve(100'000);
  EXPECT_EQ(waits_, 3);
  reserve(10);
  EXPECT_EQ(waits_, 4) << "that much memory is not kept";
}

}  // namespace
}  // namespace datawal::batch_overlay_test
