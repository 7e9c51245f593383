#include "format/compaction_mark.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace datawal::compaction_mark_test {
namespace {

constexpr Txid kBeyondAll = std::numeric_limits<Txid>::max();

std::string hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

std::optional<Txid> horizon_of(ByteView payload) {
  const auto mark =
      decode_compaction_mark({.key = as_bytes(kCompactionMarkKey), .payload = payload});
  return mark ? std::optional(mark->horizon) : std::nullopt;
}

// Written down by hand from docs/format.md; the checksum by another program.
TEST(CompactionMark, HasTheBytesOfTheTable) {
  const CompactionMarkFrame frame = encode_compaction_mark(0x0102, {.horizon = 0x0a0b0c0d});
  EXPECT_EQ(hex(ByteView(frame).first(frame.size() - 4)),
            "4457414c"
            "0100"
            "00"
            "00"
            "0201000000000000"
            "0f000000"
            "09000000"
            "006477616c2f636f6d706163746564"
            "01"
            "0d0c0b0a00000000");
  EXPECT_EQ(hex(ByteView(frame).last(4)), "22ecec5d");
}

TEST(CompactionMark, IsReadAsItWasWritten) {
  for (const Txid horizon : {Txid{0}, Txid{1}, Txid{1} << 40, kBeyondAll}) {
    const CompactionMarkFrame frame = encode_compaction_mark(7, {horizon});
    const DecodeOutcome outcome = decode_frame(frame);
    const auto& decoded = std::get<DecodedFrame>(outcome);
    EXPECT_EQ(decoded.size, frame.size());
    EXPECT_EQ(decoded.record.txid, 7U);
    const auto mark = decode_compaction_mark(decoded.record);
    ASSERT_TRUE(mark);
    EXPECT_EQ(mark->horizon, horizon);
  }
}

TEST(CompactionMark, OfALaterVersionHidesEverythingBeforeIt) {
  const std::string payload{"\2\5\0\0\0\0\0\0\0", 9};
  EXPECT_EQ(horizon_of(as_bytes(payload)), kBeyondAll);
  EXPECT_EQ(horizon_of(as_bytes("\1" + payload.substr(1))), 5U);
}

TEST(CompactionMark, NonsenseHidesEverythingBeforeIt) {
  for (const std::string& payload :
       {std::string(), std::string("\1"), std::string(8, '\1'), std::string(10, '\1'),
        std::string(9, '\0'), std::string(9, '\xff'), std::string(5'000, '\1')}) {
    EXPECT_EQ(horizon_of(as_bytes(payload)), kBeyondAll) << payload.size();
  }
}

TEST(CompactionMark, IsNothingElse) {
  const CompactionMarkFrame frame = encode_compaction_mark(1, {5});
  const DecodeOutcome outcome = decode_frame(frame);
  const RecordView mark = std::get<DecodedFrame>(outcome).record;
  for (const RecordType type : {RecordType::kPut, RecordType::kDelete}) {
    RecordView other = mark;
    other.type = type;
    EXPECT_FALSE(decode_compaction_mark(other));
  }
  for (const std::size_t size : {0UL, 6UL, kCompactionMarkKey.size() - 1}) {
    RecordView other = mark;
    other.key = mark.key.first(size);
    EXPECT_FALSE(decode_compaction_mark(other)) << size;
  }
  const std::string longer = std::string(kCompactionMarkKey) + "x";
  EXPECT_FALSE(decode_compaction_mark({.key = as_bytes(longer), .payload = mark.payload}));
}

}  // namespace
}  // namespace datawal::compaction_mark_test
