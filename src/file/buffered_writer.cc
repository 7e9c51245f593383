#include "file/buffered_writer.h"

#include <utility>

#include "base/try.h"

namespace datawal {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 20;
// Enough for the disk to be at its fastest.
constexpr std::size_t kSyncSize = std::size_t{4} << 20;
// What is smaller is written before a thread has begun.
constexpr std::size_t kSmallSize = std::size_t{4} << 20;

}  // namespace

Status BufferedWriter::append(ByteView data) {
  if (buffer_.size() + data.size() > kBufferSize) DATAWAL_TRY(hand_over());
  if (data.size() >= kBufferSize) {
    DATAWAL_TRY(flush());
    return write(data);
  }
  buffer_.reserve(kBufferSize);
  buffer_.insert(buffer_.end(), data.begin(), data.end());
  return {};
}

Status BufferedWriter::flush() {
  second_.wait();
  DATAWAL_TRY(outcome_);
  if (buffer_.empty()) return {};
  DATAWAL_TRY(write(buffer_));
  buffer_.clear();
  return {};
}

Status BufferedWriter::hand_over() {
  if (offset_ - begin_ < kSmallSize) return flush();
  second_.wait();
  DATAWAL_TRY(outcome_);
  written_.swap(buffer_);
  buffer_.clear();
  const std::uint64_t offset = std::exchange(offset_, offset_ + written_.size());
  second_.begin([this, offset] { outcome_ = write_at(offset, written_); });
  return {};
}

Status BufferedWriter::write(ByteView data) {
  DATAWAL_TRY(write_at(offset_, data));
  offset_ += data.size();
  return {};
}

Status BufferedWriter::write_at(std::uint64_t offset, ByteView data) {
  DATAWAL_TRY(file_->write_at(offset, data));
  const std::uint64_t end = offset + data.size();
  if (end - begun_offset_ >= kSyncSize) {
    file_->begin_sync(begun_offset_, end - begun_offset_);
    begun_offset_ = end;
  }
  return {};
}

}  // namespace datawal
