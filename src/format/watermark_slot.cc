#include "format/watermark_slot.h"

#include <algorithm>
#include <utility>

#include "base/endian.h"

namespace datawal {
namespace {

constexpr std::uint64_t kMagic = 0x4B52'414D'4C41'5744;  // "DWALMARK" read little-endian
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kCleanFlag = 1;
constexpr std::uint32_t kEmptyFlag = 2;

constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kFlagsOffset = 12;
constexpr std::size_t kSequenceOffset = 16;
constexpr std::size_t kSegmentOffset = 24;
constexpr std::size_t kFirstSegmentOffset = 28;
constexpr std::size_t kOffsetOffset = 32;
constexpr std::size_t kTxidOffset = 40;
constexpr std::size_t kFrameCrcOffset = 48;
constexpr std::size_t kFirstFrameCrcOffset = 52;
constexpr std::size_t kBootIdOffset = 56;
constexpr std::size_t kCrcOffset = 72;
static_assert(kBootIdOffset + sizeof(Watermark::boot_id) == kCrcOffset);
static_assert(kCrcOffset + sizeof(std::uint32_t) == kWatermarkSlotSize);
static_assert(kWatermarkSlotSize <= kWatermarkSlotStride);

std::optional<Watermark> decode_slot(ByteView bytes) {
  if (bytes.size() < kWatermarkSlotSize) return {};
  const std::byte* const slot = bytes.data();
  if (load_le<std::uint64_t>(slot) != kMagic) return {};
  if (load_le<std::uint32_t>(slot + kVersionOffset) != kVersion) return {};
  if (load_le<std::uint32_t>(slot + kCrcOffset) != crc32c(bytes.first(kCrcOffset))) return {};
  const auto flags = load_le<std::uint32_t>(slot + kFlagsOffset);
  if (flags > (kCleanFlag | kEmptyFlag)) return {};
  Watermark watermark;
  watermark.sequence = load_le<std::uint64_t>(slot + kSequenceOffset);
  watermark.position = {SegmentId{load_le<std::uint32_t>(slot + kSegmentOffset)},
                        load_le<std::uint64_t>(slot + kOffsetOffset)};
  watermark.txid = load_le<std::uint64_t>(slot + kTxidOffset);
  watermark.frame_crc = load_le<std::uint32_t>(slot + kFrameCrcOffset);
  watermark.first_segment = SegmentId{load_le<std::uint32_t>(slot + kFirstSegmentOffset)};
  watermark.first_frame_crc = load_le<std::uint32_t>(slot + kFirstFrameCrcOffset);
  std::copy_n(slot + kBootIdOffset, watermark.boot_id.size(), watermark.boot_id.begin());
  watermark.clean = (flags & kCleanFlag) != 0;
  watermark.empty = (flags & kEmptyFlag) != 0;
  // Where there was no frame, nothing was durable.
  if (watermark.empty && (watermark.position.offset != 0 || watermark.txid != 0)) return {};
  return watermark;
}

}  // namespace

WatermarkSlot encode_watermark(const Watermark& watermark) {
  WatermarkSlot slot{};
  std::byte* const to = slot.data();
  store_le(to, kMagic);
  store_le(to + kVersionOffset, kVersion);
  const std::uint32_t flags =
      (watermark.clean ? kCleanFlag : 0U) | (watermark.empty ? kEmptyFlag : 0U);
  store_le(to + kFlagsOffset, flags);
  store_le(to + kSequenceOffset, watermark.sequence);
  store_le(to + kSegmentOffset, std::to_underlying(watermark.position.segment));
  store_le(to + kFirstSegmentOffset, std::to_underlying(watermark.first_segment));
  store_le(to + kOffsetOffset, watermark.position.offset);
  store_le(to + kTxidOffset, watermark.txid);
  store_le(to + kFrameCrcOffset, watermark.frame_crc);
  store_le(to + kFirstFrameCrcOffset, watermark.first_frame_crc);
  std::ranges::copy(watermark.boot_id, to + kBootIdOffset);
  store_le(to + kCrcOffset, crc32c(ByteView(slot).first(kCrcOffset)));
  return slot;
}

std::optional<Watermark> decode_watermark(ByteView file) {
  const ByteView second =
      file.size() > kWatermarkSlotStride ? file.subspan(kWatermarkSlotStride) : ByteView{};
  const std::optional<Watermark> slots[] = {decode_slot(file), decode_slot(second)};
  if (!slots[0] || !slots[1]) return slots[0] ? slots[0] : slots[1];
  return slots[0]->sequence >= slots[1]->sequence ? slots[0] : slots[1];
}

}  // namespace datawal
