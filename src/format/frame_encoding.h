// Building a frame that others may see before it is whole.
#pragma once

#include <cstdint>
#include <expected>

#include "base/endian.h"
#include "datawal/frame.h"
#include "format/frame_layout.h"

namespace datawal {

// The first byte of every frame. It is stored last where others read along: a frame without it has
// not been published.
inline constexpr std::byte kFrameFirstByte{0x44};

// Writes all of a frame but its first byte to `frame`, which has frame_size() bytes, and gives its
// checksum. The record's type and sizes have been checked.
std::uint32_t encode_unpublished_frame(MutableByteView frame, const RecordView& record) noexcept;

// Writes all of a frame but its checksum, its first byte included.
void encode_but_checksum(MutableByteView frame, const RecordView& record) noexcept;

// The frame at the front of `bytes`, which decode_frame has found there: without another look at
// the checksum.
[[nodiscard]] DecodedFrame decode_checked_frame(ByteView bytes) noexcept;

// The size of the key as the header at the front of `frame` has it, which nobody has checked.
[[nodiscard]] inline std::uint32_t header_key_size(ByteView frame) noexcept {
  return load_le<std::uint32_t>(frame.data() + frame_layout::kKeySizeOffset);
}

// Whether check_record_size() is going to succeed.
[[nodiscard]] inline bool is_record_size(ByteView key, ByteView payload) noexcept {
  return key.size() <= kKeySizeMax && payload.size() <= kPayloadSizeMax;
}

[[nodiscard]] Error no_such_record_type(RecordType type);
// Success, or kInvalidArgument: a frame of a type that does not exist would keep its log from being
// opened again.
[[nodiscard]] inline Status check_record_type(RecordType type) {
  if (type <= RecordType::kDelete) [[likely]]
    return {};
  return std::unexpected(no_such_record_type(type));
}

}  // namespace datawal
