#include "segment/frame_batches.h"

#include <algorithm>
#include <string>

#include "base/try.h"
#include "format/frame_layout.h"
#include "segment/decode_error.h"

namespace datawal {
namespace {

// So much that handing it from one thread to the other is nothing beside it.
constexpr std::size_t kAheadSize = std::size_t{1} << 20;
// Of a shorter segment, a thread would hardly have begun.
constexpr std::uint64_t kLongSize = std::uint64_t{4} << 20;

}  // namespace

FrameBatches::FrameBatches(const File& file, std::uint64_t end, std::size_t read_size)
    : file_(&file), end_(end), read_size_(read_size) {}

Result<std::span<const BatchedFrame>> FrameBatches::next() {
  frames_.clear();
  damage_ = {};  // of another place: where nothing is left to read, there is none
  std::uint64_t wanted = read_size_;
  while (frames_.empty() && wanted > 0 && offset_ < end_) {
    const auto size = static_cast<std::size_t>(std::min(wanted, end_ - offset_));
    if (size > capacity_) {
      buffer_ = std::make_unique_for_overwrite<std::byte[]>(size);
      capacity_ = size;
    }
    DATAWAL_TRY_ASSIGN(const std::size_t count, file_->read_at(offset_, {buffer_.get(), size}));
    wanted = decode({buffer_.get(), count});
    if (wanted <= size || count < size) wanted = 0;
  }
  return std::span<const BatchedFrame>(frames_);
}

std::uint64_t FrameBatches::decode(ByteView bytes) {
  std::uint64_t begin = 0;
  while (begin < bytes.size()) {
    DecodedFrame frame;
    if (take_whole_frame(bytes.subspan(begin), frame)) [[likely]] {
      frames_.push_back(
          {offset_ + begin, bytes.subspan(begin, frame.size), frame.record, frame.crc});
      begin += frame.size;
      continue;
    }
    DecodeOutcome outcome = decode_frame(bytes.subspan(begin));
    const auto* truncated = std::get_if<Truncated>(&outcome);
    const std::uint64_t needed = truncated != nullptr ? truncated->needed : 0;
    damage_ = std::move(outcome);
    if (!frames_.empty()) break;
    // Of a frame of which not even the header was there, the rest comes with the next read.
    return std::min<std::uint64_t>(std::max<std::uint64_t>(needed, read_size_), end_ - offset_);
  }
  offset_ += begin;
  return 0;
}

FrameBatchesAhead::FrameBatchesAhead(const File& file, std::uint64_t end)
    : batches_{FrameBatches(file, end, kAheadSize), FrameBatches(file, end, kAheadSize)},
      is_ahead_(end >= kLongSize) {}

Result<std::span<const BatchedFrame>> FrameBatchesAhead::next() {
  if (!is_begun_) begin();
  second_.wait();
  Result<std::span<const BatchedFrame>> read = std::move(read_);
  given_ = 1 - given_;
  is_begun_ = false;
  if (is_ahead_ && read && !read->empty()) begin();
  return read;
}

void FrameBatchesAhead::begin() {
  FrameBatches& next = batches_[1 - given_];
  next.go_to(given().offset());
  is_begun_ = true;
  if (is_ahead_) {
    second_.begin([this, &next] { read_ = next.next(); });
  } else {
    read_ = next.next();
  }
}

Error sealed_damage(SegmentId segment, const FrameBatches& frames) {
  const bool is_unread = std::holds_alternative<DecodedFrame>(frames.damage());
  const std::string found =
      is_unread ? "the segment has become shorter" : decode_error_text(frames.damage());
  return {.code = ErrorCode::kCorruption,
          .message = found +
                     " in a sealed segment, which stays as it is; run 'datawal verify' to see the "
                     "extent, then 'datawal salvage' to copy every intact record to a new store",
          .segment = segment,
          .offset = frames.offset()};
}

}  // namespace datawal
