#include "log/hint_file.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/endian.h"
#include "base/try.h"
#include "file/buffered_writer.h"
#include "format/names.h"
#include "log/segment_outlines.h"

namespace datawal {
namespace {

// What a header says of the segment, but for its first frame.
std::optional<HintHeader> header_of(const File& file, SegmentId segment) {
  const std::optional<FileIdentity> identity = file.identity();
  if (!identity || identity->size < kFrameSizeMin) return std::nullopt;
  std::array<std::byte, kFrameCrcSize> crc{};
  const Result<std::size_t> count = file.read_at(identity->size - crc.size(), crc);
  if (!count || *count < crc.size()) return std::nullopt;
  return HintHeader{.segment = segment,
                    .segment_size = identity->size,
                    .inode = identity->inode,
                    .modified_ns = identity->modified_ns,
                    .last_frame_crc = load_le<std::uint32_t>(crc.data())};
}

// Not synced: what a power cut leaves of it is told by its checksums.
class HintWriter {
 public:
  HintWriter(const File& segment, File& hint, const HintHeader& header)
      : outlines_(segment, 0, header.segment_size, OutlineCrc::kLeaveOut),
        header_(header),
        writer_(hint) {}

  // Gives whether the hint is whole.
  [[nodiscard]] Result<bool> write(const std::function<bool()>& goes_on, std::uint64_t share) {
    while (outlines_.offset() < header_.segment_size && goes_on()) {
      const std::optional<OutlineBlock> block = outlines_.next();
      if (!block) return false;
      if (crc_ == std::nullopt) DATAWAL_TRY(begin(*block));
      DATAWAL_TRY(writer_.append(encode_hint_block(*block, *crc_)));
      if (writer_.offset() * share > outlines_.offset()) return false;
    }
    DATAWAL_TRY(writer_.flush());
    return outlines_.offset() == header_.segment_size;
  }

 private:
  [[nodiscard]] Status begin(const OutlineBlock& block) {
    const std::optional<FrameOutline> first = OutlineReader(block).next();
    header_.first_frame_size = first ? static_cast<std::uint32_t>(first->size) : 0;
    header_.first_frame_crc = first ? first->crc : 0;
    const auto header = encode_hint_header(header_);
    crc_ = hint_crc(header);
    return writer_.append(header);
  }

  DataOutlines outlines_;
  HintHeader header_;
  BufferedWriter writer_;
  std::optional<std::uint32_t> crc_;  // of what has been written, once the header has been
};

}  // namespace

bool write_hint(Directory& directory, SegmentId segment, const std::function<bool()>& goes_on,
                std::uint64_t share) {
  const auto file = directory.open(segment_name(segment), OpenMode::kRead);
  if (!file) return false;
  const std::optional<HintHeader> header = header_of(**file, segment);
  if (!header) return false;
  remove_hint(directory, segment);
  const auto hint = directory.open(hint_name(segment), OpenMode::kCreateExclusive);
  if (!hint) return false;
  const Result<bool> written = HintWriter(**file, **hint, *header).write(goes_on, share);
  if (written && *written) return true;
  remove_hint(directory, segment);
  return false;
}

void remove_hint(Directory& directory, SegmentId segment) {
  (void)directory.remove(hint_name(segment));  // mostly there is none
}

void remove_foreign_hints(Directory& directory, std::span<const DirectoryEntry> entries,
                          std::span<const SegmentId> segments) {
  const auto sealed = segments.first(segments.empty() ? 0 : segments.size() - 1);
  for (const DirectoryEntry& entry : entries) {
    const std::optional<SegmentId> segment = parse_hint_name(entry.name);
    if (!segment || entry.kind != EntryKind::kFile) continue;
    if (!std::ranges::binary_search(sealed, *segment)) (void)directory.remove(entry.name);
  }
}

}  // namespace datawal
