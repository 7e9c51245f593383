#include "log/segment_contents.h"

#include <algorithm>
#include <array>

#include "base/endian.h"
#include "base/try.h"
#include "format/batch_frame.h"
#include "format/compaction_mark.h"
#include "segment/decode_error.h"
#include "segment/segment_reader.h"

namespace datawal {
namespace {

void note(SegmentReading& reading, const DecodedFrame& frame) {
  SegmentContents& contents = reading.contents;
  const Txid txid = frame.record.txid;
  if (contents.records == 0) {
    contents.first_txid = txid;
    contents.first_frame_crc = frame.crc;
  } else if (txid <= contents.last_txid) {
    reading.ascends = false;
  } else if (txid != contents.last_txid + 1) {
    reading.last_gap = txid;
  }
  if (const auto mark = decode_compaction_mark(frame.record)) {
    reading.horizon = std::max(reading.horizon, mark->horizon);
  }
  if (const auto batch = decode_announcement(frame.record)) {
    reading.batch_end = txid + batch->record_count;
  }
  ++contents.records;
  contents.size += frame.size;
  contents.last_txid = txid;
  contents.last_frame_crc = frame.crc;
  std::array<std::byte, sizeof frame.crc> crc{};
  store_le(crc.data(), frame.crc);
  contents.digest = crc32c(crc, contents.digest);
}

Error damage_at(const SegmentReader& reader) {
  return {.code = ErrorCode::kCorruption,
          .message = decode_error_text(reader.damage()) +
                     " where every byte was acknowledged; run 'datawal verify' to see the extent, "
                     "then 'datawal repair', or 'datawal salvage' to copy every intact record to a "
                     "new store",
          .offset = reader.offset()};
}

}  // namespace

Result<SegmentReading> read_contents(const File& file, std::uint64_t size, Txid txid_max) {
  SegmentReader reader(file, 0, size);
  SegmentReading reading;
  while (true) {
    DATAWAL_TRY_ASSIGN(const SegmentStep step, reader.next());
    if (step == SegmentStep::kDamage) return std::unexpected(damage_at(reader));
    if (step == SegmentStep::kEnd || reader.frame().record.txid > txid_max) return reading;
    note(reading, reader.frame());
    if (reader.frame().record.txid == txid_max) return reading;
  }
}

}  // namespace datawal
