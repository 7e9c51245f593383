#include "format/segment_hint.h"

#include <algorithm>
#include <utility>

#include "base/endian.h"

namespace datawal {
namespace {

constexpr std::uint64_t kMagic = 0x544E'4948'4C41'5744;  // "DWALHINT" read little-endian
constexpr std::uint32_t kVersion = 1;

constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kSegmentOffset = 12;
constexpr std::size_t kSegmentSizeOffset = 16;
constexpr std::size_t kInodeOffset = 24;
constexpr std::size_t kModifiedOffset = 32;
constexpr std::size_t kFirstFrameSizeOffset = 40;
constexpr std::size_t kFirstFrameCrcOffset = 44;
constexpr std::size_t kLastFrameCrcOffset = 48;
constexpr std::size_t kUnusedOffset = 52;  // zeros up to the CRC
constexpr std::size_t kCrcOffset = 60;
static_assert(kCrcOffset + kHintCrcSize == kHintHeaderSize);

// In a block.
constexpr std::size_t kFrameCountOffset = 4;

}  // namespace

std::array<std::byte, kHintHeaderSize> encode_hint_header(const HintHeader& header) {
  std::array<std::byte, kHintHeaderSize> bytes{};
  store_le(bytes.data(), kMagic);
  store_le(bytes.data() + kVersionOffset, kVersion);
  store_le(bytes.data() + kSegmentOffset, std::to_underlying(header.segment));
  store_le(bytes.data() + kSegmentSizeOffset, header.segment_size);
  store_le(bytes.data() + kInodeOffset, header.inode);
  store_le(bytes.data() + kModifiedOffset, static_cast<std::uint64_t>(header.modified_ns));
  store_le(bytes.data() + kFirstFrameSizeOffset, header.first_frame_size);
  store_le(bytes.data() + kFirstFrameCrcOffset, header.first_frame_crc);
  store_le(bytes.data() + kLastFrameCrcOffset, header.last_frame_crc);
  store_le(bytes.data() + kCrcOffset, hint_crc(bytes));
  return bytes;
}

std::optional<HintHeader> decode_hint_header(ByteView bytes) {
  if (bytes.size() < kHintHeaderSize) return std::nullopt;
  const std::byte* const from = bytes.data();
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  if (load_le<std::uint64_t>(from) != kMagic ||
      load_le<std::uint32_t>(from + kVersionOffset) != kVersion ||
      !std::ranges::all_of(bytes.subspan(kUnusedOffset, kCrcOffset - kUnusedOffset), is_zero) ||
      load_le<std::uint32_t>(from + kCrcOffset) != hint_crc(bytes)) {
    return std::nullopt;
  }
  return HintHeader{
      .segment = SegmentId{load_le<std::uint32_t>(from + kSegmentOffset)},
      .segment_size = load_le<std::uint64_t>(from + kSegmentSizeOffset),
      .inode = load_le<std::uint64_t>(from + kInodeOffset),
      .modified_ns = static_cast<std::int64_t>(load_le<std::uint64_t>(from + kModifiedOffset)),
      .first_frame_size = load_le<std::uint32_t>(from + kFirstFrameSizeOffset),
      .first_frame_crc = load_le<std::uint32_t>(from + kFirstFrameCrcOffset),
      .last_frame_crc = load_le<std::uint32_t>(from + kLastFrameCrcOffset)};
}

std::uint32_t hint_crc(ByteView header) {
  return crc32c(header.first(kCrcOffset));
}

Bytes encode_hint_block(const OutlineBlock& block, std::uint32_t& crc) {
  Bytes bytes(kHintBlockHeaderSize + block.bytes.size() + kHintCrcSize);
  store_le(bytes.data(), static_cast<std::uint32_t>(block.bytes.size()));
  store_le(bytes.data() + kFrameCountOffset, block.frame_count);
  std::ranges::copy(block.bytes, bytes.begin() + kHintBlockHeaderSize);
  crc = crc32c(ByteView(bytes).first(bytes.size() - kHintCrcSize), crc);
  store_le(bytes.data() + bytes.size() - kHintCrcSize, crc);
  return bytes;
}

std::optional<std::size_t> hint_block_rest(ByteView header) {
  const auto size = load_le<std::uint32_t>(header.data());
  if (size > kOutlineBlockSizeMax) return std::nullopt;
  return size + kHintCrcSize;
}

std::optional<OutlineBlock> decode_hint_block(ByteView bytes, std::uint32_t& crc) {
  if (bytes.size() < kHintBlockHeaderSize + kHintCrcSize) return std::nullopt;
  const ByteView covered = bytes.first(bytes.size() - kHintCrcSize);
  const ByteView outlines = covered.subspan(kHintBlockHeaderSize);
  const std::uint32_t expected = crc32c(covered, crc);
  if (load_le<std::uint32_t>(bytes.data()) != outlines.size() ||
      load_le<std::uint32_t>(bytes.data() + covered.size()) != expected) {
    return std::nullopt;
  }
  crc = expected;
  return OutlineBlock{load_le<std::uint32_t>(bytes.data() + kFrameCountOffset),
                      Bytes(outlines.begin(), outlines.end())};
}

}  // namespace datawal
