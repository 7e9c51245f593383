#include "log/frame_fetch.h"

#include <array>
#include <string>

#include "base/try.h"
#include "format/names.h"
#include "segment/decode_error.h"

namespace datawal {
namespace {

Error decoding_error(const DecodeOutcome& outcome, Position position) {
  return record_error(decode_error_code(outcome), decode_error_text(outcome), position);
}

Error short_read(std::size_t found, std::size_t wanted, Position position) {
  return record_error(
      ErrorCode::kShortRead,
      "short read, " + std::to_string(found) + " bytes of " + std::to_string(wanted) + " are there",
      position);
}

Result<FrameHeader> fetch_header(const File& file, Position position) {
  std::array<std::byte, kFrameHeaderSize> bytes{};
  DATAWAL_TRY_ASSIGN(const std::size_t count, file.read_at(position.offset, bytes));
  if (count < bytes.size()) return std::unexpected(short_read(count, bytes.size(), position));
  const HeaderOutcome outcome = decode_header(bytes);
  if (const auto* header = std::get_if<FrameHeader>(&outcome)) return *header;
  return std::unexpected(decoding_error(decode_frame(bytes), position));
}

}  // namespace

Error record_error(ErrorCode code, const std::string& what, Position position) {
  return {
      .code = code,
      .message = what +
                 "; the record on disk is not the one that was written: run 'datawal verify' to "
                 "see the extent, then 'datawal repair' or 'datawal salvage'",
      .path = segment_name(position.segment),
      .segment = position.segment,
      .offset = position.offset};
}

Result<FetchedFrame> fetch_frame(const File& file, Position position,
                                 std::uint32_t frame_size_max) {
  std::size_t wanted = frame_size_max;
  if (wanted == 0) {
    DATAWAL_TRY_ASSIGN(const FrameHeader header, fetch_header(file, position));
    wanted = header.size();
  }
  FetchedFrame fetched{std::make_unique_for_overwrite<std::byte[]>(wanted), {}};
  DATAWAL_TRY_ASSIGN(const std::size_t count,
                     file.read_at(position.offset, {fetched.buffer.get(), wanted}));
  const DecodeOutcome outcome = decode_frame({fetched.buffer.get(), count});
  if (const auto* frame = std::get_if<DecodedFrame>(&outcome)) {
    fetched.frame = *frame;
    if (frame_size_max == 0 || round_up_frame_size(frame->size) == frame_size_max) return fetched;
    return std::unexpected(
        record_error(ErrorCode::kLengthMismatch,
                     "length mismatch, a record of " + std::to_string(frame->size) +
                         " bytes where one of up to " + std::to_string(frame_size_max) + " was",
                     position));
  }
  const auto* truncated = std::get_if<Truncated>(&outcome);
  if (truncated != nullptr && count < wanted) {
    const bool as_remembered = truncated->needed == kFrameHeaderSize ||
                               round_up_frame_size(truncated->needed) == frame_size_max;
    return std::unexpected(as_remembered ? short_read(count, truncated->needed, position)
                                         : decoding_error(outcome, position));
  }
  if (truncated != nullptr) {
    return std::unexpected(
        record_error(ErrorCode::kLengthMismatch,
                     "length mismatch, a record of " + std::to_string(truncated->needed) +
                         " bytes where one of up to " + std::to_string(wanted) + " was",
                     position));
  }
  return std::unexpected(decoding_error(outcome, position));
}

}  // namespace datawal
