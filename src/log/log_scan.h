// One pass over a log's records, in order, by the rules of recovery. What RecordCursor shows, what
// a reader sees and what opening replays are this pass.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "datawal/record_log.h"
#include "file/filesystem.h"
#include "format/index_image_header.h"
#include "format/segment_facts.h"
#include "log/log_view.h"
#include "log/read_ahead.h"
#include "log/tail_verdict.h"
#include "segment/segment_reader.h"

namespace datawal {

// Which part of a log a scan reads.
struct ScanRange {
  std::optional<Position> begin = {};  // a frame, or the end of a segment; from the start if absent
  // Where the log ends, if its writer asks: damage before it is an error, whatever the watermark
  // says.
  std::optional<Position> end = {};
  Txid txid_min = 0;                  // records below are passed over
  bool with_control_records = false;  // announcements and marks are shown, too
};

// What a whole scan has learnt about the log beside its report.
struct LogFacts {
  Position end = {};         // behind the last valid frame
  Txid last_frame_txid = 0;  // the highest but in logs whose counter went back once
  std::uint32_t last_frame_crc = 0;
  std::optional<SegmentId> first_segment =
      {};  // the one with the first frame, and that frame's CRC
  std::uint32_t first_frame_crc = 0;
  std::optional<Watermark> watermark = {};  // if it has proved to describe this log
  std::vector<SegmentFacts> segments = {};
};

class LogScan {
 public:
  LogScan(LogView view, DamagePolicy damage, ScanRange range);
  // Goes on where a whole scan of the same log has once been: what `covered` says of the part
  // before that counts as read, which is in the segments summarized.
  LogScan(LogView view, DamagePolicy damage, const IndexCoverage& covered,
          std::vector<SegmentFacts> segments);

  // Has the segments read by other threads from now on, with hints or without. The records that are
  // given have no payload then, and Raw ones no key. To be called before next(). What is found and
  // what is refused is the same; but what hints are used of is not looked at.
  void read_ahead(const ReadAhead::Settings& settings);
  // Whether there is so much to read that it is worth it.
  [[nodiscard]] bool is_long() const;
  // As ReadAhead::note_looks; nothing where nothing is read ahead.
  void note_looks(std::uint64_t count) {
    if (ahead_) ahead_->note_looks(count);
  }
  struct ReadAheadResult {
    std::uint64_t hints = 0;                   // that were used
    std::vector<SegmentId> lacking_hint = {};  // segments of which one would have been used
  };
  // Of the segments that have been read ahead.
  [[nodiscard]] const ReadAheadResult& read_ahead_result() const { return read_ahead_result_; }

  // Makes every next() fail with this: where what is to be scanned could not be opened.
  void fail(Error error) { failure_ = std::move(error); }

  // As RecordCursor::next.
  [[nodiscard]] Result<std::optional<ScannedRecord>> next();
  // The same of several at a time: none at the end, else valid until the next call.
  [[nodiscard]] Result<std::span<const ScannedRecord>> next_batch();

  [[nodiscard]] const RecoveryReport& report() const { return report_; }
  [[nodiscard]] const LogFacts& facts() const { return facts_; }
  [[nodiscard]] const LogView& view() const { return view_; }

 private:
  enum class Progress { kRecord, kContinue, kDone };

  [[nodiscard]] std::span<const ScannedRecord> batch_ahead();
  [[nodiscard]] Result<Progress> step();
  [[nodiscard]] Status open_segment();
  [[nodiscard]] std::optional<FrameOutline> next_outline();
  void end_read_ahead();
  [[nodiscard]] Result<Progress> note_frame();
  [[nodiscard]] Progress note(const RecordView& record, std::uint64_t frame_size, std::uint32_t crc,
                              bool is_control, ScannedRecord& scanned);
  [[nodiscard]] Result<Progress> leave_segment();
  [[nodiscard]] Result<Progress> meet_damage();
  [[nodiscard]] Result<bool> look_again();
  [[nodiscard]] Status ask_for_writer();
  [[nodiscard]] Result<bool> has_been_published();
  [[nodiscard]] Result<Progress> judge(const TailEvidence& evidence);
  [[nodiscard]] Result<TailEvidence> gather_evidence();
  [[nodiscard]] Error refuse(TailVerdict verdict, const TailEvidence& evidence) const;
  [[nodiscard]] Error error_here(ErrorCode code, std::string message) const;
  [[nodiscard]] std::string damage_text() const;
  [[nodiscard]] WatermarkRelation relation_to_watermark() const;
  void compare_with_watermark(Position before);
  [[nodiscard]] std::uint64_t begin_in(SegmentId segment) const {
    return range_.begin && range_.begin->segment == segment ? range_.begin->offset : 0;
  }
  [[nodiscard]] bool is_last_segment() const { return index_ + 1 == view_.segments.size(); }
  [[nodiscard]] std::uint64_t offset() const {
    return outlines_end_ ? *outlines_end_ : reader_->offset();
  }
  [[nodiscard]] Position here() const { return {view_.segments[index_], offset()}; }

  LogView view_;
  DamagePolicy damage_;
  ScanRange range_;
  std::size_t index_ = 0;
  std::shared_ptr<const File> file_;  // shared with the view
  std::optional<SegmentReader> reader_;
  std::unique_ptr<ReadAhead> ahead_;
  OutlineReader outlines_;
  std::optional<std::uint64_t> outlines_end_;  // of those read; nullopt where reader_ reads
  ReadAheadResult read_ahead_result_;
  std::optional<std::uint64_t> looked_again_at_;  // offset in the last segment
  std::uint64_t tail_data_size_ = 0;              // of a torn tail, without the zeros behind it
  ScannedRecord record_;
  static constexpr std::size_t kBatchSize = 64;
  std::array<FrameOutline, kBatchSize> outlined_;
  std::array<ScannedRecord, kBatchSize> batch_;
  RecoveryReport report_;
  LogFacts facts_;
  bool done_ = false;
  std::optional<Error> failure_;
};

}  // namespace datawal
