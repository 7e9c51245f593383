#include "format/watermark_slot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <string_view>

namespace datawal::watermark_slot_test {
namespace {

// Every field has a value that shows its place and its byte order.
Watermark sample(std::uint64_t sequence = 0x1112'1314'1516'1718) {
  Watermark watermark{.sequence = sequence,
                      .position = {SegmentId{0x2122'2324}, 0x3132'3334'3536'3738},
                      .txid = 0x4142'4344'4546'4748,
                      .frame_crc = 0x5152'5354,
                      .first_segment = SegmentId{0x6162'6364},
                      .first_frame_crc = 0x7172'7374,
                      .clean = true};
  std::ranges::generate(watermark.boot_id,
                        [value = 0x80]() mutable { return static_cast<std::byte>(value++); });
  return watermark;
}

std::string hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

void place(Bytes& file, const Watermark& watermark) {
  std::ranges::copy(encode_watermark(watermark),
                    file.begin() + static_cast<long>(watermark_slot_offset(watermark.sequence)));
}

Bytes file_with(const Watermark& watermark) {
  Bytes file(kWatermarkFileSize);
  place(file, watermark);
  return file;
}

// Changes a byte of a slot and makes its checksum hold again.
WatermarkSlot changed(WatermarkSlot slot, std::size_t offset, std::byte value) {
  slot[offset] = value;
  const std::uint32_t crc = crc32c(ByteView(slot).first(72));
  for (std::size_t index = 0; index < 4; ++index) {
    slot[72 + index] = static_cast<std::byte>(crc >> (8 * index));
  }
  return slot;
}

TEST(WatermarkSlot, HasTheBytesOfItsTable) {
  const WatermarkSlot slot = encode_watermark(sample());
  EXPECT_EQ(hex(ByteView(slot).first(72)),
            "4457414c4d41524b"                    // 0: magic "DWALMARK"
            "01000000"                            // 8: version
            "01000000"                            // 12: flags, clean
            "1817161514131211"                    // 16: sequence
            "24232221"                            // 24: segment of the position
            "64636261"                            // 28: first segment
            "3837363534333231"                    // 32: offset of the position
            "4847464544434241"                    // 40: txid
            "54535251"                            // 48: CRC of the frame before the position
            "74737271"                            // 52: CRC of the first frame
            "808182838485868788898a8b8c8d8e8f");  // 56: boot id
  std::uint32_t crc = crc32c(ByteView(slot).first(72));
  for (std::size_t index = 72; index < slot.size(); ++index, crc >>= 8) {
    EXPECT_EQ(slot[index], static_cast<std::byte>(crc));
  }
}

TEST(WatermarkSlot, WithoutTheCleanMarkHasNoFlags) {
  Watermark watermark = sample();
  watermark.clean = false;
  EXPECT_EQ(encode_watermark(watermark)[12], std::byte{0});
}

TEST(WatermarkSlot, SlotsTakeTurnsInSectorsOfTheirOwn) {
  EXPECT_EQ(watermark_slot_offset(0), 0U);
  EXPECT_EQ(watermark_slot_offset(1), 512U);
  EXPECT_EQ(watermark_slot_offset(2), 0U);
  EXPECT_EQ(kWatermarkFileSize, 1024U);
}

TEST(WatermarkSlot, GivesBackWhatWasEncodedFromEitherSlot) {
  EXPECT_EQ(decode_watermark(file_with(sample(6))), sample(6));
  EXPECT_EQ(decode_watermark(file_with(sample(7))), sample(7));
}

TEST(WatermarkSlot, TheHigherSequenceCounts) {
  Bytes file = file_with(sample(8));
  place(file, sample(7));
  EXPECT_EQ(decode_watermark(file)->sequence, 8U);
  place(file, sample(9));
  EXPECT_EQ(decode_watermark(file)->sequence, 9U);
}

TEST(WatermarkSlot, ATornNewerSlotLeavesTheOlder) {
  for (std::size_t size = 0; size < kWatermarkSlotSize; ++size) {
    Bytes file = file_with(sample(8));
    const WatermarkSlot newer = encode_watermark(sample(9));
    std::copy_n(newer.begin(), size, file.begin() + kWatermarkSlotStride);
    const auto found = decode_watermark(file);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->sequence, 8U) << size;
  }
}

TEST(WatermarkSlot, SaysNothingWithoutAValidSlot) {
  EXPECT_EQ(decode_watermark({}), std::nullopt);
  EXPECT_EQ(decode_watermark(Bytes(kWatermarkFileSize)), std::nullopt);
  EXPECT_EQ(decode_watermark(Bytes(kWatermarkFileSize, std::byte{0xFF})), std::nullopt);
}

TEST(WatermarkSlot, EveryFlippedBitInvalidatesTheSlot) {
  const Bytes whole = file_with(sample(4));
  for (std::size_t bit = 0; bit < kWatermarkSlotSize * 8; ++bit) {
    Bytes file = whole;
    file[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_EQ(decode_watermark(file), std::nullopt) << "bit " << bit;
  }
}

TEST(WatermarkSlot, AnythingButAWholeFileIsReadAsFarAsItGoes) {
  const Bytes first = file_with(sample(4));
  const Bytes second = file_with(sample(5));
  for (std::size_t size = 0; size <= kWatermarkFileSize; ++size) {
    // Exactly as large as its content, so that a sanitizer sees every byte beyond it.
    const Bytes part(first.begin(), first.begin() + static_cast<long>(size));
    EXPECT_EQ(decode_watermark(part).has_value(), size >= kWatermarkSlotSize) << size;
    const Bytes other(second.begin(), second.begin() + static_cast<long>(size));
    EXPECT_EQ(decode_watermark(other).has_value(),
              size >= kWatermarkSlotStride + kWatermarkSlotSize)
        << size;
  }
}

TEST(WatermarkSlot, OfAnotherVersionSaysNothing) {
  const WatermarkSlot slot = changed(encode_watermark(sample(4)), 8, std::byte{2});
  EXPECT_EQ(decode_watermark(slot), std::nullopt);
}

TEST(WatermarkSlot, WithUnknownFlagsSaysNothing) {
  for (const unsigned flags : {4U, 5U, 0x80U}) {
    const auto slot = changed(encode_watermark(sample(4)), 12, static_cast<std::byte>(flags));
    EXPECT_EQ(decode_watermark(slot), std::nullopt) << flags;
  }
}

TEST(WatermarkSlot, OfAnEmptyLogHasAFlagOfItsOwn) {
  for (const bool clean : {false, true}) {
    const Watermark watermark{
        .sequence = 2, .position = {SegmentId{3}, 0}, .empty = true, .clean = clean};
    const WatermarkSlot slot = encode_watermark(watermark);
    EXPECT_EQ(slot[12], static_cast<std::byte>(clean ? 3 : 2));
    EXPECT_EQ(decode_watermark(slot), watermark);
  }
}

TEST(WatermarkSlot, OfAnEmptyLogWithSomethingDurableSaysNothing) {
  EXPECT_EQ(decode_watermark(encode_watermark({.position = {SegmentId{1}, 28}, .empty = true})),
            std::nullopt);
  EXPECT_EQ(decode_watermark(encode_watermark({.txid = 1, .empty = true})), std::nullopt);
}

TEST(WatermarkSlot, AnyBytesAreRead) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 2000; ++round) {
    Bytes file(random() % (kWatermarkFileSize + 10));
    std::ranges::generate(file, [&] { return static_cast<std::byte>(random()); });
    EXPECT_EQ(decode_watermark(file), std::nullopt);
  }
}

}  // namespace
}  // namespace datawal::watermark_slot_test
