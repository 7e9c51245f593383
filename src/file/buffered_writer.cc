#include "file/buffered_writer.h"

#include "base/try.h"

namespace datawal {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 20;

}  // namespace

Status BufferedWriter::append(ByteView data) {
  if (buffer_.size() + data.size() > kBufferSize) DATAWAL_TRY(flush());
  if (data.size() >= kBufferSize) {
    DATAWAL_TRY(file_->write_at(offset_, data));
    offset_ += data.size();
    return {};
  }
  buffer_.reserve(kBufferSize);
  buffer_.insert(buffer_.end(), data.begin(), data.end());
  return {};
}

Status BufferedWriter::flush() {
  if (buffer_.empty()) return {};
  DATAWAL_TRY(file_->write_at(offset_, buffer_));
  offset_ += buffer_.size();
  buffer_.clear();
  return {};
}

}  // namespace datawal
