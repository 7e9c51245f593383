// What there is to know of a segment without reading it again.
//
// Those of all segments of a log, in order, say what a scan of the whole log would have found, and
// stay right when single segments are rewritten.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "datawal/frame.h"
#include "datawal/record_log.h"
#include "format/batch_frame.h"

namespace datawal {

struct SegmentFacts {
  SegmentId id{};
  std::uint64_t size = 0;  // of its frames, in bytes
  std::uint64_t records = 0;
  Txid first_txid = 0;            // of the first frame; this and the next are 0 if there is none
  Txid last_txid = 0;             // of the last frame
  Txid highest_txid = 0;          // another one only in logs whose counter went back
  std::uint32_t first_crc = 0;    // of the first frame
  std::uint64_t raw_records = 0;  // but for announcements of batches and marks
  std::uint64_t tombstone_bytes = 0;   // of the frames of all Deletes
  std::uint64_t txid_gaps = 0;         // inside: frames that do not follow the one before
  std::uint64_t first_gap_offset = 0;  // of the first such frame
  Txid horizon = 0;                    // of its compaction marks, the highest

  friend bool operator==(const SegmentFacts&, const SegmentFacts&) = default;

  // Takes over the next frame, which begins where the frames before end. In the header, because a
  // writer does it for every record.
  void add(const RecordView& record, std::size_t frame_size, std::uint32_t crc) noexcept {
    add_frame(record.txid, frame_size, crc);
    if (may_have_meaning(record)) [[unlikely]] {
      note_control(record);
    } else if (record.type == RecordType::kRaw) {
      ++raw_records;
    }
    if (record.type == RecordType::kDelete) tombstone_bytes += frame_size;
  }
  // The same of the announcement of a batch.
  void add_announcement(Txid txid, std::size_t frame_size, std::uint32_t crc) noexcept {
    add_frame(txid, frame_size, crc);
  }

 private:
  void add_frame(Txid txid, std::size_t frame_size, std::uint32_t crc) noexcept {
    if (records == 0) {
      first_txid = txid;
      first_crc = crc;
    } else if (txid != last_txid + 1 && txid_gaps++ == 0) {
      first_gap_offset = size;
    }
    ++records;
    last_txid = txid;
    highest_txid = std::max(highest_txid, txid);
    size += frame_size;
  }
  void note_control(const RecordView& record) noexcept;
};

// What the segment_facts of a log's segments add up to.
struct LogTotals {
  std::uint64_t records = 0;
  Txid highest_txid = 0;
  std::uint64_t txid_gaps = 0;
  std::optional<Position> first_txid_gap = {};
  std::optional<SegmentId> first_segment = {};  // the first with a frame, and that frame's CRC
  std::uint32_t first_frame_crc = 0;
  Txid horizon = 0;  // what the log was at an earlier txid can no longer be told
};

[[nodiscard]] LogTotals add_up(std::span<const SegmentFacts> segments);

}  // namespace datawal
