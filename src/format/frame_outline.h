// What there is to know of a frame without its payload: what an index is built from.
//
// Outlines of frames that follow one another are kept in blocks, some 20 bytes each for keys of 16
// bytes. A block stands for itself: its first outline names its txid. Segments' hints consist of
// such blocks; the byte table stands in docs/format.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "datawal/frame.h"

namespace datawal {

struct FrameOutline {
  // Without the key of a Raw record, and without payload, but for control records, which have both.
  RecordView record;
  std::uint64_t size = 0;  // of the frame
  std::uint32_t crc = 0;   // 0 where it has been left out

  // Whether it is a batch's announcement or a compaction's mark.
  [[nodiscard]] bool is_control() const noexcept { return !record.payload.empty(); }
};

// Whether there are outlines of such records: of all that can be read on, but for control records
// that nobody writes.
[[nodiscard]] bool has_outline(const RecordView& record) noexcept;

// So many bytes are the outlines of a block at most: one may begin before kOutlineBlockFull.
inline constexpr std::size_t kOutlineBlockFull = std::size_t{64} << 10;
inline constexpr std::size_t kControlPayloadSizeMax = 255;
inline constexpr std::size_t kOutlineSizeMax =
    1 + 8 + 4 + 4 + 4 + kKeySizeMax + kControlPayloadSizeMax;
inline constexpr std::size_t kOutlineBlockSizeMax = kOutlineBlockFull + kOutlineSizeMax;

struct OutlineBlock {
  std::uint32_t frame_count = 0;
  Bytes bytes;
};

enum class OutlineCrc { kKeep, kLeaveOut };

class OutlineWriter {
 public:
  // Adds the outline of a valid frame, which has one. The block must not be full.
  void add(const DecodedFrame& frame, OutlineCrc crc);
  // Whether the block is to be taken before the next frame is added.
  [[nodiscard]] bool is_full() const noexcept { return size_ >= kOutlineBlockFull; }
  [[nodiscard]] bool is_empty() const noexcept { return frame_count_ == 0; }
  [[nodiscard]] OutlineBlock take();

 private:
  std::unique_ptr<std::byte[]> buffer_;  // with room for an outline more than a full block has
  std::size_t size_ = 0;                 // of what is in it
  std::uint32_t frame_count_ = 0;
  Txid last_txid_ = 0;
};

class OutlineReader {
 public:
  // Nothing to read.
  OutlineReader() = default;
  explicit OutlineReader(OutlineBlock block);

  // The next outline, whose views are valid as long as the reader is; nullopt at the end, and where
  // the bytes are no outline.
  [[nodiscard]] std::optional<FrameOutline> next() noexcept {
    std::optional<FrameOutline> outline(std::in_place);
    if (!next(*outline)) outline.reset();
    return outline;
  }
  // The same in place of what `outline` has been; false for nullopt.
  [[nodiscard]] bool next(FrameOutline& outline) noexcept;
  // The same of as many as there are, and have room; gives how many.
  [[nodiscard]] std::size_t next(std::span<FrameOutline> outlines) noexcept;
  // Whether all has been read, and was as it should be.
  [[nodiscard]] bool is_at_end() const noexcept { return left_ == 0 && offset_ == size_; }

 private:
  [[nodiscard]] bool take_next(FrameOutline& outline) noexcept;

  Bytes bytes_;  // and some more, so that what has no more than a few bytes need not be asked for
  std::size_t size_ = 0;
  std::uint32_t left_ = 0;
  std::size_t offset_ = 0;
  Txid last_txid_ = 0;
};

}  // namespace datawal
