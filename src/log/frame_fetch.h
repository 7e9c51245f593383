// Reads single records at random places, checked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "datawal/frame.h"
#include "datawal/record_log.h"
#include "file/filesystem.h"

namespace datawal {

// A frame and the bytes that its views point into, unless those are a mapping's.
struct FetchedFrame {
  std::unique_ptr<std::byte[]> buffer;
  DecodedFrame frame;
};

// Reads the frame at `position` of `file`, where so many bytes of frames are known to be: one read,
// or two for a frame above 1 KiB. Fails with kShortRead where the file ends before them, with
// kTruncated where a frame reaches beyond them and the file, with kLengthMismatch where a whole
// frame reaches beyond them, and with kCrcMismatch, kStructural, kUnsupportedVersion.
[[nodiscard]] Result<FetchedFrame> fetch_frame(const File& file, Position position,
                                               std::uint64_t size_known);
// The same of a frame in memory: `bytes` are all those known.
[[nodiscard]] Result<DecodedFrame> decode_at(ByteView bytes, Position position);

// An error about the record at `position`, with the remedy for a damaged store.
[[nodiscard]] Error record_error(ErrorCode code, const std::string& what, Position position);

}  // namespace datawal
