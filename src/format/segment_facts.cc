#include "format/segment_facts.h"

#include <algorithm>

#include "format/batch_frame.h"
#include "format/compaction_mark.h"

namespace datawal {

void SegmentFacts::note_control(const RecordView& record) noexcept {
  if (const auto mark = decode_compaction_mark(record)) {
    horizon = std::max(horizon, mark->horizon);
  } else if (!decode_announcement(record)) {
    ++raw_records;
  }
}

LogTotals add_up(std::span<const SegmentFacts> segments) {
  LogTotals log;
  const auto note_gap = [&](Position position) {
    if (!log.first_txid_gap) log.first_txid_gap = position;
  };
  Txid last_txid = 0;
  for (const SegmentFacts& segment : segments) {
    if (segment.records == 0) continue;
    if (!log.first_segment) {
      log.first_segment = segment.id;
      log.first_frame_crc = segment.first_crc;
    } else if (segment.first_txid != last_txid + 1) {
      ++log.txid_gaps;
      note_gap({segment.id, 0});
    }
    if (segment.txid_gaps > 0) note_gap({segment.id, segment.first_gap_offset});
    log.txid_gaps += segment.txid_gaps;
    log.records += segment.records;
    log.horizon = std::max(log.horizon, segment.horizon);
    log.highest_txid = std::max(log.highest_txid, segment.highest_txid);
    last_txid = segment.last_txid;
  }
  return log;
}

}  // namespace datawal
