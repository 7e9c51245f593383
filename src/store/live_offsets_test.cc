#include "store/live_offsets.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "datawal/data_wal.h"
#include "file/posix_test_support.h"
#include "log/log_test_support.h"
#include "store/index_replay.h"

namespace datawal::live_offsets_test {
namespace {

using test::must;

// A store, what its log has, and an index of it.
class LiveOffsetsTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kSegmentSizeMax = 3'000'000;  // of several units of addresses

  LiveOffsetsTest()
      : store_(must(DataWal::open(scratch_ / "store", {.segment_size_max = kSegmentSizeMax}))) {}

  void put(unsigned key, std::size_t size) {
    must(store_.put(as_bytes(std::to_string(key)), Bytes(size, std::byte{'v'})));
  }
  void remove(unsigned key) { must(store_.remove(as_bytes(std::to_string(key)))); }

  void take_index() {
    auto directory = must(posix_filesystem().open_directory(scratch_ / "store"));
    index_ = std::make_unique<StoreIndex>(
        std::move(directory), StoreRecords::Access{.may_map = true, .size_max = kSegmentSizeMax},
        SipHashKey{});
    IndexReplay replay(*index_);
    RecordCursor cursor = must(RecordLogReader::open(scratch_ / "store")).scan();
    while (const auto record = must(cursor.next())) {
      refs_.push_back(record->ref);
      segments_.insert(record->ref.segment);
      must(replay.add(*record));
      if (record->type == RecordType::kRaw) continue;
      const std::optional<RecordRef> live = must(store_.ref_of(record->key));
      if (live == record->ref) live_.insert(record->ref.position());
    }
    must(replay.finish());
  }

  // By every frame, and by how many there are at all, on to far behind the segment's end.
  void expect_right(SegmentId segment) const {
    const FrozenStore frozen = must(index_->freeze());
    const LiveOffsets offsets(*frozen.frozen, index_->records().addresses().addresses_in(segment));
    std::size_t live = 0;
    for (const RecordRef& ref : refs_) {
      if (ref.segment != segment) continue;
      const bool is_live = live_.contains(ref.position());
      ASSERT_EQ(offsets.has(ref.offset), is_live) << ref.offset;
      if (is_live) ++live;
    }
    std::size_t found = 0;
    for (std::uint64_t offset = 0; offset < 4 * kSegmentSizeMax; offset += 8) {
      if (offsets.has(offset)) ++found;
    }
    EXPECT_EQ(found, live);
    EXPECT_FALSE(offsets.has(~std::uint64_t{0}));
  }

  const test::ScratchDirectory scratch_;
  DataWal store_;
  std::unique_ptr<StoreIndex> index_;
  std::vector<RecordRef> refs_;
  std::set<SegmentId> segments_;
  std::set<Position> live_;
};

TEST_F(LiveOffsetsTest, AreThoseThatKeysLeadTo) {
  std::mt19937 random(13);
  for (int step = 0; step < 40'000; ++step) {
    const unsigned key = static_cast<unsigned>(random()) % 10'000;
    switch (random() % 8) {
      case 0:
        remove(key);
        break;
      case 1:
        must(store_.append(as_bytes("neither key nor live")));
        break;
      default:
        put(key, random() % 500);
    }
  }
  take_index();
  ASSERT_GE(segments_.size(), 3U);
  ASSERT_EQ(live_.size(), store_.size());
  for (const SegmentId segment : segments_) expect_right(segment);
}

// The smallest frames there are, and one that reaches over several units.
TEST_F(LiveOffsetsTest, AreToldApartWhereFramesAreSmallestAndLargest) {
  must(store_.put({}, {}));
  for (unsigned key = 0; key < 10; ++key) put(key, 0);
  put(100, 2'500'000);
  for (unsigned key = 5; key < 15; ++key) put(key, 0);
  must(store_.put({}, {}));
  must(store_.rotate());
  put(3, 0);
  take_index();
  for (const SegmentId segment : segments_) expect_right(segment);
}

TEST_F(LiveOffsetsTest, AreNoneWhereAllIsDead) {
  for (unsigned key = 0; key < 100; ++key) put(key, 10);
  must(store_.rotate());
  for (unsigned key = 0; key < 100; ++key) put(key, 10);
  take_index();
  expect_right(SegmentId{1});
  expect_right(SegmentId{2});
  expect_right(SegmentId{3});  // which there is not
}

TEST_F(LiveOffsetsTest, AreAsTheIndexWasWhenItWasFrozen) {
  for (unsigned key = 0; key < 100; ++key) put(key, 10);
  take_index();
  const FrozenStore frozen = must(index_->freeze());
  for (unsigned key = 0; key < 100; ++key) {
    index_->change(index_->hash_of(as_bytes(std::to_string(key))), RecordType::kDelete, {},
                   [](LogAddress) { return Match::kYes; });
  }
  ASSERT_EQ(index_->size(), 0U);
  const LiveOffsets then(*frozen.frozen, index_->records().addresses().addresses_in(SegmentId{1}));
  for (const RecordRef& ref : refs_) EXPECT_TRUE(then.has(ref.offset));
}

}  // namespace
}  // namespace datawal::live_offsets_test
