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

// The record at the front of `bytes`, if decode_frame finds one there: half the work.
[[nodiscard]] inline std::optional<DecodedFrame> whole_frame(ByteView bytes) noexcept {
  const std::optional<FrameHeader> header = whole_header(bytes);
  if (!header || bytes.size() < header->size()) return std::nullopt;
  const ByteView frame = bytes.first(header->size());
  if (!crc_holds(frame)) return std::nullopt;
  const ByteView body = frame.subspan(kFrameHeaderSize);
  return DecodedFrame{{header->type, header->txid, body.first(header->key_size),
                       body.subspan(header->key_size, header->payload_size)},
                      frame.size(),
                      load_le<std::uint32_t>(frame.data() + frame.size() - kFrameCrcSize)};
}

}  // namespace datawal
