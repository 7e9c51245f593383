#include "log/log_scan.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "format/compaction_mark.h"
#include "format/names.h"
#include "log/tail_evidence.h"
#include "log/torn_batch.h"
#include "log/txid_search.h"
#include "log/watermark_file.h"
#include "segment/decode_error.h"

namespace datawal {
namespace {

// Fewer zeros at the end of a torn frame are taken for a part of it, not of reserved space.
constexpr std::uint64_t kReservedSizeMin = 4096;

}  // namespace

LogScan::LogScan(LogView view, DamagePolicy damage, ScanRange range)
    : view_(std::move(view)), damage_(damage), range_(range) {
  facts_.watermark = view_.watermark;
  if (!range_.begin) return;
  const auto first = std::ranges::lower_bound(view_.segments, range_.begin->segment);
  index_ = static_cast<std::size_t>(first - view_.segments.begin());
}

LogScan::LogScan(LogView view, DamagePolicy damage, const IndexCoverage& covered,
                 std::vector<SegmentFacts> segments)
    : LogScan(std::move(view), damage, ScanRange{.begin = covered.end}) {
  report_.files_scanned =
      static_cast<std::uint32_t>(segments.size()) - 1;  // the last is opened once more
  facts_.segments = std::move(segments);
  report_.records_replayed = covered.records;
  report_.last_txid_seen = covered.last_txid;
  report_.txid_gaps = covered.txid_gaps;
  report_.first_txid_gap = covered.first_txid_gap;
  facts_.end = covered.end;
  facts_.last_frame_txid = covered.last_frame_txid;
  facts_.last_frame_crc = covered.last_frame_crc;
  facts_.first_segment = covered.first_segment;
  facts_.first_frame_crc = covered.first_frame_crc;
  if (!facts_.watermark || facts_.watermark->position != covered.end) return;
  if (facts_.watermark->frame_crc != covered.last_frame_crc ||
      facts_.watermark->txid != covered.last_frame_txid) {
    facts_.watermark.reset();
  }
}

Result<std::optional<ScannedRecord>> LogScan::next() {
  if (failure_) return std::unexpected(*failure_);
  while (!done_) {
    const Result<Progress> progress = step();
    if (!progress) {
      failure_ = progress.error();
      return std::unexpected(*failure_);
    }
    if (*progress == Progress::kRecord) return record_;
    done_ = *progress == Progress::kDone;
  }
  end_read_ahead();
  return std::nullopt;
}

Result<std::span<const ScannedRecord>> LogScan::next_batch() {
  if (const std::span<const ScannedRecord> ahead = batch_ahead(); !ahead.empty()) return ahead;
  DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, next());
  if (!record) return std::span<const ScannedRecord>();
  batch_.front() = *record;
  return std::span(batch_).first(1);
}

// What is there of records that have been read ahead.
std::span<const ScannedRecord> LogScan::batch_ahead() {
  if (!outlines_end_) return {};
  std::size_t count = 0;
  for (const FrameOutline& frame : std::span(outlined_).first(outlines_.next(outlined_))) {
    *outlines_end_ += frame.size;
    const Progress progress =
        note(frame.record, frame.size, frame.crc, frame.is_control(), batch_[count]);
    if (progress == Progress::kRecord) ++count;
  }
  return std::span(batch_).first(count);
}

Result<LogScan::Progress> LogScan::step() {
  if (index_ == view_.segments.size()) return Progress::kDone;
  if (!reader_) DATAWAL_TRY(open_segment());
  if (outlines_end_) {
    if (const std::optional<FrameOutline> frame = next_outline()) {
      *outlines_end_ += frame->size;
      return note(frame->record, frame->size, frame->crc, frame->is_control(), record_);
    }
    // What is left is nothing, or what only the file itself explains.
    reader_.emplace(*file_, *std::exchange(outlines_end_, std::nullopt), reader_->end(),
                    Batches::kWhole);
  }
  DATAWAL_TRY_ASSIGN(const SegmentStep found, reader_->next());
  switch (found) {
    case SegmentStep::kFrame:
      return note_frame();
    case SegmentStep::kEnd:
      return leave_segment();
    case SegmentStep::kDamage:
      return meet_damage();
  }
  std::unreachable();
}

Status LogScan::open_segment() {
  const SegmentId id = view_.segments[index_];
  DATAWAL_TRY_ASSIGN(file_, view_.open(id));
  DATAWAL_TRY_ASSIGN(std::uint64_t end, file_->size());
  if (range_.end && range_.end->segment == id) end = range_.end->offset;
  const std::uint64_t begin = begin_in(id);
  reader_.emplace(*file_, begin, end, Batches::kWhole);
  ++report_.files_scanned;
  facts_.end = here();
  if (facts_.segments.empty() || facts_.segments.back().id != id) {
    facts_.segments.push_back({.id = id, .size = begin});
  }
  if (begin <= end) {
    outlines_ = {};
    if (ahead_) outlines_end_ = begin;
    return {};
  }
  return std::unexpected(error_here(ErrorCode::kGap,
                                    "the position to scan from is behind the end of its segment, "
                                    "which has " +
                                        std::to_string(end) +
                                        " bytes; start from a position that a scan has given"));
}

void LogScan::read_ahead(const ReadAhead::Settings& settings) {
  if (index_ == view_.segments.size()) return;
  ahead_ = std::make_unique<ReadAhead>(view_, index_, begin_in(view_.segments[index_]), settings);
}

bool LogScan::is_long() const {
  std::uint64_t left = 0;
  for (std::size_t index = view_.segments.size(); index > index_; --index) {
    const SegmentId id = view_.segments[index - 1];
    const auto file = view_.open(id);
    const Result<std::uint64_t> end = file ? (*file)->size_at_open() : 0;
    if (end) left += *end - std::min(begin_in(id), *end);
    if (left >= ReadAhead::kLogSizeMin) return true;
  }
  return false;
}

std::optional<FrameOutline> LogScan::next_outline() {
  while (true) {
    if (const std::optional<FrameOutline> frame = outlines_.next()) return frame;
    if (!outlines_.is_at_end()) return std::nullopt;
    std::optional<OutlineBlock> block = ahead_->next(index_);
    if (!block) return std::nullopt;
    outlines_ = OutlineReader(*std::move(block));
  }
}

void LogScan::end_read_ahead() {
  if (!ahead_) return;
  read_ahead_result_ = {ahead_->hint_count(), ahead_->lacking_hint()};
  ahead_.reset();
}

Result<LogScan::Progress> LogScan::note_frame() {
  const DecodedFrame& frame = reader_->frame();
  const auto& announcement = reader_->announcement();
  if (announcement && !announcement->is_supported()) {
    const Position before = {view_.segments[index_], offset() - frame.size};
    return std::unexpected(unsupported_batch(*announcement, *view_.directory, before));
  }
  const bool is_control =
      announcement || (may_have_meaning(frame.record) && decode_compaction_mark(frame.record));
  return note(frame.record, frame.size, frame.crc, is_control, record_);
}

// Field by field: a copy of the whole record would wait for it to have been stored.
LogScan::Progress LogScan::note(const RecordView& record, std::uint64_t frame_size,
                                std::uint32_t crc, bool is_control, ScannedRecord& scanned) {
  const Position before = facts_.end;
  const Txid txid = record.txid;
  if (report_.records_replayed == 0) {
    facts_.first_segment = before.segment;
    facts_.first_frame_crc = crc;
  } else if (txid != facts_.last_frame_txid + 1 && report_.txid_gaps++ == 0) {
    report_.first_txid_gap = before;
  }
  facts_.segments.back().add(record, frame_size, crc);
  report_.last_txid_seen = std::max(report_.last_txid_seen, txid);
  ++report_.records_replayed;
  facts_.end.offset += frame_size;
  facts_.last_frame_txid = txid;
  facts_.last_frame_crc = crc;
  if (facts_.watermark && before < facts_.watermark->position) compare_with_watermark(before);
  const bool is_hidden = is_control && !range_.with_control_records;
  if (is_hidden || txid < range_.txid_min) return Progress::kContinue;
  scanned.type = record.type;
  scanned.txid = txid;
  scanned.key = {record.key.data(), record.key.size()};
  scanned.payload = {record.payload.data(), record.payload.size()};
  scanned.ref.segment = before.segment;
  scanned.ref.size = static_cast<std::uint32_t>(frame_size);
  scanned.ref.offset = before.offset;
  return Progress::kRecord;
}

// A watermark that does not name the end of a frame, or names another frame than the one that ends
// there, was written for other bytes than these: these are whole, so it has nothing to tell about
// them.
void LogScan::compare_with_watermark(Position before) {
  const Watermark& mark = *facts_.watermark;
  const bool names_another_frame =
      facts_.end == mark.position &&
      (facts_.last_frame_crc != mark.frame_crc || facts_.last_frame_txid != mark.txid);
  const bool names_no_boundary = before < mark.position && mark.position < facts_.end &&
                                 mark.position.segment == facts_.end.segment;
  if (names_another_frame || names_no_boundary) facts_.watermark.reset();
}

Result<LogScan::Progress> LogScan::leave_segment() {
  if (is_last_segment()) {
    return judge({.watermark = relation_to_watermark(), .end_of_file = true});
  }
  if (facts_.watermark && facts_.watermark->position.segment == here().segment &&
      here() < facts_.watermark->position && damage_ == DamagePolicy::kRefuse) {
    return std::unexpected(refuse(TailVerdict::kRot, {.end_of_file = true}));
  }
  reader_.reset();
  file_.reset();
  ++index_;
  return Progress::kContinue;
}

Result<LogScan::Progress> LogScan::meet_damage() {
  if (!is_last_segment() || range_.end) {
    const bool sealed = !is_last_segment();
    return std::unexpected(error_here(
        sealed && decode_error_code(reader_->damage()) != ErrorCode::kUnsupportedVersion
            ? ErrorCode::kCorruption
            : decode_error_code(reader_->damage()),
        damage_text() + " in " + (sealed ? "a sealed (non-tail) segment" : "the active segment") +
            ", where every byte was acknowledged; run 'datawal verify' to see the extent, then "
            "'datawal salvage' to copy every intact record to a new store"));
  }
  DATAWAL_TRY_ASSIGN(const bool worth_another_look, look_again());
  if (worth_another_look) return Progress::kContinue;
  DATAWAL_TRY(ask_for_writer());
  DATAWAL_TRY_ASSIGN(const TailEvidence evidence, gather_evidence());
  if (!evidence.all_zeros) {
    DATAWAL_TRY_ASSIGN(const bool published, has_been_published());
    if (published) return Progress::kContinue;
  }
  return judge(evidence);
}

// Whether a live writer has put a frame here since nothing decoded: then what was found behind this
// place is as sound as that frame.
Result<bool> LogScan::has_been_published() {
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, file_->size());
  SegmentReader reader(*file_, reader_->offset(), size, Batches::kWhole);
  DATAWAL_TRY_ASSIGN(const SegmentStep step, reader.next());
  if (step != SegmentStep::kFrame) return false;
  reader_->set_end(size);
  report_.tail = {};
  return true;
}

// A live writer may have been caught in the middle of a record, or of cutting a torn one: only what
// stays as it is counts.
Result<bool> LogScan::look_again() {
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, file_->size());
  if (size == reader_->end() && looked_again_at_ == reader_->offset()) return false;
  looked_again_at_ = reader_->offset();
  reader_->set_end(size);
  return true;
}

// The clean mark, or that there is no watermark, says that nobody of this implementation has
// written what is here, but that may have changed since it was read.
Status LogScan::ask_for_writer() {
  const bool has_no_writer =
      view_.watermark ? facts_.watermark && facts_.watermark->clean : !facts_.watermark;
  if (!has_no_writer) return {};
  DATAWAL_TRY_ASSIGN(const std::optional<Watermark> now, read_watermark(*view_.directory));
  if (!now || now->clean || here() < now->position) return {};
  view_.same_boot =
      view_.same_boot && facts_.watermark && now->boot_id == facts_.watermark->boot_id;
  facts_.watermark = now;
  return {};
}

Result<TailEvidence> LogScan::gather_evidence() {
  Txid last_txid = facts_.last_frame_txid;
  if (range_.begin && report_.records_replayed == 0) {
    DATAWAL_TRY_ASSIGN(last_txid, last_txid_before(view_, here()));
  }
  const auto& batch = reader_->announcement();
  DATAWAL_TRY_ASSIGN(TailFindings findings,
                     examine_tail(*file_, {reader_->offset(), reader_->end()}, reader_->damage(),
                                  last_txid, batch ? batch->unit_size() : 0));
  report_.tail.intact_frames_beyond = findings.intact_frames_beyond;
  tail_data_size_ = findings.data_size;
  findings.evidence.watermark = relation_to_watermark();
  findings.evidence.same_boot = view_.same_boot;
  return findings.evidence;
}

WatermarkRelation LogScan::relation_to_watermark() const {
  if (!facts_.watermark) return WatermarkRelation::kNone;
  if (here() < facts_.watermark->position) return WatermarkRelation::kBelow;
  // Its writer closed the log there, so another implementation wrote what is behind.
  return facts_.watermark->clean ? WatermarkRelation::kNone : WatermarkRelation::kAbove;
}

Result<LogScan::Progress> LogScan::judge(const TailEvidence& evidence) {
  const TailVerdict verdict = damage_ == DamagePolicy::kLongestPrefix
                                  ? judge_tail_leniently(evidence)
                                  : judge_tail(evidence);
  report_.tail.position = here();
  report_.tail.size = reader_->end() - reader_->offset();
  if (!is_acceptable(verdict)) return std::unexpected(refuse(verdict, evidence));
  if (verdict == TailVerdict::kUnusedSpace) report_.tail.kind = TailKind::kUnused;
  if (verdict == TailVerdict::kTorn) {
    const bool unpublished =
        evidence.same_boot && evidence.first_byte_zero && !evidence.intact_frames_beyond;
    const bool incomplete = unpublished || evidence.failure == DecodeFailure::kTruncated;
    report_.tail.kind = incomplete ? TailKind::kIncomplete : TailKind::kDamaged;
    report_.tail_truncated = 1;
    const std::uint64_t zeros = report_.tail.size - std::min(report_.tail.size, tail_data_size_);
    report_.tail_bytes_discarded = report_.tail.size - zeros / kReservedSizeMin * kReservedSizeMin;
  }
  if (facts_.watermark) report_.durable = std::min(facts_.watermark->position, here());
  return Progress::kDone;
}

Error LogScan::refuse(TailVerdict verdict, const TailEvidence& evidence) const {
  const std::string found = evidence.end_of_file ? "the segment ends early"
                            : evidence.all_zeros ? "only zeros are left of it"
                                                 : damage_text();
  const std::string beyond = std::to_string(report_.tail.intact_frames_beyond);
  const std::string remedy =
      "; run 'datawal repair' to see what can be kept and 'datawal repair --apply' to mend the "
      "store "
      "(nothing is destroyed), or 'datawal salvage' to copy every intact record to a new one";
  switch (verdict) {
    case TailVerdict::kRot:
      return error_here(
          ErrorCode::kCorruption,
          "acknowledged records are damaged or missing: " + found +
              " before the place up to which the log was known to be durable (segment " +
              std::to_string(std::to_underlying(facts_.watermark->position.segment)) + ", offset " +
              std::to_string(facts_.watermark->position.offset) + ", txid " +
              std::to_string(facts_.watermark->txid) + ")" + remedy);
    case TailVerdict::kPublishedDamage:
      return error_here(ErrorCode::kCorruption,
                        found + " with " + beyond +
                            " intact records behind it, which no crash of a process leaves" +
                            remedy);
    case TailVerdict::kForeignDamage:
      return error_here(ErrorCode::kCorruption,
                        found + " with " + beyond +
                            " intact records behind it, which would be set aside with it" + remedy);
    case TailVerdict::kForeignStructure:
      return error_here(decode_error_code(reader_->damage()),
                        found + ", which no crash of a known writer leaves" + remedy);
    case TailVerdict::kClean:
    case TailVerdict::kUnusedSpace:
    case TailVerdict::kTorn:
      break;
  }
  std::unreachable();
}

std::string LogScan::damage_text() const {
  const auto& batch = reader_->announcement();
  return batch ? torn_batch_text(reader_->damage()) : decode_error_text(reader_->damage());
}

Error LogScan::error_here(ErrorCode code, std::string message) const {
  return {.code = code,
          .message = std::move(message),
          .path = (view_.directory->path() / segment_name(view_.segments[index_])).string(),
          .segment = view_.segments[index_],
          .offset = offset()};
}

}  // namespace datawal
