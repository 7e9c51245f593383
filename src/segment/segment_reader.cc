#include "segment/segment_reader.h"

#include <algorithm>
#include <cstring>

#include "base/try.h"
#include "format/frame_encoding.h"
#include "format/frame_layout.h"

namespace datawal {
namespace {

constexpr std::size_t kWindowSize = std::size_t{256} << 10;
// Who reads one frame is not to wait for memory and bytes for a thousand.
constexpr std::size_t kFirstWindowSize = std::size_t{4} << 10;

}  // namespace

SegmentReader::SegmentReader(const File& file, std::uint64_t begin, std::uint64_t end,
                             Batches batches)
    : file_(&file), batches_(batches), offset_(begin), end_(std::max(begin, end)) {}

ByteView SegmentReader::buffered() const {
  return {buffer_.get() + start_, stop_ - start_};
}

void SegmentReader::set_end(std::uint64_t end) {
  end_ = std::max(offset_, end);
  stop_ = start_;  // what was read of an unfinished frame may have changed
  checked_end_ = offset_;
}

DecodeOutcome SegmentReader::decode() const {
  if (offset_ < checked_end_) return decode_checked_frame(buffered());
  return decode_frame(buffered());
}

Result<SegmentStep> SegmentReader::next() {
  // Nearly all are whole, and no announcements: these have keys.
  if (take_whole_frame(buffered(), frame_) &&
      (frame_.record.type != RecordType::kRaw || frame_.record.key.empty())) [[likely]] {
    announcement_.reset();
    start_ += frame_.size;
    offset_ += frame_.size;
    return SegmentStep::kFrame;
  }
  while (true) {
    if (offset_ >= end_) return SegmentStep::kEnd;
    DecodeOutcome outcome = decode();
    announcement_.reset();
    if (const auto* frame = std::get_if<DecodedFrame>(&outcome)) {
      frame_ = *frame;
      if (batches_ == Batches::kWhole) announcement_ = decode_announcement(frame_.record);
      if (announcement_ && announcement_->is_supported()) {
        DATAWAL_TRY_ASSIGN(const bool is_whole, is_batch_whole());
        if (!is_whole) return SegmentStep::kDamage;
      }
      start_ += frame_.size;
      offset_ += frame_.size;
      return SegmentStep::kFrame;
    }
    auto* truncated = std::get_if<Truncated>(&outcome);
    if (truncated != nullptr && truncated->needed <= end_ - offset_) {
      DATAWAL_TRY(fill(truncated->needed));
      continue;
    }
    if (truncated != nullptr) truncated->available = end_ - offset_;
    damage_ = outcome;
    return SegmentStep::kDamage;
  }
}

// Whether all is there of the batch that the frame at offset_ announces; if not, notes the damage.
Result<bool> SegmentReader::is_batch_whole() {
  const std::uint64_t size = announcement_->unit_size();
  BatchProgress progress(*announcement_, frame_.record.txid);
  if (size <= kWindowSize && size <= end_ - offset_) {
    if (buffered().size() < size) DATAWAL_TRY(fill(size));
    frame_ = decode_checked_frame(buffered());  // it may have moved
    if (has_buffered(progress)) return true;
  } else if (size <= end_ - offset_) {
    DATAWAL_TRY(read_members(progress));
    if (progress.is_whole()) return true;
  }
  damage_ = progress.failure(end_ - offset_);
  return false;
}

// The same of a batch in the buffer, whose frames need not be checked again then.
bool SegmentReader::has_buffered(BatchProgress& progress) {
  ByteView rest = buffered().subspan(kBatchFrameSize);
  rest = rest.first(std::min<std::size_t>(rest.size(), announcement_->size));
  while (!rest.empty()) {
    const DecodeOutcome outcome = decode_frame(rest);
    const auto* frame = std::get_if<DecodedFrame>(&outcome);
    if (frame == nullptr || !progress.add(*frame)) return false;
    rest = rest.subspan(frame->size);
  }
  if (!progress.is_whole()) return false;
  checked_end_ = offset_ + announcement_->unit_size();
  return true;
}

// The frames of a batch that is larger than the buffer are read twice.
Status SegmentReader::read_members(BatchProgress& progress) const {
  const std::uint64_t begin = offset_ + kBatchFrameSize;
  SegmentReader members(*file_, begin, begin + announcement_->size);
  while (true) {
    DATAWAL_TRY_ASSIGN(const SegmentStep step, members.next());
    if (step != SegmentStep::kFrame || !progress.add(members.frame())) return {};
  }
}

// Brings at least `needed` bytes from offset_ on into the buffer, and as many more as fit. The
// caller has checked that the segment has them; where the file turns out shorter, end_ is
// corrected.
Status SegmentReader::fill(std::uint64_t needed) {
  const std::size_t kept = stop_ - start_;
  const std::size_t window = capacity_ == 0 ? kFirstWindowSize : kWindowSize;
  const auto wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(end_ - offset_, std::max<std::uint64_t>(needed, window)));
  if (wanted > capacity_) {
    auto larger = std::make_unique_for_overwrite<std::byte[]>(wanted);
    if (kept > 0) std::memcpy(larger.get(), buffer_.get() + start_, kept);
    buffer_ = std::move(larger);
    capacity_ = wanted;
  } else if (kept > 0) {
    std::memmove(buffer_.get(), buffer_.get() + start_, kept);
  }
  start_ = 0;
  stop_ = kept;
  DATAWAL_TRY_ASSIGN(const std::size_t count,
                     file_->read_at(offset_ + kept, {buffer_.get() + kept, wanted - kept}));
  stop_ += count;
  if (count < wanted - kept) end_ = offset_ + stop_;
  return {};
}

}  // namespace datawal
