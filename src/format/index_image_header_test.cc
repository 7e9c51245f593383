#include "format/index_image_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/endian.h"

namespace datawal::index_image_header_test {
namespace {

IndexImageHeader example() {
  IndexImageHeader header;
  header.coverage = {.end = {SegmentId{7}, 0x1122},
                     .last_txid = 11,
                     .last_frame_txid = 12,
                     .last_frame_crc = 13,
                     .first_segment = SegmentId{2},
                     .first_frame_crc = 14,
                     .records = 15,
                     .txid_gaps = 16,
                     .first_txid_gap = Position{SegmentId{3}, 17}};
  std::ranges::fill(header.secret, std::byte{0xaa});
  header.key_count = 18;
  header.table_count = 2;
  header.segment_count = 3;
  header.unit_count = 4;
  header.overflow_count = 5;
  header.tail_crc = 19;
  return header;
}

TEST(IndexImageHeader, HasTheBytesThatAreDocumented) {
  const IndexImageHeaderBytes bytes = encode_index_image_header(example());
  EXPECT_EQ(as_text(ByteView(bytes).first(8)), "DWALCKPT");
  const std::vector<std::uint64_t> expected = {std::uint64_t{2} << 32 | 1,
                                               4096 + 2 * 73'728 + 2 * 8 + 3 * 88 + 4 * 24 + 5 * 16,
                                               18,
                                               5,
                                               std::uint64_t{4} << 32 | 3,
                                               0xaaaa'aaaa'aaaa'aaaa,
                                               0xaaaa'aaaa'aaaa'aaaa,
                                               std::uint64_t{2} << 32 | 7,
                                               0x1122,
                                               11,
                                               12,
                                               std::uint64_t{14} << 32 | 13,
                                               15,
                                               16,
                                               17,
                                               std::uint64_t{19} << 32 | 3,
                                               0};
  for (std::size_t index = 0; index < expected.size(); ++index) {
    EXPECT_EQ(load_le<std::uint64_t>(bytes.data() + 8 + index * 8), expected[index]) << index;
  }
  EXPECT_EQ(load_le<std::uint32_t>(bytes.data() + 4092), crc32c(ByteView(bytes).first(4092)));
}

TEST(IndexImageHeader, SurvivesBeingWritten) {
  for (const IndexImageHeader& header : {example(), IndexImageHeader{}}) {
    const std::uint64_t size = index_image_size(header).value();
    const IndexImageHeaderBytes bytes = encode_index_image_header(header);
    EXPECT_EQ(decode_index_image_header(bytes, size), header);
    EXPECT_EQ(decode_index_image_header(bytes, size + 1), std::nullopt);
  }
}

TEST(IndexImageHeader, HasNoSizeWhereTheCountsAreTooLarge) {
  IndexImageHeader header = example();
  header.overflow_count = std::uint64_t{1} << 60;
  EXPECT_EQ(index_image_size(header), std::nullopt);
}

TEST(IndexImageHeader, OtherVersionsAreTold) {
  IndexImageHeaderBytes bytes = encode_index_image_header(example());
  EXPECT_FALSE(is_other_index_image_version(bytes));
  bytes[8] = std::byte{2};
  EXPECT_TRUE(is_other_index_image_version(bytes));
  bytes[0] = std::byte{0};
  EXPECT_FALSE(is_other_index_image_version(bytes));
}

}  // namespace
}  // namespace datawal::index_image_header_test
