// The writer behind RecordLog: one active segment, its lock, its watermark and its poison.
//
// Thread safety: one thread at a time, but for run_sync(), which may run beside appends that do not
// rotate. SharedLog sees to that.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "datawal/record_log.h"
#include "file/filesystem.h"
#include "format/index_image_header.h"
#include "log/event_queue.h"
#include "log/log_scan.h"
#include "log/log_stats.h"
#include "log/log_view.h"
#include "log/next_segment.h"
#include "log/watermark_file.h"
#include "segment/segment_writer.h"

namespace datawal {

class LogWriter {
 public:
  // Continues the log that `scan` has read to its end. `lock` is the writer's.
  LogWriter(const Options& options, std::unique_ptr<FileLock> lock, std::unique_ptr<File> active,
            const LogScan& scan);

  [[nodiscard]] Result<Appended> append(RecordType type, ByteView key, ByteView payload);
  // The same of all records of a batch, or of none.
  [[nodiscard]] Result<AppendedBatch> append_batch(const WriteBatch& batch);
  // Whether an append of such a frame does more than to append it: the first one does, and one that
  // rotates.
  [[nodiscard]] bool is_special(std::size_t frame_size) const {
    return !watermark_ || tail_pending_ || !has_room(frame_size);
  }

  // A sync in three steps. The target is what was appended before begin_sync, absent if all of it
  // is durable; run_sync does the waiting; end_sync takes its outcome over.
  struct SyncTarget {
    Watermark watermark;  // what may be stored once it is durable
    Txid last_txid;
    bool names;  // whether the names of the segments are to be synced too
  };
  [[nodiscard]] Result<std::optional<SyncTarget>> begin_sync();
  struct SyncOutcome {
    std::string_view reason;  // to be poisoned with, if it failed
    Status status;
  };
  [[nodiscard]] SyncOutcome run_sync(const SyncTarget& target) const;
  [[nodiscard]] Status end_sync(const SyncTarget& target, SyncOutcome outcome);
  // The three at once.
  [[nodiscard]] Status sync();
  // Durable on return, also the name of the new segment.
  [[nodiscard]] Status rotate() { return begin_segment(Naming::kDurable); }
  [[nodiscard]] Status close();

  // What is due ahead of the end of the active segment, and behind a rotation, and what nobody who
  // appends has to wait for. To be asked after each append; whoever is told that it is due calls
  // note_ahead_asked(), and sees to what follows.
  [[nodiscard]] bool is_ahead_due() const { return end_.offset >= ahead_at_; }
  void note_ahead_asked();
  // The next segment, if it is to be made now, with NextSegment::make; then it is to be offered.
  [[nodiscard]] Result<std::optional<NextSegmentPlan>> plan_next();
  // Takes it for the next rotation, unless it has come too late.
  void offer(std::unique_ptr<NextSegment> next);
  // What is left of the segment before the active one. To be destroyed by whoever has the time.
  [[nodiscard]] std::unique_ptr<SegmentWriter> take_ended() { return std::move(ended_); }
  // Syncs the watermark that was stored last. May run beside appends, as run_sync().
  void sync_watermark();

  // Does what has to be done before the first append, and before a segment is replaced.
  [[nodiscard]] Status prepare();
  // The sealed segments `ids`, of which no record is needed but those in a file that `replace` puts
  // in the place of the first of them, become the one that `by` tells about. Not while a sync runs.
  // The names are not synced. Fails as `replace` does, with nothing changed.
  [[nodiscard]] Status replace_segments(std::span<const SegmentId> ids, const SegmentFacts& by,
                                        const std::function<Status()>& replace);
  // Says that something which nobody can undo has failed.
  [[nodiscard]] Status poison_after(std::string_view reason, Error cause) {
    return poison(reason, std::move(cause));
  }

  [[nodiscard]] RecordCursor scan(ScanRange range) const;
  [[nodiscard]] RecordCursor scan_from_txid(Txid txid) const;
  // The log as it is now, with the files of its segments.
  [[nodiscard]] Result<LogView> held_view() const;

  // Sets a torn tail aside and cuts it, and cuts unused space, if that has not been done yet.
  [[nodiscard]] Status mend_tail();
  // Notes why mend_tail() could not be done yet.
  void defer_mending(Error error) { report_.tail.deferred = std::move(error); }

  // What there is to know of the records up to end(), and of the segments that they are in.
  [[nodiscard]] IndexCoverage coverage() const;
  [[nodiscard]] const std::vector<SegmentFacts>& segment_facts() const { return facts_.segments; }

  [[nodiscard]] const RecoveryReport& report() const { return report_; }
  [[nodiscard]] const std::vector<SegmentId>& segments() const { return view_.segments; }
  [[nodiscard]] const std::shared_ptr<Directory>& directory() const { return view_.directory; }
  [[nodiscard]] Position end() const { return end_; }
  [[nodiscard]] Txid last_txid() const { return last_txid_; }
  // Everything before it is durable.
  [[nodiscard]] Position durable_end() const { return durable_; }
  [[nodiscard]] Txid durable_txid() const { return durable_txid_; }
  // Whether everything before `position` is durable, the names of the segments included.
  [[nodiscard]] bool is_durable(Position position) const {
    return position <= durable_ && names_durable_ && !size_unproven_;
  }
  [[nodiscard]] bool is_poisoned() const { return !poison_.empty(); }
  [[nodiscard]] bool is_closed() const { return closed_; }
  // Whether this writer has changed the log.
  [[nodiscard]] bool has_written() const { return watermark_.has_value(); }
  // Success, or why nothing may be written any more.
  [[nodiscard]] Status check_usable() const {
    if (!closed_ && poison_.empty()) [[likely]]
      return {};
    return std::unexpected(unusable());
  }
  // Nothing may be written any more, because what belongs to the log could not follow it.
  void give_up(std::string_view reason) { poison_ = reason; }

  // Latencies are for any thread to record; see LogStats.
  [[nodiscard]] LogStats& stats() const { return *stats_; }
  // Sets in `stats` what this writer has counted, and what its log is like now.
  void count_into(Stats& stats) const;
  // For any thread, as EventQueue says.
  [[nodiscard]] EventQueue& events() { return events_; }

 private:
  [[nodiscard]] RecordCursor scan_view(Result<LogView> view, const ScanRange& range) const;
  [[nodiscard]] Error unusable() const;
  [[nodiscard]] Status check_txids_left(std::uint64_t count) const {
    if (count <= std::numeric_limits<Txid>::max() - last_txid_) [[likely]]
      return {};
    return std::unexpected(txids_used_up());
  }
  [[nodiscard]] Error txids_used_up() const;
  // Whether the name of a new segment is synced at once, or with the next sync.
  enum class Naming { kDurable, kWithNextSync };
  [[nodiscard]] Status begin_segment(Naming naming);
  [[nodiscard]] Result<std::unique_ptr<SegmentWriter>> create_segment(SegmentId id);
  [[nodiscard]] Status sync_segment_names();
  [[nodiscard]] Status begin_writing();
  [[nodiscard]] bool has_room(std::size_t frame_size) const {
    return end_.offset == 0 || end_.offset + frame_size <= policy_.size_max;
  }
  // Sees to it that `size` bytes may be appended, all to one segment.
  [[nodiscard]] Status make_room(std::size_t size) {
    return is_special(size) ? begin_or_rotate(size) : Status{};
  }
  [[nodiscard]] Status begin_or_rotate(std::size_t size);
  void note_batch(const WriteBatch& batch, Txid announced, std::uint32_t first_crc);
  void note_appended(std::size_t size, std::uint64_t frame_count, BatchChecksums checksums);
  [[nodiscard]] Status finish();
  [[nodiscard]] Status write_unproven_again();
  [[nodiscard]] Watermark watermark_here() const;
  [[nodiscard]] Status store_watermark(Watermark watermark);
  [[nodiscard]] Status bind_watermark_elsewhere(std::span<const SegmentId> ids);
  [[nodiscard]] std::unexpected<Error> poison(std::string_view reason, Error cause);

  [[nodiscard]] std::uint64_t unsynced_bytes() const;

  SegmentWritePolicy policy_;
  bool works_ahead_;
  std::unique_ptr<LogStats> stats_ = std::make_unique<LogStats>();
  EventQueue events_;
  std::unique_ptr<FileLock> lock_;
  LogView view_;
  std::unique_ptr<SegmentWriter> active_;
  std::unique_ptr<SegmentWriter> ended_;
  std::unique_ptr<NextSegment> next_;
  std::optional<SegmentId> planned_;        // the last that plan_next() has given
  std::optional<WatermarkFile> watermark_;  // open once something has been written
  Watermark stored_;                        // the last one
  RecoveryReport report_;
  LogFacts facts_;  // of what is on disk, the frames of this writer included

  Position end_;
  std::uint64_t ahead_at_;  // the offset at which is_ahead_due()
  Txid last_txid_ = 0;
  Position durable_;
  Txid durable_txid_ = 0;
  std::uint64_t unproven_begin_ = 0;  // of the bytes of the active segment, found at open, that a
  std::uint64_t unproven_end_ = 0;    // sync may have failed on, and their end
  bool size_unproven_ = false;        // the same of the size of that segment
  std::array<std::byte, 16> boot_id_;
  bool names_durable_ =
      false;  // of the segments in the directory, and of the directory in its parent
  bool tail_pending_ = false;
  bool closed_ = false;
  std::string_view poison_;  // the reason; empty if there is none
};

}  // namespace datawal
