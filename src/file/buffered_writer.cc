#include "file/buffered_writer.h"

#include "base/try.h"

namespace datawal {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 20;
// Enough for the disk to be at its fastest.
constexpr std::size_t kSyncSize = std::size_t{4} << 20;

}  // namespace

Status BufferedWriter::append(ByteView data) {
  if (buffer_.size() + data.size() > kBufferSize) DATAWAL_TRY(flush());
  if (data.size() >= kBufferSize) {
    return write(data);
  }
  buffer_.reserve(kBufferSize);
  buffer_.insert(buffer_.end(), data.begin(), data.end());
  return {};
}

Status BufferedWriter::flush() {
  if (buffer_.empty()) return {};
  DATAWAL_TRY(write(buffer_));
  buffer_.clear();
  return {};
}

Status BufferedWriter::write(ByteView data) {
  DATAWAL_TRY(file_->write_at(offset_, data));
  offset_ += data.size();
  if (offset_ - begun_offset_ >= kSyncSize) {
    file_->begin_sync(begun_offset_, offset_ - begun_offset_);
    begun_offset_ = offset_;
  }
  return {};
}

}  // namespace datawal
