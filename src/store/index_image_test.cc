#include "store/index_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "store/index_image_test_support.h"
#include "support/soak.h"

namespace datawal::index_image_test {
namespace {

using test::ImageFile;
using test::IndexedLog;
using ::testing::HasSubstr;
using Key = IndexedLog::Key;

constexpr std::uint64_t kAllBits = ~std::uint64_t{0};

LoadedIndex must_read(Bytes image) {
  auto loaded = read_index_image(ImageFile(std::move(image)));
  EXPECT_TRUE(loaded.has_value()) << loaded.error().reason;
  return loaded ? *std::move(loaded) : LoadedIndex{};
}

std::string reason_of(const std::expected<LoadedIndex, UnusableImage>& loaded) {
  return loaded ? "nothing: it was accepted" : loaded.error().reason;
}

void fill(IndexedLog& log, Key key_count) {
  for (Key key = 0; key < key_count; ++key) log.put(key);
  for (Key key = 0; key < key_count; key += 3) log.erase(key);
  for (Key key = 0; key < key_count; key += 7) log.put(key);
}

struct Case {
  const char* name;
  Key key_count;
  IndexedLog::Shape shape = {};
};

class IndexImageRoundTrip : public ::testing::TestWithParam<Case> {
 protected:
  IndexImageRoundTrip() { fill(log_, GetParam().key_count); }

  // Puts the index that was read in the place of the one that was written.
  void exchange() { log_.take(must_read(log_.image())); }

  IndexedLog log_{GetParam().shape};
};

TEST_P(IndexImageRoundTrip, KeepsEveryAddressAndNoOther) {
  std::vector<std::optional<Position>> before;
  for (Key key = 0; key < 2 * GetParam().key_count + 10; ++key) before.push_back(log_.find(key));
  const std::uint64_t size = log_.index->size();
  ASSERT_NO_FATAL_FAILURE(exchange());
  EXPECT_EQ(log_.index->size(), size);
  for (Key key = 0; key < before.size(); ++key) ASSERT_EQ(log_.find(key), before[key]) << key;
  std::size_t visited = 0;
  log_.index->for_each([&](const IndexedRecord&) { ++visited; });
  EXPECT_EQ(visited, size);
}

TEST_P(IndexImageRoundTrip, KeepsWhatItSaysOfTheLog) {
  const LoadedIndex loaded = must_read(log_.image());
  EXPECT_EQ(loaded.coverage, log_.coverage());
  EXPECT_EQ(loaded.segments, log_.segments());
  EXPECT_EQ(loaded.secret, log_.secret);
}

TEST_P(IndexImageRoundTrip, IsTheSameWhenWrittenAgain) {
  const Bytes image = log_.image();
  log_.take(must_read(image));
  EXPECT_TRUE(log_.image() == image);
}

TEST_P(IndexImageRoundTrip, IsOfAnIndexThatGoesOn) {
  ASSERT_NO_FATAL_FAILURE(exchange());
  const Key end = 2 * GetParam().key_count + 10;
  std::vector<std::optional<Position>> model;
  for (Key key = 0; key < end; ++key) model.push_back(log_.find(key));
  for (Key key = 0; key < end; key += 2) {
    const Position next = log_.position(log_.keys.size());
    ASSERT_EQ(log_.put(key), model[key]);
    model[key] = next;
  }
  for (Key key = 0; key < end; key += 5) {
    ASSERT_EQ(log_.erase(key), model[key]);
    model[key].reset();
  }
  for (Key key = 0; key < end; ++key) ASSERT_EQ(log_.find(key), model[key]);
  ASSERT_NO_FATAL_FAILURE(exchange());
  for (Key key = 0; key < end; ++key) ASSERT_EQ(log_.find(key), model[key]);
}

constexpr std::uint64_t kMib = std::uint64_t{1} << 20;

INSTANTIATE_TEST_SUITE_P(
    Indexes, IndexImageRoundTrip,
    ::testing::Values(Case{"Empty", 0}, Case{"One", 1}, Case{"Thousand", 1'000},
                      Case{"Large", 200'000},
                      Case{"ManySegments", 5'000, {.record_size = 70'000, .segment_records = 20}},
                      Case{"MoreThanAChunkOfUnits", 2'500, {.record_size = kMib}},
                      Case{"SegmentAboveFourGib", 6'000, {.record_size = kMib}},
                      Case{"OneHash", 300, {.hash_bits = 0}},
                      Case{"OneBucketAndTag", 2'000, {.hash_bits = kAllBits << 36}},
                      Case{"OneRegion", 12'000, {.hash_bits = ~(kAllBits << 36)}}),
    [](const auto& tested) { return tested.param.name; });

TEST(IndexImage, OfAnIndexWithOverflowHasIt) {
  IndexedLog log({.hash_bits = 0});
  fill(log, 300);
  // A table's two buckets of one hash hold 16, and what an overflow entry has is 16 bytes.
  EXPECT_EQ(log.image().size(), kIndexImageHeaderSize + kIndexImageTableSize +
                                    kIndexImageShapeSize + kIndexImageSegmentSize +
                                    kIndexImageUnitSize +
                                    (log.index->size() - 2 * kBucketSlots) * 16);
}

TEST(IndexImage, TheMemoryOfWhatWasReadIsCounted) {
  IndexedLog log({.hash_bits = 0});
  fill(log, 2'000);
  log.index->reserve_one();
  LoadedIndex loaded = must_read(log.image());
  loaded.index->reserve_one();
  EXPECT_NEAR(static_cast<double>(loaded.index->memory_size()),
              static_cast<double>(log.index->memory_size()), 8'000);
}

TEST(IndexImage, TwoUnitsForOnePlaceAreRefused) {
  IndexedLog log({.segment_records = 10});
  for (Key key = 0; key < 20; ++key) log.put(key);
  Bytes image = log.image();
  const std::size_t units = image.size() - 2 * kIndexImageUnitSize;
  std::copy_n(image.end() - kIndexImageUnitSize, kIndexImageUnitSize,
              image.begin() + static_cast<std::ptrdiff_t>(units));
  test::correct_checksums(image);
  EXPECT_EQ(reason_of(read_index_image(ImageFile(std::move(image)))),
            "the checkpoint contradicts itself in its addresses");
}

// An image must be readable by every build that takes its version for its own.
TEST(IndexImage, TheBytesAreThoseOfVersionOne) {
  IndexedLog log({.segment_records = 8'000});
  for (Key key = 0; key < 9'000; ++key) log.put(key);
  EXPECT_EQ(crc32c(log.image()), 0xc0d7'b57eU);
}

TEST(IndexImage, UnitsOfRetiredSegmentsAreFreeAfterwards) {
  IndexedLog log({.record_size = 1'000, .segment_records = 10'000});
  for (Key key = 0; key < 30'000; ++key) log.put(key % 10'000);  // the first two are dead
  const std::size_t retired = log.addresses->retire(log.position(0).segment).count();
  ASSERT_GT(retired, 1U);
  const std::uint64_t units = log.addresses->stretches().size();
  LoadedIndex loaded = must_read(log.image());
  EXPECT_EQ(loaded.addresses->stretches().size(), units);
  log.take(std::move(loaded));
  for (Key key = 0; key < 10'000; ++key) ASSERT_EQ(log.find(key), log.position(key + 20'000));
  for (std::uint64_t unit = 0; unit < retired; ++unit) {
    ASSERT_TRUE(log.addresses->address_of({SegmentId{50}, unit * kMib}, 28));
  }
  EXPECT_EQ(log.addresses->stretches().size(), units);
}

// As of a record whose writing failed after it had been given an address.
TEST(IndexImage, UnitsBehindWhatIsCoveredAreFreeAfterwards) {
  IndexedLog log({});
  fill(log, 10);
  ASSERT_TRUE(log.addresses->address_of({SegmentId{1}, 5 * kMib}, 28));
  ASSERT_TRUE(log.addresses->address_of({SegmentId{9}, 0}, 28));
  const LoadedIndex loaded = must_read(log.image());
  const auto stretches = loaded.addresses->stretches();
  EXPECT_THAT(stretches, ::testing::ElementsAre(AddressedStretch{SegmentId{1}, 0, 1200},
                                                std::nullopt, std::nullopt));
}

class SmallIndexImage : public ::testing::Test {
 protected:
  SmallIndexImage() {
    fill(log_, 20);
    file_.bytes = log_.image();
  }

  IndexedLog log_{{}};
  ImageFile file_;
};

TEST_F(SmallIndexImage, EveryFlippedByteIsNoticed) {
  std::mt19937 random(42);
  for (std::size_t at = 0; at < file_.bytes.size(); at += datawal::test::decode_stride()) {
    const std::byte before = file_.bytes[at];
    file_.bytes[at] ^= std::byte{1} << random() % 8;
    ASSERT_FALSE(read_index_image(file_)) << "at " << at;
    file_.bytes[at] = before;
  }
  EXPECT_TRUE(read_index_image(file_));
}

TEST_F(SmallIndexImage, EveryOtherSizeIsNoticed) {
  const std::size_t size = file_.bytes.size();
  file_.bytes.push_back(std::byte{0});
  EXPECT_FALSE(read_index_image(file_));
  file_.bytes.resize(size + kIndexImageTableSize);
  EXPECT_FALSE(read_index_image(file_));
  for (file_.bytes.resize(size); !file_.bytes.empty();) {
    file_.bytes.pop_back();
    ASSERT_FALSE(read_index_image(file_)) << file_.bytes.size();
  }
}

TEST_F(SmallIndexImage, AnotherVersionIsSaidToBeOne) {
  store_le(file_.bytes.data() + 8, std::uint32_t{2});
  test::correct_checksums(file_.bytes);
  EXPECT_THAT(reason_of(read_index_image(file_)), HasSubstr("version"));
}

TEST(IndexImage, RandomBytesAreNone) {
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    Bytes bytes(random() % 20'000);
    std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
    ASSERT_FALSE(read_index_image(ImageFile(bytes))) << "round " << round;
  }
}

// Somebody who can write checksums writes what no index is.
struct Forgery {
  const char* name;
  std::size_t offset;  // of the field
  std::size_t size;
  std::uint64_t value;
  const char* reason = "contradicts itself";
};

constexpr std::size_t kTables = kIndexImageHeaderSize;
constexpr std::size_t kTail = kTables + 2 * kIndexImageTableSize;
constexpr std::size_t kSegments = kTail + 2 * kIndexImageShapeSize;
constexpr std::size_t kUnits = kSegments + 2 * kIndexImageSegmentSize;
constexpr std::size_t kSlots = kTables + kBucketCount * 8;

class ForgedIndexImage : public ::testing::TestWithParam<Forgery> {
 protected:
  // Two tables, two segments with a unit each, one entry in the overflow.
  ForgedIndexImage() {
    IndexedLog log({.segment_records = 8'000});
    for (Key key = 0; key < 9'000; ++key) log.put(key);
    image_ = log.image();
  }

  Bytes image_;
};

TEST_P(ForgedIndexImage, IsRefused) {
  ASSERT_EQ(load_le<std::uint32_t>(image_.data() + test::kImageTableCountOffset), 2U);
  ASSERT_TRUE(read_index_image(ImageFile(image_)));
  const Forgery& forgery = GetParam();
  Bytes value(16);
  store_le(value.data(), forgery.value);
  std::copy_n(value.begin(), forgery.size,
              image_.begin() + static_cast<std::ptrdiff_t>(forgery.offset));
  test::correct_checksums(image_);
  EXPECT_THAT(reason_of(read_index_image(ImageFile(image_))), HasSubstr(forgery.reason));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ForgedIndexImage,
    ::testing::Values(
        Forgery{"NoTables", 12, 4, 0, "header"}, Forgery{"ATableLess", 12, 4, 1, "header"},
        Forgery{"ManyTables", 12, 4, 0xffff'ffff, "header"},
        Forgery{"ImageSize", 16, 8, 0, "header"}, Forgery{"ManyKeys", 24, 8, kAllBits},
        Forgery{"AKeyLess", 24, 8, 8'999}, Forgery{"ManyOverflowing", 32, 8, kAllBits, "header"},
        Forgery{"OverflowThatWraps", 32, 8, std::uint64_t{1} << 60, "header"},
        Forgery{"OneOverflowing", 32, 8, 1, "header"}, Forgery{"NoSegments", 40, 4, 0, "header"},
        Forgery{"ManySegments", 40, 4, 0xffff'ffff, "header"},
        Forgery{"ManyUnits", 44, 4, 0xffff'ffff, "header"}, Forgery{"EndElsewhere", 64, 4, 1},
        Forgery{"EndBehind", 72, 8, 1'000'000},
        Forgery{"BytesWithoutAMeaning", 200, 1, 1, "header"},
        Forgery{"DepthTooSmall", kTail + 4, 1, 0}, Forgery{"DepthTooLarge", kTail + 4, 1, 2},
        Forgery{"DepthBeyondTheRegions", kTail + 4, 1, 23},
        Forgery{"DepthBeyondAWord", kTail + 4, 1, 255}, Forgery{"OddFlag", kTail + 5, 1, 2},
        Forgery{"ShapePadding", kTail + 6, 2, 1}, Forgery{"SegmentSize", kSegments, 8, 0},
        Forgery{"LastSegmentSize", kSegments + kIndexImageSegmentSize, 8, 100'001},
        Forgery{"SegmentZero", kSegments + 8, 4, 0}, Forgery{"SameSegment", kSegments + 8, 4, 4},
        Forgery{"SegmentsOutOfOrder", kSegments + 8, 4, 5},
        Forgery{"SegmentBeyondTheNames", kSegments + kIndexImageSegmentSize + 8, 4, 100'000'000},
        Forgery{"SegmentRecords", kSegments + 16, 8, 1},
        Forgery{"SegmentTxid", kSegments + 40, 8, 1'000'000},
        Forgery{"TombstonesBeyondTheSegment", kSegments + 56, 8, 1'000'000'000},
        Forgery{"SegmentGaps", kSegments + 64, 8, 3}, Forgery{"SegmentGap", kSegments + 72, 8, 78},
        Forgery{"DeadBytesBehindTheEnd", kUnits + 16, 8, 1'000'000'000},
        Forgery{"UnitOfNoSegment", kUnits + 8, 4, 2},
        Forgery{"UnitBehindTheEnd", kUnits + 12, 4, 1},
        Forgery{"HugeUnit", kUnits + 12, 4, 0xffff'ffff}, Forgery{"SameUnit", kUnits + 8, 4, 4},
        Forgery{"UnitWithoutFrames", kUnits, 8, 0}, Forgery{"UnitEndBehind", kUnits, 8, 800'001},
        Forgery{"UnitEndAfterTwoRecords", kUnits, 8, 200}, Forgery{"FreeUnitInUse", kUnits, 16, 0},
        Forgery{"TagGone", kTables, 8, 0},
        Forgery{"EntryOfAnotherRegion", kSlots, 8, kAllBits << 63},
        Forgery{"AddressBehindTheSegment", kSlots, 8, 900'000},
        Forgery{"AddressInNoUnit", kSlots, 8, kMib * 2},
        Forgery{"AddressAtTheLast", kSlots, 8, kAllBits >> 22}),
    [](const auto& tested) { return tested.param.name; });

// An image with one overflow entry more than tables have room for.
class ForgedOverflow : public ::testing::Test {
 protected:
  ForgedOverflow() {
    IndexedLog log({.hash_bits = 0});
    for (Key key = 0; key < 2 * kBucketSlots + 1; ++key) log.put(key);
    image_ = log.image();
    entry_ = image_.data() + image_.size() - kIndexImageOverflowSize;
  }

  bool is_refused() {
    test::correct_checksums(image_);
    return reason_of(read_index_image(ImageFile(image_))) ==
           "the checkpoint contradicts itself in its overflow";
  }

  Bytes image_;
  std::byte* entry_;
};

TEST_F(ForgedOverflow, IsRefusedWithoutATag) {
  EXPECT_FALSE(is_refused());
  store_le(entry_ + 8, std::uint64_t{0});
  EXPECT_TRUE(is_refused());
}

TEST_F(ForgedOverflow, IsRefusedWithATagThatIsTooLarge) {
  store_le(entry_ + 8, std::uint64_t{0x100});
  EXPECT_TRUE(is_refused());
}

TEST_F(ForgedOverflow, IsRefusedWithAnAddressThatIsNotCovered) {
  store_le(entry_, std::uint64_t{1'700});
  EXPECT_TRUE(is_refused());
}

TEST_F(ForgedOverflow, IsRefusedWhereTheTableDoesNotSaySo) {
  image_[kIndexImageHeaderSize + kIndexImageTableSize + 5] = std::byte{0};
  EXPECT_TRUE(is_refused());
}

// Whatever else is written in an image under correct checksums, what is accepted can be used.
TEST_F(SmallIndexImage, ForgedBytesAreRefusedOrHarmless) {
  std::mt19937 random(11);
  const Bytes image = file_.bytes;
  const std::size_t tail = kIndexImageHeaderSize + kIndexImageTableSize;
  for (std::size_t step = 0; step < 136 + image.size() - tail; ++step) {
    for (int round = 0; round < 4; ++round) {
      Bytes forged = image;
      forged[step < 136 ? step : tail + step - 136] ^= static_cast<std::byte>(1 + random() % 255);
      test::correct_checksums(forged);
      auto loaded = read_index_image(ImageFile(std::move(forged)));
      if (!loaded) continue;
      IndexedLog log = IndexedLog({});
      log.keys = log_.keys;
      log.take(*std::move(loaded));
      for (Key key = 0; key < 100; ++key) log.put(key);
      ASSERT_GE(log.index->size(), 100U);
    }
  }
}

}  // namespace
}  // namespace datawal::index_image_test
