// The outlines of a segment's frames, from the segment or from its hint. Both say as much as can be
// believed and no more: where they stop before the segment's end, whoever reads on finds out why.
//
// Thread safety: an object is for one thread.
#pragma once

#include <memory>
#include <optional>

#include "file/filesystem.h"
#include "format/frame_outline.h"
#include "format/segment_hint.h"
#include "segment/segment_reader.h"

namespace datawal {

// From the segment: of valid frames, batches only where they are whole.
class DataOutlines {
 public:
  // Of the bytes [begin, end) of `file`, which must outlive this; a frame begins at `begin`.
  // `keeps` the checksums of all frames, or of the first and of the one that ends at `end`.
  DataOutlines(const File& file, std::uint64_t begin, std::uint64_t end, OutlineCrc keeps);

  // Nullopt at the end, where no frame decodes, where a frame has no outline, and where reading
  // fails.
  [[nodiscard]] std::optional<OutlineBlock> next();
  // Behind the frames given so far.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  [[nodiscard]] bool add_next();

  SegmentReader reader_;
  OutlineCrc keeps_;
  std::uint64_t begin_;
  std::uint64_t end_;
  std::uint64_t offset_;
  OutlineWriter writer_;
};

// From the hint of a sealed segment.
class HintOutlines {
 public:
  // The hint of `segment` beside it in `directory`; nullopt unless it is there and is one of `file`
  // as that is now.
  [[nodiscard]] static std::optional<HintOutlines> open(const Directory& directory,
                                                        SegmentId segment, const File& file);

  // Nullopt at the end, and where the hint does not go on as it should.
  [[nodiscard]] std::optional<OutlineBlock> next();
  // Behind the frames given so far.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  HintOutlines(std::unique_ptr<File> file, const HintHeader& header, std::uint32_t crc)
      : file_(std::move(file)), header_(header), crc_(crc), hint_offset_(kHintHeaderSize) {}

  [[nodiscard]] std::optional<OutlineBlock> read_block();
  // Where the frames end that `block` tells about; nullopt if it cannot follow here.
  [[nodiscard]] std::optional<std::uint64_t> end_of(const OutlineBlock& block) const;

  std::unique_ptr<File> file_;
  HintHeader header_;
  std::uint32_t crc_;
  std::uint64_t hint_offset_;
  std::uint64_t offset_ = 0;
};

}  // namespace datawal
