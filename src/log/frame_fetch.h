// Reads single records at random places, checked.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "datawal/frame.h"
#include "datawal/record_log.h"
#include "file/filesystem.h"

namespace datawal {

// A frame and the bytes that its views point into.
struct FetchedFrame {
  std::unique_ptr<std::byte[]> buffer;
  DecodedFrame frame;
};

// Reads the frame at `position` of `file`, whose segment it names for messages, with one read if
// `frame_size_max`, a bound of its size rounded up to a multiple of 64 bytes, is not 0. Fails with
// kShortRead, kTruncated, kCrcMismatch, kStructural, kUnsupportedVersion, and with kLengthMismatch
// where the frame is not of that size.
[[nodiscard]] Result<FetchedFrame> fetch_frame(const File& file, Position position,
                                               std::uint32_t frame_size_max);

// The header and the key of the frame at `position`. The frame's checksum is not looked at.
struct FetchedKey {
  FrameHeader header;
  Bytes key;
};
[[nodiscard]] Result<FetchedKey> fetch_key(const File& file, Position position);

// An error about the record at `position`, with the remedy for a damaged store.
[[nodiscard]] Error record_error(ErrorCode code, const std::string& what, Position position);

}  // namespace datawal
