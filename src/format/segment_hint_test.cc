#include "format/segment_hint.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace datawal::segment_hint_test {
namespace {

// Every field has a value that shows its place and its byte order.
constexpr HintHeader kSample{.segment = SegmentId{0x1112'1314},
                             .segment_size = 0x2122'2324'2526'2728,
                             .inode = 0x3132'3334'3536'3738,
                             .modified_ns = 0x4142'4344'4546'4748,
                             .first_frame_size = 0x5152'5354,
                             .first_frame_crc = 0x6162'6364,
                             .last_frame_crc = 0x7172'7374};

OutlineBlock block_of(std::string_view text) {
  return {7, Bytes(as_bytes(text).begin(), as_bytes(text).end())};
}

TEST(SegmentHint, TheHeaderHasTheBytesOfItsTable) {
  const auto bytes = encode_hint_header(kSample);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : ByteView(bytes).first(60)) {
    hex += kDigits[std::to_integer<unsigned>(byte) >> 4];
    hex += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  EXPECT_EQ(hex,
            "4457414c48494e54"
            "01000000"
            "14131211"
            "2827262524232221"
            "3837363534333231"
            "4847464544434241"
            "54535251"
            "64636261"
            "74737271"
            "0000000000000000");
  EXPECT_EQ(decode_hint_header(bytes), kSample);
}

TEST(SegmentHint, AHeaderWithAnyBitChangedIsNone) {
  auto bytes = encode_hint_header(kSample);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = std::byte{1} << (bit % 8);
    bytes[bit / 8] ^= mask;
    EXPECT_FALSE(decode_hint_header(bytes)) << bit;
    bytes[bit / 8] ^= mask;
  }
  EXPECT_FALSE(decode_hint_header(ByteView(bytes).first(bytes.size() - 1)));
}

TEST(SegmentHint, BlocksComeBackInTheirOrder) {
  const std::uint32_t begin = hint_crc(encode_hint_header(kSample));
  std::uint32_t crc = begin;
  const Bytes first = encode_hint_block(block_of("first"), crc);
  const Bytes second = encode_hint_block(block_of("second"), crc);
  EXPECT_EQ(first.size(), kHintBlockHeaderSize + *hint_block_rest(first));
  crc = begin;
  const auto read = decode_hint_block(first, crc);
  ASSERT_TRUE(read);
  EXPECT_EQ(as_text(read->bytes), "first");
  EXPECT_EQ(read->frame_count, 7U);
  EXPECT_TRUE(decode_hint_block(second, crc));
  crc = begin;
  EXPECT_FALSE(decode_hint_block(second, crc)) << "the first has been left out";
  HintHeader other = kSample;
  ++other.inode;
  crc = hint_crc(encode_hint_header(other));
  EXPECT_FALSE(decode_hint_block(first, crc)) << "it is another segment's";
}

TEST(SegmentHint, ABlockWithAnyBitChangedIsNone) {
  std::uint32_t crc = 5;
  Bytes bytes = encode_hint_block(block_of("some outlines"), crc);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = std::byte{1} << (bit % 8);
    bytes[bit / 8] ^= mask;
    crc = 5;
    EXPECT_FALSE(decode_hint_block(bytes, crc)) << bit;
    bytes[bit / 8] ^= mask;
  }
}

TEST(SegmentHint, NoBlockIsLargerThanOneCanBe) {
  std::uint32_t crc = 0;
  Bytes bytes = encode_hint_block({1, Bytes(kOutlineBlockSizeMax)}, crc);
  EXPECT_TRUE(hint_block_rest(bytes));
  bytes[0] = static_cast<std::byte>(std::to_integer<unsigned>(bytes[0]) + 1);
  EXPECT_FALSE(hint_block_rest(bytes));
  std::ranges::fill_n(bytes.begin(), 4, std::byte{0xff});
  EXPECT_FALSE(hint_block_rest(bytes));
}

}  // namespace
}  // namespace datawal::segment_hint_test
