#include "log/tail_evidence.h"

#include <algorithm>
#include <array>

#include "base/try.h"
#include "segment/frame_search.h"
#include "segment/segment_reader.h"
#include "segment/zero_scan.h"

namespace datawal {
namespace {

// What every header begins with: magic, version 1, a record type.
constexpr std::array<std::byte, 6> kHeaderStart = {std::byte{0x44}, std::byte{0x57},
                                                   std::byte{0x41}, std::byte{0x4C},
                                                   std::byte{0x01}, std::byte{0x00}};

// `data_size` is that of the bytes at hand, without the zeros at their end: in reserved space a
// frame that was cut short goes on with those instead of ending with the file.
DecodeFailure failure_of(const DecodeOutcome& outcome, std::uint64_t data_size) {
  if (std::holds_alternative<StructuralError>(outcome)) return DecodeFailure::kStructural;
  const auto* mismatch = std::get_if<CrcMismatch>(&outcome);
  const bool is_whole = mismatch != nullptr && mismatch->size < data_size + kFrameCrcSize;
  return is_whole ? DecodeFailure::kCrcMismatch : DecodeFailure::kTruncated;
}

// How many bytes of `bytes` are as in every header. Those that are not may still be zeros of a page
// that a power cut kept from the disk.
std::size_t header_prefix_size(ByteView bytes) {
  const std::size_t size = std::min(bytes.size(), kHeaderStart.size());
  return static_cast<std::size_t>(
      std::ranges::mismatch(bytes.first(size), ByteView(kHeaderStart).first(size)).in1 -
      bytes.begin());
}

Result<bool> is_torn_header(const File& file, ByteRange range) {
  std::array<std::byte, kHeaderStart.size()> start{};
  DATAWAL_TRY_ASSIGN(const std::size_t count, file.read_at(range.begin, start));
  const std::size_t prefix = header_prefix_size(ByteView(start).first(count));
  if (prefix == 0) return false;
  return is_zero_filled(file, range.begin + prefix, range.end);
}

// Whether a log's writer may have stopped at the begin of `range`: nothing is there, or a frame
// with this txid that was begun and not finished.
Result<bool> is_end_of_log(const File& file, ByteRange range, Txid next_txid) {
  std::array<std::byte, kFrameHeaderSize> start{};
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(range.end - range.begin, start.size()));
  DATAWAL_TRY_ASSIGN(const std::size_t count,
                     file.read_at(range.begin, MutableByteView(start).first(size)));
  const ByteView bytes = ByteView(start).first(count);
  if (bytes.size() < start.size()) {
    return header_prefix_size(bytes) == std::min(bytes.size(), kHeaderStart.size());
  }
  const HeaderOutcome outcome = decode_header(bytes);
  const auto* header = std::get_if<FrameHeader>(&outcome);
  return header != nullptr && header->txid == next_txid && header->size() > range.end - range.begin;
}

}  // namespace

Result<TailFindings> examine_tail(const File& file, ByteRange range, const DecodeOutcome& failure,
                                  Txid last_txid) {
  TailFindings findings;
  TailEvidence& evidence = findings.evidence;
  DATAWAL_TRY_ASSIGN(const DataEnd data_end, find_data_end(file, range.begin, range.end));
  findings.data_size = data_end.offset - range.begin;
  evidence.all_zeros = findings.data_size == 0;
  if (evidence.all_zeros) return findings;
  evidence.failure = failure_of(failure, findings.data_size);
  std::byte first{};
  DATAWAL_TRY_ASSIGN(const std::size_t count, file.read_at(range.begin, {&first, 1}));
  evidence.first_byte_zero = count == 1 && first == std::byte{0};
  DATAWAL_TRY_ASSIGN(evidence.torn_header, is_torn_header(file, range));
  if (evidence.torn_header) return findings;
  FrameSearch search(file, range.begin, range.end, last_txid);
  bool same_txid = false;
  std::uint64_t frames_end = 0;
  Txid last_found = 0;
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<FoundFrame> found, search.next());
    if (!found) break;
    if (findings.intact_frames_beyond++ == 0) same_txid = found->header.txid == last_txid + 1;
    frames_end = found->offset + found->header.size();
    last_found = found->header.txid;
  }
  evidence.intact_frames_beyond = findings.intact_frames_beyond > 0;
  if (same_txid) {
    DATAWAL_TRY_ASSIGN(evidence.continued_beyond,
                       is_end_of_log(file, {frames_end, range.end}, last_found + 1));
  }
  return findings;
}

}  // namespace datawal
