#include "segment/range_crc.h"

#include <algorithm>
#include <array>

#include "base/crc32c_combine.h"
#include "base/try.h"
#include "datawal/frame.h"

namespace datawal {

Result<std::optional<std::uint32_t>> RangeCrc::of(std::uint64_t begin, std::uint64_t end) {
  if (checkpoints_.empty()) {
    first_ = floor_;
    checkpoints_.push_back(0);
  }
  DATAWAL_TRY_ASSIGN(const bool present, extend_to(end));
  if (!present) return std::nullopt;
  DATAWAL_TRY_ASSIGN(const auto before_begin, before(begin));
  DATAWAL_TRY_ASSIGN(const auto before_end, before(end));
  if (!before_begin || !before_end) return std::nullopt;
  return crc32c_combine(*before_begin, *before_end, end - begin);
}

void RangeCrc::forget_before(std::uint64_t offset) {
  floor_ = offset;
  if (checkpoints_.empty() || offset < first_ + kStride) return;
  const std::uint64_t count =
      std::min<std::uint64_t>((offset - first_) / kStride, checkpoints_.size());
  checkpoints_.erase(checkpoints_.begin(),
                     checkpoints_.begin() + static_cast<std::ptrdiff_t>(count));
  first_ += count * kStride;
}

// Goes on with the pass until a checkpoint is at most a stride before `offset`; false if the file
// ends before.
Result<bool> RangeCrc::extend_to(std::uint64_t offset) {
  while (true) {
    const std::uint64_t last = first_ + (checkpoints_.size() - 1) * kStride;
    if (offset - std::min(offset, last) < kStride) return true;
    DATAWAL_TRY_ASSIGN(const ByteView bytes, window_.at(last, kStride));
    if (bytes.size() < kStride) return false;
    checkpoints_.push_back(crc32c(bytes.first(kStride), checkpoints_.back()));
  }
}

Result<std::optional<std::uint32_t>> RangeCrc::before(std::uint64_t offset) {
  const std::uint64_t index = (offset - first_) / kStride;
  const auto rest = static_cast<std::size_t>((offset - first_) % kStride);
  std::array<std::byte, kStride> bytes;
  DATAWAL_TRY_ASSIGN(const std::size_t count,
                     file_->read_at(offset - rest, MutableByteView(bytes).first(rest)));
  bytes_read_ += count;
  if (count < rest) return std::nullopt;
  return crc32c(ByteView(bytes).first(rest), checkpoints_[index]);
}

}  // namespace datawal
