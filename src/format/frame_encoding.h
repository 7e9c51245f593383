// Building a frame that others may see before it is whole.
#pragma once

#include "datawal/frame.h"

namespace datawal {

// The first byte of every frame. It is stored last where others read along: a frame without it has
// not been published.
inline constexpr std::byte kFrameFirstByte{0x44};

// Writes all of a frame but its first byte to `frame`, which has frame_size() bytes, and gives its
// checksum. The record's type and sizes have been checked.
std::uint32_t encode_unpublished_frame(MutableByteView frame, const RecordView& record) noexcept;

// The frame at the front of `bytes`, which decode_frame has found there: without another look at
// the checksum.
[[nodiscard]] DecodedFrame decode_checked_frame(ByteView bytes) noexcept;

// The size of the key as the header at the front of `frame` has it, which nobody has checked.
[[nodiscard]] std::uint32_t header_key_size(ByteView frame) noexcept;

// Success, or kInvalidArgument: a frame of a type that does not exist would keep its log from being
// opened again.
[[nodiscard]] Status check_record_type(RecordType type);

}  // namespace datawal
