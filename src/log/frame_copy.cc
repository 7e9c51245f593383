#include "log/frame_copy.h"

#include <algorithm>

#include "base/try.h"

namespace datawal {

FrameCopy::FrameCopy(const File& source, std::uint64_t source_size, File& target)
    : source_(&source), target_(&target), window_(source, source_size), writer_(target) {}

Result<DecodeOutcome> FrameCopy::add(std::uint64_t offset, std::size_t size) {
  DATAWAL_TRY_ASSIGN(const ByteView bytes, read(offset, size));
  DecodeOutcome outcome = decode_frame(bytes);
  if (!std::holds_alternative<DecodedFrame>(outcome)) return outcome;
  DATAWAL_TRY(writer_.append(bytes));
  ++frames_;
  return outcome;
}

Result<ByteView> FrameCopy::read(std::uint64_t offset, std::size_t size) {
  if (size <= FileWindow::kSize) {
    DATAWAL_TRY_ASSIGN(const ByteView bytes, window_.at(offset, size));
    return bytes.first(std::min(size, bytes.size()));
  }
  large_frame_.resize(size);
  DATAWAL_TRY_ASSIGN(const std::size_t count, source_->read_at(offset, large_frame_));
  return ByteView(large_frame_).first(count);
}

Status FrameCopy::finish() {
  DATAWAL_TRY(writer_.flush());
  return target_->sync();
}

}  // namespace datawal
