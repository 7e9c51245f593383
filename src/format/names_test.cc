#include "format/names.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace datawal::names_test {
namespace {

TEST(SegmentName, PadsToEightDigits) {
  EXPECT_EQ(segment_name(SegmentId{1}), "00000001.dwal");
  EXPECT_EQ(segment_name(SegmentId{12'345'678}), "12345678.dwal");
  EXPECT_EQ(segment_name(SegmentId{0}), "00000000.dwal");
  EXPECT_EQ(segment_name(kSegmentIdMax), "99999999.dwal");
}

TEST(SegmentName, ParsesWhatItBuilds) {
  for (const std::uint32_t id : {0U, 1U, 9U, 10U, 12'345'678U, 99'999'999U}) {
    EXPECT_EQ(parse_segment_name(segment_name(SegmentId{id})), SegmentId{id});
  }
}

TEST(SegmentName, BeyondEightDigitsIsNoSegmentName) {
  EXPECT_EQ(parse_segment_name(segment_name(SegmentId{100'000'000})), std::nullopt);
}

TEST(SegmentName, ParsesNothingElse) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view name :
       {""sv, ".dwal"sv, "1.dwal"sv, "0000001.dwal"sv, "000000001.dwal"sv, "0000000a.dwal"sv,
        "00000001.txt"sv, "00000001.dwa"sv, "00000001.dwal2"sv, "00000001.DWAL"sv, "00000001dwal"sv,
        "+0000001.dwal"sv, "-0000001.dwal"sv, " 0000001.dwal"sv, "0x000001.dwal"sv,
        "00000001.dwal\0"sv, "0000000\0.dwal"sv,
        "\xD9\xA1"
        "000001.dwal"sv}) {
    EXPECT_EQ(parse_segment_name(name), std::nullopt) << name;
  }
}

TEST(PreparedName, IsToldFromOthers) {
  EXPECT_EQ(prepared_name(SegmentId{42}), "00000042.dwal.next");
  EXPECT_TRUE(is_prepared_name(prepared_name(SegmentId{42})));
  EXPECT_EQ(parse_segment_name(prepared_name(SegmentId{42})), std::nullopt);
  for (const std::string_view name :
       {"00000042.dwal", "0000042.dwal.next", "00000042.dwal.next.next", ".next", "next"}) {
    EXPECT_FALSE(is_prepared_name(name)) << name;
  }
  EXPECT_FALSE(is_prepared_name(compacted_name(SegmentId{42})));
}

TEST(QuarantineName, NamesTheSegmentAndThePlace) {
  EXPECT_EQ(quarantine_name(SegmentId{42}, 4096), "00000042.dwal.4096.quarantine");
  EXPECT_EQ(quarantine_name(SegmentId{42}, 0), "00000042.dwal.0.quarantine");
  EXPECT_EQ(quarantine_name(SegmentId{42}, ~std::uint64_t{0}),
            "00000042.dwal.18446744073709551615.quarantine");
}

TEST(QuarantineName, NumbersFurtherOnesOfTheSamePlace) {
  EXPECT_EQ(quarantine_name(SegmentId{42}, 4096, 2), "00000042.dwal.4096.2.quarantine");
}

TEST(QuarantineName, IsNoSegmentName) {
  EXPECT_EQ(parse_segment_name(quarantine_name(SegmentId{1}, 0)), std::nullopt);
}

TEST(HintName, NamesTheSegment) {
  EXPECT_EQ(hint_name(SegmentId{42}), "00000042.dwal.hint");
  EXPECT_EQ(parse_hint_name("00000042.dwal.hint"), SegmentId{42});
  EXPECT_EQ(parse_segment_name(hint_name(SegmentId{42})), std::nullopt);
  for (const char* const name : {"00000042.hint", "42.dwal.hint", "00000042.dwal.hint.tmp",
                                 "00000042.dwal", "notes.hint", ".hint", ""}) {
    EXPECT_EQ(parse_hint_name(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace datawal::names_test
