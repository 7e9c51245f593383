#include "log/frame_copy.h"

#include <algorithm>
#include <string>

#include "base/try.h"
#include "segment/segment_reader.h"

namespace datawal {
namespace {

constexpr std::size_t kStepSize = std::size_t{256} << 10;

Error different_at_second_reading() {
  return {.code = ErrorCode::kIo,
          .message =
              "a segment gave other bytes when it was read a second time; see whether "
              "something else writes to this store, and whether the disk is failing"};
}

}  // namespace

Status FrameCopy::add(std::uint64_t begin, std::uint64_t end, std::uint64_t frame_count) {
  if (begin != end_) {
    DATAWAL_TRY(flush());
    begin_ = begin;
  }
  end_ = end;
  frames_ += frame_count;
  return {};
}

Status FrameCopy::flush() {
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(end_ - begin_, kStepSize)));
  while (begin_ < end_) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(end_ - begin_, kStepSize));
    const MutableByteView bytes = MutableByteView(buffer).first(wanted);
    DATAWAL_TRY_ASSIGN(const std::size_t count, source_->read_at(begin_, bytes));
    if (count < wanted) return std::unexpected(different_at_second_reading());
    DATAWAL_TRY(writer_.append(bytes));
    begin_ += wanted;
  }
  return {};
}

Status FrameCopy::finish(std::uint64_t frame_count) {
  DATAWAL_TRY(flush());
  DATAWAL_TRY(writer_.flush());
  DATAWAL_TRY(target_->sync());
  SegmentReader reader(*target_, 0, writer_.offset());
  for (std::uint64_t count = 0;; ++count) {
    DATAWAL_TRY_ASSIGN(const SegmentStep step, reader.next());
    if (step == SegmentStep::kFrame) continue;
    if (step == SegmentStep::kEnd && count == frame_count && count == frames_) return {};
    return std::unexpected(different_at_second_reading());
  }
}

}  // namespace datawal
