// Reads single records at random places, checked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "datawal/frame.h"
#include "datawal/record_log.h"
#include "file/filesystem.h"

namespace datawal {

// Indexes remember the sizes of frames rounded up to multiples of this many bytes.
inline constexpr std::uint32_t kFrameSizeUnit = 64;

[[nodiscard]] constexpr std::uint32_t round_up_frame_size(std::size_t size) noexcept {
  return static_cast<std::uint32_t>((size + kFrameSizeUnit - 1) / kFrameSizeUnit * kFrameSizeUnit);
}

// A frame and the bytes that its views point into.
struct FetchedFrame {
  std::unique_ptr<std::byte[]> buffer;
  DecodedFrame frame;
};

// Reads the frame at `position` of `file`, with one read if `frame_size_max`, its size rounded up,
// is known, that is not 0. Fails with kShortRead where the file ends in a frame of that size, with
// kTruncated where it ends in one of another size, with kLengthMismatch where a whole frame is not
// of that size, and with kCrcMismatch, kStructural, kUnsupportedVersion.
[[nodiscard]] Result<FetchedFrame> fetch_frame(const File& file, Position position,
                                               std::uint32_t frame_size_max);

// An error about the record at `position`, with the remedy for a damaged store.
[[nodiscard]] Error record_error(ErrorCode code, const std::string& what, Position position);

}  // namespace datawal
