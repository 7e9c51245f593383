#include "log/key_reader.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "log/frame_fetch.h"
#include "segment/decode_error.h"

namespace datawal {
namespace {

// Where the next record is within this distance, one read serves both.
constexpr std::size_t kWindowSize = std::size_t{32} << 10;
constexpr std::size_t kJumpSize = 512;

}  // namespace

Result<ByteView> KeyReader::read(std::shared_ptr<const File> file, Position position) {
  is_same_file_ = file == file_;
  if (!is_same_file_) file_ = std::move(file);
  DATAWAL_TRY_ASSIGN(const ByteView bytes, view(position, kFrameHeaderSize));
  const HeaderOutcome outcome = decode_header(bytes);
  const auto* header = std::get_if<FrameHeader>(&outcome);
  if (header == nullptr) {
    const DecodeOutcome failure = decode_frame(bytes);
    return std::unexpected(
        record_error(decode_error_code(failure), decode_error_text(failure), position));
  }
  const std::size_t key_size = header->key_size;
  DATAWAL_TRY_ASSIGN(const ByteView with_key, view(position, kFrameHeaderSize + key_size));
  return with_key.subspan(kFrameHeaderSize);
}

// The `size` bytes from `position` on.
Result<ByteView> KeyReader::view(Position position, std::size_t size) {
  const std::uint64_t buffer_end = start_.offset + buffer_.size();
  if (is_same_file_ && position.offset >= start_.offset && position.offset + size <= buffer_end) {
    return ByteView(buffer_).subspan(position.offset - start_.offset, size);
  }
  const bool near = is_same_file_ && position.offset < buffer_end + kWindowSize;
  buffer_.resize(std::max(size, near ? kWindowSize : kJumpSize));
  start_ = position;
  is_same_file_ = true;
  DATAWAL_TRY_ASSIGN(const std::size_t count, file_->read_at(position.offset, buffer_));
  buffer_.resize(count);
  if (count >= size) return ByteView(buffer_).first(size);
  return std::unexpected(record_error(
      ErrorCode::kShortRead,
      "short read, " + std::to_string(count) + " bytes of " + std::to_string(size) + " are there",
      position));
}

}  // namespace datawal
