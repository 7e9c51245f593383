// Writes what is still needed of some neighbouring segments as one file: the first step of a
// compaction, which changes nothing yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "file/buffered_writer.h"
#include "file/filesystem.h"
#include "format/segment_facts.h"
#include "segment/frame_batches.h"
#include "store/moved_records.h"
#include "store/needed_tombstones.h"
#include "store/record_places.h"
#include "store/store_index.h"

namespace datawal {

// What is needed of the segments that are rewritten, from one walk through the index.
struct LivePlaces {
  RecordPlaces places;
  PlaceBits live;
};

class SegmentRewrite {
 public:
  // Writes to `target`, which is empty, what `live` says is needed, or else the index. All must
  // outlive the rewriting.
  SegmentRewrite(const StoreIndex& index, const NeededTombstones& needed, const LivePlaces* live,
                 File& target);

  // Takes over the next segment. Calls `pace` with the bytes that have been read and written since
  // the last call; if that gives false, ends, and gives false. Fails with kCorruption where a frame
  // does not decode, and as reading and writing do.
  [[nodiscard]] Result<bool> add(const SegmentSource& source, const SegmentFacts& summary,
                                 const std::function<bool(std::uint64_t)>& pace);
  // Says in the file that the log has come up to `horizon`, and makes its bytes durable.
  [[nodiscard]] Status finish(Txid horizon);

  // Of the new segment, which is named as the first that was added.
  [[nodiscard]] const SegmentFacts& summary() const { return summary_; }
  [[nodiscard]] MovedRecords& moved() { return moved_; }
  [[nodiscard]] std::uint64_t records_dropped() const { return records_dropped_; }

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
    std::size_t index;  // among those that are
    SegmentAddresses addresses;
  };

  void judge_by_keys(std::span<const BatchedFrame> frames, const Source& source);
  [[nodiscard]] Judged judge_by_place(const BatchedFrame& frame, const Source& source) const;
  [[nodiscard]] Judged judge_one(const BatchedFrame& frame, KeyHash hash,
                                 const Source& source) const;
  [[nodiscard]] Status write(const BatchedFrame& frame, const Judged& judged, const Source& source);
  [[nodiscard]] Status reserve_mark(Txid txid);
  [[nodiscard]] Status append_mark(Txid txid, Txid horizon);
  [[nodiscard]] Status write_mark(Txid horizon);

  const StoreIndex& index_;
  const NeededTombstones& needed_;
  const LivePlaces* live_;
  File& target_;
  BufferedWriter writer_;
  SegmentFacts summary_;
  MovedRecords moved_;
  std::size_t source_count_ = 0;
  std::vector<Judged> judged_;  // of the frames of one batch
  std::uint64_t records_dropped_ = 0;
  Txid highest_source_txid_ = 0;
  std::optional<Txid> mark_txid_;
  std::uint64_t mark_offset_ = 0;
};

}  // namespace datawal
