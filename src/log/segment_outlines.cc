#include "log/segment_outlines.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/endian.h"
#include "format/names.h"

namespace datawal {
namespace {

bool has_bytes(const File& file, std::uint64_t offset, MutableByteView buffer) {
  const Result<std::size_t> count = file.read_at(offset, buffer);
  return count && *count == buffer.size();
}

// Whether a frame with the checksum `crc` may end at `end`.
bool has_crc_before(const File& file, std::uint64_t end, std::uint32_t crc) {
  std::array<std::byte, kFrameCrcSize> stored{};
  return end >= kFrameSizeMin && has_bytes(file, end - stored.size(), stored) &&
         load_le<std::uint32_t>(stored.data()) == crc;
}

bool describes(const HintHeader& header, SegmentId segment, const File& file) {
  const std::optional<FileIdentity> identity = file.identity();
  return identity && header.segment == segment && header.segment_size == identity->size &&
         header.inode == identity->inode && header.modified_ns == identity->modified_ns &&
         header.first_frame_size <= header.segment_size &&
         has_crc_before(file, header.first_frame_size, header.first_frame_crc) &&
         has_crc_before(file, header.segment_size, header.last_frame_crc);
}

}  // namespace

DataOutlines::DataOutlines(const File& file, std::uint64_t begin, std::uint64_t end,
                           OutlineCrc keeps)
    : reader_(file, begin, end, Batches::kWhole),
      keeps_(keeps),
      begin_(begin),
      end_(end),
      offset_(begin) {}

std::optional<OutlineBlock> DataOutlines::next() {
  while (!writer_.is_full() && add_next()) continue;
  if (writer_.is_empty()) return std::nullopt;
  return writer_.take();
}

bool DataOutlines::add_next() {
  const Result<SegmentStep> step = reader_.next();
  if (!step || *step != SegmentStep::kFrame || !has_outline(reader_.frame().record)) return false;
  const bool is_first = offset_ == begin_;
  offset_ = reader_.offset();
  const bool is_kept = keeps_ == OutlineCrc::kKeep || is_first || offset_ == end_;
  writer_.add(reader_.frame(), is_kept ? OutlineCrc::kKeep : OutlineCrc::kLeaveOut);
  return true;
}

std::optional<HintOutlines> HintOutlines::open(const Directory& directory, SegmentId segment,
                                               const File& file) {
  auto hint = directory.open(hint_name(segment), OpenMode::kRead);
  if (!hint) return std::nullopt;
  std::array<std::byte, kHintHeaderSize> bytes{};
  if (!has_bytes(**hint, 0, bytes)) return std::nullopt;
  const std::optional<HintHeader> header = decode_hint_header(bytes);
  if (!header || !describes(*header, segment, file)) return std::nullopt;
  HintOutlines outlines(*std::move(hint), *header, hint_crc(bytes));
  while (outlines.next()) continue;
  // Where a hint that is no more than its beginning ends, a frame need not begin.
  if (outlines.offset_ != header->segment_size) return std::nullopt;
  outlines.crc_ = hint_crc(bytes);
  outlines.hint_offset_ = kHintHeaderSize;
  outlines.offset_ = 0;
  return outlines;
}

std::optional<OutlineBlock> HintOutlines::next() {
  std::optional<OutlineBlock> block = read_block();
  if (!block) return std::nullopt;
  const std::optional<std::uint64_t> end = end_of(*block);
  if (!end) return std::nullopt;
  offset_ = *end;
  return block;
}

std::optional<OutlineBlock> HintOutlines::read_block() {
  std::array<std::byte, kHintBlockHeaderSize> header{};
  if (!has_bytes(*file_, hint_offset_, header)) return std::nullopt;
  const std::optional<std::size_t> rest = hint_block_rest(header);
  if (!rest) return std::nullopt;
  Bytes bytes(header.size() + *rest);
  if (!has_bytes(*file_, hint_offset_, bytes)) return std::nullopt;
  hint_offset_ += bytes.size();
  return decode_hint_block(bytes, crc_);
}

std::optional<std::uint64_t> HintOutlines::end_of(const OutlineBlock& block) const {
  OutlineReader outlines(block);
  std::uint64_t end = offset_;
  while (const std::optional<FrameOutline> frame = outlines.next()) {
    const bool is_first = end == 0;
    if (frame->size > header_.segment_size - end) return std::nullopt;
    end += frame->size;
    if (is_first &&
        (frame->size != header_.first_frame_size || frame->crc != header_.first_frame_crc)) {
      return std::nullopt;
    }
    if (end == header_.segment_size && frame->crc != header_.last_frame_crc) return std::nullopt;
  }
  if (!outlines.is_at_end() || end == offset_) return std::nullopt;
  return end;
}

}  // namespace datawal
