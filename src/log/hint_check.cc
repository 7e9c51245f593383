#include "log/hint_check.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "format/names.h"
#include "log/segment_outlines.h"
#include "log/sidecar_tally.h"
#include "segment/decode_error.h"
#include "segment/segment_reader.h"

namespace datawal {
namespace {

// The outlines that blocks hold, one by one, and where their frames are.
template <typename Blocks>
class OutlineWalk {
 public:
  explicit OutlineWalk(Blocks& blocks) : blocks_(blocks) { advance(); }

  // The outline at hand; null at the end. Its views are valid until advance().
  [[nodiscard]] const FrameOutline* frame() const { return frame_ ? &*frame_ : nullptr; }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  void advance() {
    if (frame_) offset_ += frame_->size;
    while (!(frame_ = reader_.next())) {
      std::optional<OutlineBlock> block = blocks_.next();
      if (!block) return;
      reader_ = OutlineReader(*std::move(block));
    }
  }

 private:
  Blocks& blocks_;
  OutlineReader reader_;
  std::optional<FrameOutline> frame_;
  std::uint64_t offset_ = 0;  // of the frame at hand
};

bool is_same(const FrameOutline& hinted, const FrameOutline& real) {
  const RecordView& one = hinted.record;
  const RecordView& other = real.record;
  return hinted.size == real.size && (hinted.crc == 0 || hinted.crc == real.crc) &&
         one.type == other.type && one.txid == other.txid &&
         std::ranges::equal(one.key, other.key) && std::ranges::equal(one.payload, other.payload);
}

class HintCheck {
 public:
  HintCheck(const Directory& directory, SegmentId segment)
      : segment_(segment), tally_(directory, hint_name(segment)) {}

  [[nodiscard]] SidecarReport run(const File& file, HintOutlines hint) &&;

 private:
  void compare(OutlineWalk<HintOutlines>& hinted, OutlineWalk<DataOutlines>& real);
  [[nodiscard]] std::optional<Error> why_ended(const File& file, std::uint64_t offset,
                                               std::uint64_t size);

  SegmentId segment_;
  SidecarTally tally_;
};

SidecarReport HintCheck::run(const File& file, HintOutlines hint) && {
  const Result<std::uint64_t> size = file.size();
  if (!size) return std::move(tally_).unchecked(size.error());
  DataOutlines data(file, 0, *size, OutlineCrc::kKeep);
  {
    OutlineWalk<HintOutlines> hinted(hint);
    OutlineWalk<DataOutlines> real(data);
    compare(hinted, real);
  }
  // It was whole when it was opened.
  if (hint.offset() != *size) return std::move(tally_).unused("the hint has changed meanwhile");
  if (data.offset() < *size) {
    if (auto error = why_ended(file, data.offset(), *size)) {
      return std::move(tally_).unchecked(*std::move(error));
    }
  }
  return std::move(tally_).finish();
}

void HintCheck::compare(OutlineWalk<HintOutlines>& hinted, OutlineWalk<DataOutlines>& real) {
  while (hinted.frame() != nullptr || real.frame() != nullptr) {
    const bool has_hinted =
        hinted.frame() != nullptr && (real.frame() == nullptr || hinted.offset() <= real.offset());
    const bool has_real =
        real.frame() != nullptr && (hinted.frame() == nullptr || real.offset() <= hinted.offset());
    const Position place{segment_, has_real ? real.offset() : hinted.offset()};
    if (!has_hinted) {
      tally_.note("leaves out the record here", place);
    } else if (!has_real) {
      tally_.note("tells of a record here, where none begins", place);
    } else if (!is_same(*hinted.frame(), *real.frame())) {
      tally_.note("tells of another record than the one here", place);
    }
    if (has_hinted) hinted.advance();
    if (has_real) real.advance();
  }
}

// Why the segment has no outlines from `offset` on; nullopt if the frame there is sound, but one
// that has none.
std::optional<Error> HintCheck::why_ended(const File& file, std::uint64_t offset,
                                          std::uint64_t size) {
  SegmentReader reader(file, offset, size, Batches::kWhole);
  const Result<SegmentStep> step = reader.next();
  if (!step) return step.error();
  if (*step == SegmentStep::kFrame) return std::nullopt;
  return Error{.code = ErrorCode::kCorruption,
               .message = "the segment is damaged, so that its hint cannot be compared with it",
               .path = segment_name(segment_),
               .segment = segment_,
               .offset = offset};
}

}  // namespace

SidecarReport check_hint(const Directory& directory, SegmentId segment) {
  const auto file = directory.open(segment_name(segment), OpenMode::kRead);
  if (!file) return unused_hint(directory, segment);
  std::optional<HintOutlines> hint = HintOutlines::open(directory, segment, **file);
  if (hint) return HintCheck(directory, segment).run(**file, *std::move(hint));
  return SidecarTally(directory, hint_name(segment))
      .unused("the hint is damaged, or of another file than the segment's");
}

SidecarReport unused_hint(const Directory& directory, SegmentId segment) {
  return SidecarTally(directory, hint_name(segment)).unused("there is no such sealed segment");
}

}  // namespace datawal
