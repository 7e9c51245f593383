// The header of an image of the key index: what of a log the image covers, and the sizes and
// checksums of what follows. The byte table stands in docs/format.md.
//
//   header 4,096 bytes | tables | tail: tables' shapes, segments, units, overflow
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/siphash.h"
#include "datawal/bytes.h"
#include "datawal/frame.h"
#include "datawal/record_log.h"

namespace datawal {

// Up to where an index covers its log, and what has been learnt on the way there.
struct IndexCoverage {
  Position end = {};         // behind the last frame
  Txid last_txid = 0;        // the highest
  Txid last_frame_txid = 0;  // of the last frame, with its CRC
  std::uint32_t last_frame_crc = 0;
  std::optional<SegmentId> first_segment =
      {};  // the one with the first frame, and that frame's CRC
  std::uint32_t first_frame_crc = 0;
  std::uint64_t records = 0;
  std::uint64_t txid_gaps = 0;
  std::optional<Position> first_txid_gap = {};

  friend bool operator==(const IndexCoverage&, const IndexCoverage&) = default;
};

struct IndexImageHeader {
  IndexCoverage coverage = {};
  SipHashKey secret = {};  // of the hash of the keys
  std::uint64_t key_count = 0;
  std::uint32_t table_count = 0;
  std::uint32_t segment_count = 0;
  std::uint32_t unit_count = 0;
  std::uint64_t overflow_count = 0;
  std::uint32_t tail_crc = 0;

  friend bool operator==(const IndexImageHeader&, const IndexImageHeader&) = default;
};

// Of the page size, like the size of a table: tables can be mapped one by one.
inline constexpr std::size_t kIndexImageHeaderSize = 4096;
inline constexpr std::size_t kIndexImageTableSize = 73'728;
inline constexpr std::size_t kIndexImageShapeSize = 8;
inline constexpr std::size_t kIndexImageSegmentSize = 88;
inline constexpr std::size_t kIndexImageUnitSize = 24;
inline constexpr std::size_t kIndexImageOverflowSize = 16;
static_assert(kIndexImageTableSize % kIndexImageHeaderSize == 0);

// Of a whole image; absent where no file can be of that size.
[[nodiscard]] std::optional<std::uint64_t> index_image_size(const IndexImageHeader& header);
// Where the tail begins.
[[nodiscard]] constexpr std::uint64_t index_image_tail_offset(const IndexImageHeader& header) {
  return kIndexImageHeaderSize + header.table_count * std::uint64_t{kIndexImageTableSize};
}

using IndexImageHeaderBytes = std::array<std::byte, kIndexImageHeaderSize>;

[[nodiscard]] IndexImageHeaderBytes encode_index_image_header(const IndexImageHeader& header);

// Whether the bytes begin as an image of another version does.
[[nodiscard]] bool is_other_index_image_version(ByteView bytes);

// Nullopt unless the bytes are what encode_index_image_header() makes of a header, for an image of
// `image_size` bytes.
[[nodiscard]] std::optional<IndexImageHeader> decode_index_image_header(ByteView bytes,
                                                                        std::uint64_t image_size);

}  // namespace datawal
