#include "log/tail_evidence.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/try.h"
#include "format/batch_frame.h"
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

// The intact frames behind the place where nothing decodes. Those of the batch that begins there
// are its remains, and say nothing about it.
struct FramesBehind {
  std::uint64_t batch_end;  // what begins before is of the batch
  Txid last_txid;           // of the last frame so far
  std::uint64_t end = 0;    // behind it
  std::uint64_t count = 0;
  bool has_others = false;         // than those of the batch
  bool is_damaged = false;         // something of the batch, or behind it, is no frame
  bool is_damage_passed = false;   // and a frame is behind that
  bool is_txid_continued = false;  // which has the txid that the damage should have had
  Txid damage_txid = 0;

  void note_damage(const Stretch& stretch) {
    if (stretch.batch) {
      last_txid = stretch.batch->txid;
    } else if (!is_damaged) {
      is_damaged = true;
      damage_txid = last_txid + 1;
    }
  }

  void note_frame(const Stretch& stretch) {
    ++count;
    if (stretch.offset >= batch_end) has_others = true;
    if (is_damaged && !is_damage_passed) {
      is_damage_passed = true;
      is_txid_continued = stretch.frame->txid == damage_txid;
    }
    last_txid = stretch.frame->txid;
    end = stretch.offset + stretch.size;
  }
};

// Whether a frame, the first behind a place that has not been published, is the first of a batch
// that has been stored there: with room for the announcement, which is published last.
bool begins_stored_batch(const Stretch& frame, std::uint64_t begin, Txid last_txid) {
  return frame.offset == begin + kBatchFrameSize && frame.frame->txid == last_txid + 2;
}

}  // namespace

Result<TailFindings> examine_tail(const File& file, ByteRange range, const DecodeOutcome& failure,
                                  Txid last_txid, std::uint64_t batch_size) {
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
  FramesBehind behind{.batch_end = range.begin + batch_size, .last_txid = last_txid};
  FrameSearch search(file, range.begin, range.end, last_txid);
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<Stretch> stretch, search.next_stretch());
    if (!stretch) break;
    if (!stretch->frame) {
      behind.note_damage(*stretch);
      continue;
    }
    if (behind.count == 0 && evidence.first_byte_zero &&
        begins_stored_batch(*stretch, range.begin, last_txid)) {
      behind.batch_end = range.end;
    }
    behind.note_frame(*stretch);
  }
  findings.intact_frames_beyond = behind.count;
  evidence.intact_frames_beyond = behind.has_others;
  if (behind.is_txid_continued) {
    DATAWAL_TRY_ASSIGN(evidence.continued_beyond,
                       is_end_of_log(file, {behind.end, range.end}, behind.last_txid + 1));
  }
  // Frames without a gap, and not those of the batch: they have been appended where it was torn.
  if (batch_size > 0 && batch_size <= range.end - range.begin && !behind.is_damaged) {
    evidence.continued_beyond = true;
  }
  return findings;
}

}  // namespace datawal
