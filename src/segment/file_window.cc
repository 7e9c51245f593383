#include "segment/file_window.h"

#include <algorithm>

#include "base/try.h"

namespace datawal {

Result<ByteView> FileWindow::at(std::uint64_t offset, std::size_t size_min) {
  if (!holds(offset, size_min)) {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(kSize);
    count_ = 0;
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(end_ - std::min(end_, offset), kSize));
    DATAWAL_TRY_ASSIGN(count_, file_->read_at(offset, {buffer_.get(), wanted}));
    offset_ = offset;
    bytes_read_ += count_;
  }
  const auto skipped = static_cast<std::size_t>(offset - offset_);
  return ByteView(buffer_.get() + skipped, count_ - skipped);
}

}  // namespace datawal
