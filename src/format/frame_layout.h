// Where the fields of a frame are (see frame.h), and a look at frames of which nearly all are
// whole: without what tells apart the ways in which one is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/endian.h"
#include "datawal/frame.h"

namespace datawal {

namespace frame_layout {

inline constexpr std::uint32_t kMagic = 0x4C41'5744;  // "DWAL" read little-endian
inline constexpr std::size_t kVersionOffset = 4;
inline constexpr std::size_t kTypeOffset = 6;
inline constexpr std::size_t kFlagsOffset = 7;
inline constexpr std::size_t kTxidOffset = 8;
inline constexpr std::size_t kKeySizeOffset = 16;
inline constexpr std::size_t kPayloadSizeOffset = 20;
static_assert(kPayloadSizeOffset + sizeof(std::uint32_t) == kFrameHeaderSize);

}  // namespace frame_layout

// The header at the front of `bytes` if decode_header finds one there.
[[nodiscard]] inline std::optional<FrameHeader> whole_header(ByteView bytes) noexcept {
  using frame_layout::kKeySizeOffset;
  using frame_layout::kMagic;
  using frame_layout::kPayloadSizeOffset;
  using frame_layout::kTxidOffset;
  using frame_layout::kTypeOffset;
  using frame_layout::kVersionOffset;
  // All before the txid in one word: magic, version, type, flags.
  constexpr std::uint64_t kExpected = kMagic | std::uint64_t{kWireVersion} << 8 * kVersionOffset;
  if (bytes.size() < kFrameHeaderSize) return std::nullopt;
  const std::byte* const at = bytes.data();
  const std::uint64_t difference = load_le<std::uint64_t>(at) ^ kExpected;
  const FrameHeader header{static_cast<RecordType>(difference >> 8 * kTypeOffset),
                           load_le<std::uint64_t>(at + kTxidOffset),
                           load_le<std::uint32_t>(at + kKeySizeOffset),
                           load_le<std::uint32_t>(at + kPayloadSizeOffset)};
  const bool is_whole = (difference & ~(std::uint64_t{0xff} << 8 * kTypeOffset)) == 0 &&
                        header.type <= RecordType::kDelete && header.key_size <= kKeySizeMax &&
                        header.payload_size <= kPayloadSizeMax;
  return is_whole ? std::optional(header) : std::nullopt;
}

// Whether the checksum of `frame`, all of it, holds.
[[nodiscard]] inline bool crc_holds(ByteView frame) noexcept {
  const std::size_t size = frame.size() - kFrameCrcSize;
  return crc32c(frame.first(size)) == load_le<std::uint32_t>(frame.data() + size);
}

// Makes `frame` the record at the front of `bytes`, if decode_frame finds one there: half the work.
// Field by field, because a copy of the whole would wait for what is stored in parts, checksum
// first.
[[nodiscard]] inline bool take_whole_frame(ByteView bytes, DecodedFrame& frame) noexcept {
  const std::optional<FrameHeader> header = whole_header(bytes);
  if (!header || bytes.size() < header->size()) return false;
  const ByteView all = bytes.first(header->size());
  if (!crc_holds(all)) return false;
  const ByteView body = all.subspan(kFrameHeaderSize);
  frame.record.type = header->type;
  frame.record.txid = header->txid;
  frame.record.key = body.first(header->key_size);
  frame.record.payload = body.subspan(header->key_size, header->payload_size);
  frame.size = all.size();
  frame.crc = load_le<std::uint32_t>(all.data() + all.size() - kFrameCrcSize);
  return true;
}

// The same as a value.
[[nodiscard]] inline std::optional<DecodedFrame> whole_frame(ByteView bytes) noexcept {
  std::optional<DecodedFrame> frame(std::in_place);
  if (!take_whole_frame(bytes, *frame)) frame.reset();
  return frame;
}

}  // namespace datawal
