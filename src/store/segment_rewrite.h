// Writes what is still needed of some neighbouring segments as one file: the first step of a
// compaction, which changes nothing yet.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "file/buffered_writer.h"
#include "file/filesystem.h"
#include "format/segment_facts.h"
#include "segment/frame_batches.h"
#include "store/live_offsets.h"
#include "store/needed_tombstones.h"
#include "store/store_index.h"

namespace datawal {

// A live record that was copied: its address in the old file, and its place in the new one.
struct MovedRecord {
  KeyHash hash;
  LogAddress source;
  std::uint64_t target_offset;
  std::uint32_t size;  // of the frame
};

class SegmentRewrite {
 public:
  // Writes to `target`, which is empty. All must outlive the rewriting.
  SegmentRewrite(const StoreIndex& index, const NeededTombstones& needed, File& target);

  // Takes over a segment, of which `live` says what is needed, or else the index. Calls `pace` with
  // the bytes that have been read and written since the last call; if that gives false, ends, and
  // gives false. Fails with kCorruption where a frame does not decode, and as reading and writing
  // do.
  [[nodiscard]] Result<bool> add(const SegmentSource& source, const SegmentFacts& summary,
                                 const LiveOffsets* live,
                                 const std::function<bool(std::uint64_t)>& pace);
  // Says in the file that the log has come up to `horizon`, and makes its bytes durable.
  [[nodiscard]] Status finish(Txid horizon);

  // Of the new segment, which is named as the first that was added.
  [[nodiscard]] const SegmentFacts& summary() const { return summary_; }
  [[nodiscard]] const std::vector<MovedRecord>& moved() const { return moved_; }
  [[nodiscard]] std::uint64_t records_dropped() const { return records_dropped_; }
  // Of the moved records, the first in each unit of addresses, at its new place.
  [[nodiscard]] std::vector<RecordRef> first_in_units() const;

 private:
  enum class Fate { kKeep, kMove, kDrop };
  struct Judged {
    Fate fate;
    KeyHash hash;
    LogAddress address;
  };

  // The segment that is being taken over.
  struct Source {
    SegmentId id;
    SegmentAddresses addresses;
    const LiveOffsets* live;
  };

  void judge(std::span<const BatchedFrame> frames, const Source& source);
  [[nodiscard]] Judged judge_one(const BatchedFrame& frame, KeyHash hash,
                                 const Source& source) const;
  [[nodiscard]] Status write(const BatchedFrame& frame, const Judged& judged);
  [[nodiscard]] Status reserve_mark(Txid txid);
  [[nodiscard]] Status append_mark(Txid txid, Txid horizon);
  [[nodiscard]] Status write_mark(Txid horizon);

  const StoreIndex& index_;
  const NeededTombstones& needed_;
  File& target_;
  BufferedWriter writer_;
  SegmentFacts summary_;
  std::vector<MovedRecord> moved_;
  std::vector<Judged> judged_;  // of the frames of one batch
  std::uint64_t records_dropped_ = 0;
  Txid highest_source_txid_ = 0;
  std::optional<Txid> mark_txid_;
  std::uint64_t mark_offset_ = 0;
};

}  // namespace datawal
