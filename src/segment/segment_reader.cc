#include "segment/segment_reader.h"

#include <algorithm>
#include <cstring>

#include "base/try.h"

namespace datawal {
namespace {

constexpr std::size_t kWindowSize = std::size_t{256} << 10;

}  // namespace

SegmentReader::SegmentReader(const File& file, std::uint64_t begin, std::uint64_t end)
    : file_(&file), offset_(begin), end_(std::max(begin, end)) {}

ByteView SegmentReader::buffered() const {
  return {buffer_.get() + start_, stop_ - start_};
}

void SegmentReader::set_end(std::uint64_t end) {
  end_ = std::max(offset_, end);
  stop_ = start_;  // what was read of an unfinished frame may have changed
}

Result<SegmentStep> SegmentReader::next() {
  while (true) {
    if (offset_ >= end_) return SegmentStep::kEnd;
    DecodeOutcome outcome = decode_frame(buffered());
    if (const auto* frame = std::get_if<DecodedFrame>(&outcome)) {
      frame_ = *frame;
      start_ += frame->size;
      offset_ += frame->size;
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

// Brings at least `needed` bytes from offset_ on into the buffer, and as many more as fit. The
// caller has checked that the segment has them; where the file turns out shorter, end_ is
// corrected.
Status SegmentReader::fill(std::uint64_t needed) {
  const std::size_t kept = stop_ - start_;
  const auto wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(end_ - offset_, std::max<std::uint64_t>(needed, kWindowSize)));
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
