// The hint of a sealed segment: a sidecar with the outlines of all its frames, from which an index
// is built without reading the segment. The byte table stands in docs/format.md.
//
// Every checksum is over all that comes before it but for the other checksums: a block proves that
// it follows the one before it, and the first that it follows the header.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "datawal/frame.h"
#include "datawal/record_log.h"
#include "format/frame_outline.h"

namespace datawal {

inline constexpr std::size_t kHintHeaderSize = 64;
inline constexpr std::size_t kHintBlockHeaderSize = 8;
inline constexpr std::size_t kHintCrcSize = 4;

struct HintHeader {
  SegmentId segment{};
  // The segment's file as it was. A file that has been replaced or written to since is another.
  std::uint64_t segment_size = 0;
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0;
  std::uint32_t first_frame_size = 0;
  std::uint32_t first_frame_crc = 0;
  std::uint32_t last_frame_crc = 0;

  friend bool operator==(const HintHeader&, const HintHeader&) = default;
};

[[nodiscard]] std::array<std::byte, kHintHeaderSize> encode_hint_header(const HintHeader& header);
// The header at the front of `bytes`; nullopt unless it is a whole one of this version.
[[nodiscard]] std::optional<HintHeader> decode_hint_header(ByteView bytes);

// What checksums go on from, behind a header.
[[nodiscard]] std::uint32_t hint_crc(ByteView header);

// A block as it stands in a hint, behind what `crc`, which is taken further, is the checksum of.
[[nodiscard]] Bytes encode_hint_block(const OutlineBlock& block, std::uint32_t& crc);

// The number of bytes behind the header of the block at the front of `bytes`, its checksum
// included; nullopt if no block has so many.
[[nodiscard]] std::optional<std::size_t> hint_block_rest(ByteView header);
// The block in `bytes`, which has all of it and nothing else; nullopt if its checksum says that it
// is none, or not what follows there.
[[nodiscard]] std::optional<OutlineBlock> decode_hint_block(ByteView bytes, std::uint32_t& crc);

}  // namespace datawal
