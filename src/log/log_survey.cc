#include "log/log_survey.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "format/names.h"
#include "log/log_scan.h"
#include "log/log_view.h"
#include "log/torn_batch.h"
#include "segment/decode_error.h"
#include "segment/frame_search.h"
#include "segment/segment_reader.h"

namespace datawal {
namespace {

// Whether an error says something about the store, and not about the attempt to read it.
bool is_refusal(const Error& error) {
  return error.code == ErrorCode::kCorruption || error.code == ErrorCode::kCrcMismatch ||
         error.code == ErrorCode::kTruncated || error.code == ErrorCode::kStructural ||
         error.code == ErrorCode::kUnsupportedVersion;
}

std::uint64_t record_count(const SegmentSummary& segment) {
  return segment.raw_records + segment.put_records + segment.delete_records;
}

class Surveyor {
 public:
  Surveyor(LogView view, std::optional<Error> refusal)
      : directory_(view.directory), segments_(view.segments), view_(std::move(view)) {
    survey_.report.refusal = std::move(refusal);
  }

  [[nodiscard]] Result<LogSurvey> run(DamagePolicy damage);

 private:
  [[nodiscard]] Result<Position> read_until_damage(DamagePolicy damage);
  [[nodiscard]] Status search_from(Position begin);
  [[nodiscard]] Status search_segment(std::uint64_t begin);
  [[nodiscard]] Result<std::optional<Stretch>> search_once(const File& file, std::uint64_t begin);
  [[nodiscard]] Result<bool> has_grown(const File& file, const Stretch& damage);
  [[nodiscard]] Result<bool> has_been_published(const File& file, const Stretch& damage);
  [[nodiscard]] Result<std::optional<Txid>> first_txid_behind(SegmentId segment) const;
  void enter(SegmentId segment);
  void note_frame(std::uint64_t offset, RecordType type, Txid txid);
  void note_damage(const Stretch& stretch);
  void count_failure(const DecodeOutcome& outcome);
  void leave_damaged_segment();
  [[nodiscard]] SegmentSummary& current() { return survey_.report.segments.back(); }
  [[nodiscard]] bool is_last_segment() { return current().id == segments_.back(); }

  std::shared_ptr<Directory> directory_;
  std::vector<SegmentId> segments_;
  LogView view_;
  LogSurvey survey_;
  bool is_accepted_ = false;  // by open()
  unsigned questions_ = 0;    // of has_been_published()
  Txid highest_txid_ = 0;
  Txid last_txid_ = 0;  // of the last frame, which is the highest but in logs that went back once
  DamagedSegment searched_;  // the segment that is being searched, damaged or not
};

Result<LogSurvey> Surveyor::run(DamagePolicy damage) {
  if (!segments_.empty()) {
    DATAWAL_TRY_ASSIGN(const Position stop, read_until_damage(damage));
    DATAWAL_TRY(search_from(stop));
  }
  for (const SegmentSummary& segment : survey_.report.segments) {
    survey_.report.bytes_checked += segment.size;
  }
  return std::move(survey_);
}

// The sound part of the log is read by the code that open() uses, so that its verdict is known.
// Gives the place where that part ends.
Result<Position> Surveyor::read_until_damage(DamagePolicy damage) {
  LogScan scan(view_, damage, {.with_control_records = true});
  enter(segments_.front());
  while (true) {
    const Result<std::optional<ScannedRecord>> next = scan.next();
    if (next && *next) {
      const ScannedRecord& record = **next;
      enter(record.ref.segment);
      note_frame(record.ref.offset, record.type, record.txid);
      current().size = record.ref.offset + record.ref.size;
      continue;
    }
    if (!next && !is_refusal(next.error())) return std::unexpected(next.error());
    std::optional<Error>& refusal = survey_.report.refusal;
    if (!next && !refusal) refusal = next.error();
    is_accepted_ = !refusal;
    break;
  }
  TailReport& tail = survey_.report.tail = scan.report().tail;
  if (!is_accepted_ && tail.size > 0) tail.kind = TailKind::kDamaged;
  const Position stop = scan.facts().end;
  enter(stop.segment);
  return stop;
}

Status Surveyor::search_from(Position begin) {
  const TailReport& tail = survey_.report.tail;
  if (is_accepted_ && (tail.kind == TailKind::kClean || tail.kind == TailKind::kUnused)) {
    current().size = begin.offset + tail.size;
    return {};
  }
  for (auto next = std::ranges::find(segments_, begin.segment); next != segments_.end(); ++next) {
    enter(*next);
    DATAWAL_TRY(search_segment(*next == begin.segment ? begin.offset : 0));
  }
  return {};
}

Status Surveyor::search_segment(std::uint64_t begin) {
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<const File> file, view_.open(current().id));
  searched_ = {.id = current().id, .search_begin = begin, .search_txid = last_txid_};
  DATAWAL_TRY_ASSIGN(searched_.txid_limit, first_txid_behind(current().id));
  DATAWAL_TRY_ASSIGN(searched_.size, file->size());
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<Stretch> last_damage, search_once(*file, begin));
    if (!last_damage) break;
    DATAWAL_TRY_ASSIGN(const bool grown, has_grown(*file, *last_damage));
    if (!grown) {
      if (last_damage->offset < searched_.size) note_damage(*last_damage);
      break;
    }
    begin = last_damage->offset;
  }
  current().size = searched_.size;
  leave_damaged_segment();
  return {};
}

// Notes everything up to the end, but not the damage that reaches up to there: that is given back.
Result<std::optional<Stretch>> Surveyor::search_once(const File& file, std::uint64_t begin) {
  FrameSearch search(file, begin, searched_.size, last_txid_, searched_.txid_limit);
  std::optional<Stretch> damage;
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<Stretch> stretch, search.next_stretch());
    if (!stretch) return damage;
    if (damage) note_damage(*damage);
    damage.reset();
    if (stretch->frame) {
      note_frame(stretch->offset, stretch->frame->type, stretch->frame->txid);
      continue;
    }
    damage = stretch;
    DATAWAL_TRY_ASSIGN(const bool published, has_been_published(file, *stretch));
    if (published) return damage;
  }
}

// Whether a live writer has since added to a record that was not whole. It ends: such a record asks
// for a certain size, and is published once.
Result<bool> Surveyor::has_grown(const File& file, const Stretch& damage) {
  if (!is_last_segment()) return false;
  const std::uint64_t size_before = std::exchange(searched_.size, 0);
  DATAWAL_TRY_ASSIGN(searched_.size, file.size());
  if (searched_.size > size_before && std::holds_alternative<Truncated>(damage.damage)) return true;
  return has_been_published(file, damage);
}

// Whether what was no frame is one by now, because a live writer stores the first byte of each
// last. Not asked for ever: hostile bytes may hold millions of places to ask it of.
Result<bool> Surveyor::has_been_published(const File& file, const Stretch& damage) {
  constexpr unsigned kQuestionsMax = 64;
  if (!is_last_segment() || questions_ == kQuestionsMax) return false;
  ++questions_;
  SegmentReader reader(file, damage.offset, searched_.size, Batches::kWhole);
  DATAWAL_TRY_ASSIGN(const SegmentStep step, reader.next());
  return step == SegmentStep::kFrame;
}

Result<std::optional<Txid>> Surveyor::first_txid_behind(SegmentId segment) const {
  const auto next = std::ranges::upper_bound(segments_, segment);
  if (next == segments_.end()) return std::nullopt;
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<const File> file, view_.open(*next));
  return first_txid(*file);
}

// Goes on to `segment`, past those without a record.
void Surveyor::enter(SegmentId segment) {
  std::vector<SegmentSummary>& entered = survey_.report.segments;
  while (entered.empty() || entered.back().id < segment) {
    entered.push_back({.id = segments_[entered.size()]});
  }
}

void Surveyor::note_frame(std::uint64_t offset, RecordType type, Txid txid) {
  VerifyReport& report = survey_.report;
  const Position position{current().id, offset};
  if (report.frames_checked > 0 && txid != highest_txid_ + 1 && report.txid_gaps++ == 0) {
    report.first_txid_gap = position;
  }
  highest_txid_ = std::max(highest_txid_, txid);
  last_txid_ = txid;
  ++report.frames_checked;
  report.last_frame = position;
  SegmentSummary& segment = current();
  if (record_count(segment) == 0) segment.first_txid = txid;
  segment.last_txid = txid;
  if (type == RecordType::kRaw) ++segment.raw_records;
  if (type == RecordType::kPut) ++segment.put_records;
  if (type == RecordType::kDelete) ++segment.delete_records;
  if (segment.damages == 0) return;
  ++searched_.frames_beyond;
  if (report.damage_count == report.damages.size()) ++report.damages.back().intact_frames_beyond;
}

void Surveyor::note_damage(const Stretch& stretch) {
  SegmentSummary& segment = current();
  if (segment.damages++ == 0) {
    searched_.damage_begin = stretch.offset;
    searched_.first_damage = stretch.damage;
    searched_.frames_before = record_count(segment);
  }
  searched_.bytes_damaged += stretch.size;
  count_failure(stretch.damage);
  VerifyReport& report = survey_.report;
  if (++report.damage_count > kDamagesListedMax) return;
  report.damages.push_back(
      {.position = {segment.id, stretch.offset},
       .size = stretch.size,
       .error = {.code = decode_error_code(stretch.damage),
                 .message = stretch.batch ? torn_batch_text(stretch.damage)
                                          : decode_error_text(stretch.damage),
                 .path = (directory_->path() / segment_name(segment.id)).string(),
                 .segment = segment.id,
                 .offset = stretch.offset},
       .torn_tail = is_accepted_});
}

void Surveyor::count_failure(const DecodeOutcome& outcome) {
  VerifyReport& report = survey_.report;
  if (std::holds_alternative<CrcMismatch>(outcome)) ++report.crc_failures;
  if (std::holds_alternative<StructuralError>(outcome)) ++report.structural_failures;
  if (std::holds_alternative<Truncated>(outcome)) ++report.truncations;
}

void Surveyor::leave_damaged_segment() {
  TailReport& tail = survey_.report.tail;
  if (current().damages == 0) {
    if (is_accepted_) tail = {};  // a live writer has finished its record
    return;
  }
  searched_.is_torn_tail = is_accepted_;
  if (is_accepted_) {
    tail.position = {searched_.id, searched_.damage_begin};
    tail.size = searched_.size - searched_.damage_begin;
    tail.intact_frames_beyond = searched_.frames_beyond;
  }
  survey_.damaged.push_back(searched_);
}

}  // namespace

Result<LogSurvey> survey_log(const std::shared_ptr<Directory>& directory, const Options& options) {
  const Filesystem& filesystem = filesystem_of(options);
  Result<LogView> view = hold_log_view(directory, filesystem, options.damage);
  std::optional<Error> refusal;
  if (!view && is_refusal(view.error())) {
    refusal = view.error();
    view = hold_log_view(directory, filesystem, DamagePolicy::kLongestPrefix);
  }
  if (!view) return std::unexpected(std::move(view).error());
  return Surveyor(*std::move(view), std::move(refusal)).run(options.damage);
}

}  // namespace datawal
