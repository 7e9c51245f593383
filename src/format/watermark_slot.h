// The watermark sidecar's bytes: up to where a log is known to be durable. Two slots, written in
// turn, each with its own checksum and in a sector of its own, so that a torn write leaves the
// other. The byte table stands in docs/format.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "datawal/bytes.h"
#include "datawal/frame.h"
#include "datawal/record_log.h"

namespace datawal {

struct Watermark {
  std::uint64_t sequence = 0;         // the higher of the two slots is the newer
  Position position = {};             // everything before it is durable
  Txid txid = 0;                      // of the last frame before the position
  std::uint32_t frame_crc = 0;        // of that frame
  SegmentId first_segment{};          // the segment with the log's first frame,
  std::uint32_t first_frame_crc = 0;  // and that frame's CRC: what binds the sidecar to its log
  std::array<std::byte, 16> boot_id = {};
  bool empty = false;  // the log had no frame yet, so that there is nothing to bind to
  bool clean = false;  // closed by its writer, which wrote nothing behind the position

  friend bool operator==(const Watermark&, const Watermark&) = default;
};

inline constexpr std::size_t kWatermarkSlotSize = 76;
inline constexpr std::size_t kWatermarkSlotStride = 512;
inline constexpr std::size_t kWatermarkFileSize = 2 * kWatermarkSlotStride;

using WatermarkSlot = std::array<std::byte, kWatermarkSlotSize>;

[[nodiscard]] WatermarkSlot encode_watermark(const Watermark& watermark);

// The newer of the valid slots of a sidecar's bytes, whatever they are, or nullopt.
[[nodiscard]] std::optional<Watermark> decode_watermark(ByteView file);

// Where in the file the slot with this sequence number goes.
[[nodiscard]] constexpr std::uint64_t watermark_slot_offset(std::uint64_t sequence) noexcept {
  return sequence % 2 * kWatermarkSlotStride;
}

}  // namespace datawal
