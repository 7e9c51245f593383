#include "log/frame_fetch.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/try.h"
#include "format/names.h"
#include "segment/decode_error.h"

namespace datawal {
namespace {

// What most frames fit into: then one read does.
constexpr std::size_t kFirstRead = 1024;

Error decoding_error(const DecodeOutcome& outcome, Position position) {
  return record_error(decode_error_code(outcome), decode_error_text(outcome), position);
}

Error short_read(std::size_t found, std::uint64_t wanted, Position position) {
  return record_error(
      ErrorCode::kShortRead,
      "short read, " + std::to_string(found) + " bytes of " + std::to_string(wanted) + " are there",
      position);
}

Error length_mismatch(std::uint64_t size, std::uint64_t size_known, Position position) {
  return record_error(ErrorCode::kLengthMismatch,
                      "length mismatch, a record of " + std::to_string(size) +
                          " bytes where one of up to " + std::to_string(size_known) + " was",
                      position);
}

struct ReadBytes {
  std::unique_ptr<std::byte[]> buffer;
  std::size_t count = 0;

  [[nodiscard]] ByteView view() const { return {buffer.get(), count}; }
};

// The first bytes of the frame, and the rest of them if its header asks for more.
Result<ReadBytes> read_by_header(const File& file, Position position, std::uint64_t size_known) {
  const auto first =
      static_cast<std::size_t>(std::clamp<std::uint64_t>(size_known, kFrameHeaderSize, kFirstRead));
  ReadBytes read{.buffer = std::make_unique_for_overwrite<std::byte[]>(first)};
  DATAWAL_TRY_ASSIGN(read.count, file.read_at(position.offset, {read.buffer.get(), first}));
  const HeaderOutcome outcome = decode_header(read.view());
  const auto* header = std::get_if<FrameHeader>(&outcome);
  if (header == nullptr || header->size() <= first || read.count < first) return read;
  const std::size_t size = header->size();
  ReadBytes whole{.buffer = std::make_unique_for_overwrite<std::byte[]>(size), .count = first};
  std::memcpy(whole.buffer.get(), read.buffer.get(), first);
  DATAWAL_TRY_ASSIGN(
      const std::size_t rest,
      file.read_at(position.offset + first, {whole.buffer.get() + first, size - first}));
  whole.count += rest;
  return whole;
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

Result<FetchedFrame> fetch_frame(const File& file, Position position, std::uint64_t size_known) {
  DATAWAL_TRY_ASSIGN(ReadBytes read, read_by_header(file, position, size_known));
  const DecodeOutcome outcome = decode_frame(read.view());
  if (const auto* frame = std::get_if<DecodedFrame>(&outcome)) {
    if (frame->size <= size_known) return FetchedFrame{std::move(read.buffer), *frame};
    return std::unexpected(length_mismatch(frame->size, size_known, position));
  }
  const auto* truncated = std::get_if<Truncated>(&outcome);
  if (truncated != nullptr && truncated->needed <= std::max(size_known, kFrameHeaderSize)) {
    return std::unexpected(short_read(read.count, truncated->needed, position));
  }
  return std::unexpected(decoding_error(outcome, position));
}

Result<DecodedFrame> decode_at(ByteView bytes, Position position) {
  const DecodeOutcome outcome = decode_frame(bytes);
  if (const auto* frame = std::get_if<DecodedFrame>(&outcome)) return *frame;
  return std::unexpected(decoding_error(outcome, position));
}

}  // namespace datawal
