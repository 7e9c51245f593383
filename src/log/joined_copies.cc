#include "log/joined_copies.h"

#include "base/try.h"
#include "format/batch_frame.h"
#include "format/compaction_mark.h"
#include "segment/frame_batches.h"

namespace datawal {
namespace {

enum class Found { kCopy, kNoCopy, kNothing };

bool is_event(const RecordView& record) {
  return record.type == RecordType::kRaw && !decode_announcement(record) &&
         !decode_compaction_mark(record);
}

// Reads `frames` up to a copy of `last`, which ends at their offset then, or to what is no part of
// a segment that was joined to the one of `last`.
Result<std::pair<Found, std::uint64_t>> look_for_copy(FrameBatches frames,
                                                      const GivenRecord& last) {
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::span<const BatchedFrame> batch, frames.next());
    if (batch.empty()) break;
    for (const BatchedFrame& frame : batch) {
      const Txid txid = frame.record.txid;
      const std::uint64_t end = frame.offset + frame.bytes.size();
      if (GivenRecord{txid, frame.crc} == last) return std::pair(Found::kCopy, end);
      if (txid > last.txid || is_event(frame.record)) return std::pair(Found::kNoCopy, end);
    }
  }
  return std::pair(frames.is_at_end() ? Found::kNothing : Found::kNoCopy, frames.offset());
}

}  // namespace

Result<std::optional<Position>> find_end_of_copies(std::span<const SegmentId> later,
                                                   const OpenSegment& open,
                                                   const GivenRecord& last) {
  for (const SegmentId segment : later) {
    const Result<std::shared_ptr<const File>> file = open(segment);
    if (!file && file.error().code == ErrorCode::kNotFound) continue;
    if (!file) return std::unexpected(file.error());
    DATAWAL_TRY_ASSIGN(const std::uint64_t size, (*file)->size());
    using Looked = std::pair<Found, std::uint64_t>;
    DATAWAL_TRY_ASSIGN(const Looked looked, look_for_copy(FrameBatches(**file, size), last));
    if (looked.first == Found::kCopy) return Position{segment, looked.second};
    if (looked.first == Found::kNoCopy) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace datawal
