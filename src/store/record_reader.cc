#include "store/record_reader.h"

#include <limits>
#include <variant>

#include "base/try.h"

namespace datawal {
namespace {

// Records that are further apart are read one by one.
constexpr std::uint64_t kNear = std::uint64_t{32} << 10;

}  // namespace

Result<DecodedFrame> RecordReader::read(LogAddress address) {
  const Position position = records_->position(address);
  if (records_->view(address).empty()) {
    if (const auto frame = read_near(address, position)) return *frame;
  }
  DATAWAL_TRY_ASSIGN(fetched_, records_->fetch(address));
  end_ = {position.segment, position.offset + fetched_.frame.size};
  return fetched_.frame;
}

// The record, if it is not far behind the one before, and nothing is wrong with it.
std::optional<DecodedFrame> RecordReader::read_near(LogAddress address, Position position) {
  const std::uint64_t size_known = records_->size_from(address);
  auto file = records_->file_of(address);
  if (!file) return std::nullopt;
  if (*file != file_) {
    file_ = *std::move(file);
    window_.reset();
    return std::nullopt;
  }
  if (position.segment != end_.segment || position.offset < end_.offset ||
      position.offset - end_.offset > kNear) {
    window_.reset();
    return std::nullopt;
  }
  if (!window_) window_.emplace(*file_, std::numeric_limits<std::uint64_t>::max());
  const Result<ByteView> start = window_->at(position.offset, kFrameHeaderSize);
  if (!start) return std::nullopt;
  const HeaderOutcome header = decode_header(*start);
  const auto* const decoded = std::get_if<FrameHeader>(&header);
  if (decoded == nullptr || decoded->size() > FileWindow::kSize || decoded->size() > size_known) {
    return std::nullopt;
  }
  const Result<ByteView> bytes = window_->at(position.offset, decoded->size());
  if (!bytes) return std::nullopt;
  const DecodeOutcome outcome = decode_frame(*bytes);
  const auto* const frame = std::get_if<DecodedFrame>(&outcome);
  if (frame == nullptr) return std::nullopt;
  end_ = {position.segment, position.offset + frame->size};
  return *frame;
}

}  // namespace datawal
