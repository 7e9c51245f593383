#include "segment/pages_ahead.h"

#include <gtest/gtest.h>

#include <semaphore>
#include <thread>

namespace datawal::pages_ahead_test {
namespace {

constexpr std::uint64_t kPiece = std::uint64_t{256} << 10;

// Lets one piece pass each time it is told to.
class SteppedMapping final : public FileMapping {
 public:
  void prepare(std::uint64_t offset, std::size_t size) noexcept override {
    begun_.release();
    allowed_.acquire();
    EXPECT_EQ(offset, prepared_end_);
    prepared_end_ = offset + size;
  }
  MutableByteView at(std::uint64_t /*offset*/, std::size_t /*size*/) override { return {}; }
  Status publish(std::byte /*first*/) override { return {}; }

  void wait_for_a_piece() { begun_.acquire(); }
  void allow(std::ptrdiff_t count) { allowed_.release(count); }

  std::uint64_t prepared_end_ = kPiece;

 private:
  std::counting_semaphore<> begun_{0};
  std::counting_semaphore<> allowed_{0};
};

TEST(PagesAheadTest, AreDonePieceByPiece) {
  SteppedMapping mapping;
  PagesAhead ahead;
  EXPECT_FALSE(ahead.is_under_way());
  ahead.begin(mapping, kPiece, 4 * kPiece - 100);
  EXPECT_TRUE(ahead.is_under_way());
  EXPECT_EQ(ahead.end(), 4 * kPiece - 100);
  ahead.wait_for(kPiece);  // nothing before it is waited for
  mapping.allow(1);
  ahead.wait_for(kPiece + 1);
  EXPECT_EQ(ahead.done_end(), 2 * kPiece);
  mapping.allow(2);
  ahead.wait_for(9 * kPiece);
  EXPECT_EQ(ahead.done_end(), 4 * kPiece - 100);
  EXPECT_EQ(mapping.prepared_end_, 4 * kPiece - 100);
  EXPECT_FALSE(ahead.is_under_way());
}

TEST(PagesAheadTest, StopBehindThePieceThatHasBeenBegun) {
  SteppedMapping mapping;
  PagesAhead ahead;
  ahead.begin(mapping, kPiece, 100 * kPiece);
  mapping.wait_for_a_piece();
  std::jthread stopping([&] { ahead.stop(); });
  mapping.allow(99);
  stopping.join();
  EXPECT_FALSE(ahead.is_under_way());
  EXPECT_EQ(ahead.end(), mapping.prepared_end_);
  EXPECT_GE(ahead.end(), 2 * kPiece);
  ahead.begin(mapping, mapping.prepared_end_, mapping.prepared_end_ + kPiece);
  mapping.allow(1);
  ahead.wait_for(mapping.prepared_end_ + kPiece);
  EXPECT_FALSE(ahead.is_under_way());
}

}  // namespace
}  // namespace datawal::pages_ahead_test
