#include "store/record_places.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "datawal/data_wal.h"
#include "file/posix_test_support.h"
#include "log/log_test_support.h"
#include "store/index_replay.h"

namespace datawal::record_places_test {
namespace {

using test::must;

// A store, what its log has, and an index of it.
class LivePlacesTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kSegmentSizeMax = 3'000'000;  // of several units of addresses

  LivePlacesTest()
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

  [[nodiscard]] RecordPlaces places_in(const std::vector<SegmentId>& segments) const {
    std::vector<RecordPlaces::Segment> all;
    for (const SegmentId segment : segments) {
      std::uint64_t size = 0;
      for (const RecordRef& ref : refs_) {
        if (ref.segment == segment) size = ref.offset + ref.size;
      }
      all.push_back({index_->records().addresses().addresses_in(segment), size});
    }
    return RecordPlaces(all);
  }

  // By every frame, and by how many there are at all.
  void expect_right(const std::vector<SegmentId>& segments) const {
    const FrozenStore frozen = must(index_->freeze());
    const RecordPlaces places = places_in(segments);
    const PlaceBits bits = live_places(*frozen.frozen, places);
    std::set<std::uint64_t> seen;
    std::size_t live = 0;
    for (const RecordRef& ref : refs_) {
      const auto segment = std::ranges::find(segments, ref.segment);
      const auto address = index_->records().addresses().find(ref.position());
      if (segment == segments.end()) {
        if (address) {
          ASSERT_EQ(places.find(*address), RecordPlaces::kNowhere) << ref.offset;
        }
        continue;
      }
      const auto number = static_cast<std::size_t>(segment - segments.begin());
      const std::uint64_t place = places.at(number, ref.offset);
      ASSERT_LT(place, places.count());
      ASSERT_TRUE(seen.insert(place).second) << "two frames at one place";
      if (address) {
        ASSERT_EQ(places.find(*address), place);
      }
      const bool is_live = live_.contains(ref.position());
      ASSERT_EQ(bits.has(place), is_live) << ref.offset;
      if (is_live) ++live;
    }
    std::size_t found = 0;
    for (const std::uint64_t word : bits.words()) {
      found += static_cast<std::size_t>(std::popcount(word));
    }
    EXPECT_EQ(found, live);
    EXPECT_FALSE(bits.has(RecordPlaces::kNowhere));
  }
  // Of each segment by itself, of all, and of all but the first.
  void expect_all_right() const {
    std::vector<SegmentId> all(segments_.begin(), segments_.end());
    expect_right(all);
    for (const SegmentId segment : all) expect_right({segment});
    all.erase(all.begin());
    expect_right(all);
  }

  const test::ScratchDirectory scratch_;
  DataWal store_;
  std::unique_ptr<StoreIndex> index_;
  std::vector<RecordRef> refs_;
  std::set<SegmentId> segments_;
  std::set<Position> live_;
};

TEST_F(LivePlacesTest, AreThoseThatKeysLeadTo) {
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
  expect_all_right();
}

// The smallest frames there are, and one that reaches over several units.
TEST_F(LivePlacesTest, AreToldApartWhereFramesAreSmallestAndLargest) {
  must(store_.put({}, {}));
  for (unsigned key = 0; key < 10; ++key) put(key, 0);
  put(100, 2'500'000);
  for (unsigned key = 5; key < 15; ++key) put(key, 0);
  must(store_.put({}, {}));
  must(store_.rotate());
  put(3, 0);
  take_index();
  expect_all_right();
}

TEST_F(LivePlacesTest, AreNoneWhereAllIsDead) {
  for (unsigned key = 0; key < 100; ++key) put(key, 10);
  must(store_.rotate());
  for (unsigned key = 0; key < 100; ++key) put(key, 10);
  take_index();
  expect_right({SegmentId{1}});
  expect_right({SegmentId{2}});
  expect_right({SegmentId{3}});  // which there is not
  expect_right({});
}

TEST_F(LivePlacesTest, AreAsTheIndexWasWhenItWasFrozen) {
  for (unsigned key = 0; key < 100; ++key) put(key, 10);
  take_index();
  const FrozenStore frozen = must(index_->freeze());
  for (unsigned key = 0; key < 100; ++key) {
    index_->change(index_->hash_of(as_bytes(std::to_string(key))), RecordType::kDelete, {},
                   [](LogAddress) { return Match::kYes; });
  }
  ASSERT_EQ(index_->size(), 0U);
  const RecordPlaces places = places_in({SegmentId{1}});
  const PlaceBits then = live_places(*frozen.frozen, places);
  for (const RecordRef& ref : refs_) EXPECT_TRUE(then.has(places.at(0, ref.offset)));
}

}  // namespace
}  // namespace datawal::record_places_test
