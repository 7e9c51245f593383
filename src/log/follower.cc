#include "log/follower.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "base/endian.h"
#include "base/try.h"
#include "format/compaction_mark.h"
#include "format/names.h"
#include "log/log_scan.h"
#include "log/segment_list.h"
#include "log/torn_batch.h"
#include "log/txid_search.h"
#include "segment/decode_error.h"
#include "segment/frame_batches.h"

namespace datawal {
namespace {

// A watch may miss what is written through a mapping or from another machine.
constexpr std::chrono::milliseconds kPollInterval{50};

// Keeps the sum of now and any timeout a point in time.
constexpr std::chrono::milliseconds kTimeoutMax = std::chrono::hours{24 * 365};

// The stored checksum of the frame that ends at `offset`; 0 at the start of a segment.
Result<std::uint32_t> read_crc_before(const File& file, std::uint64_t offset) {
  std::array<std::byte, kFrameCrcSize> bytes{};
  if (offset >= bytes.size()) DATAWAL_TRY(file.read_at(offset - bytes.size(), bytes));
  return load_le<std::uint32_t>(bytes.data());
}

// Where that is not to be known, all are taken for the same.
bool is_same_file(const File& left, const File& right) {
  const std::optional<FileIdentity> left_identity = left.identity();
  const std::optional<FileIdentity> right_identity = right.identity();
  return !left_identity || !right_identity || left_identity->is_same_file(*right_identity);
}

}  // namespace

FollowerState::FollowerState(LogView view, Filesystem& filesystem,
                             std::unique_ptr<DirectoryWatch> watch)
    : view_(std::move(view)), filesystem_(filesystem), watch_(std::move(watch)) {}

FollowerState::Made FollowerState::from_txid(std::shared_ptr<Directory> directory,
                                             Filesystem& filesystem, Txid from) {
  DATAWAL_TRY_ASSIGN(std::unique_ptr<DirectoryWatch> watch, directory->watch());
  DATAWAL_TRY_ASSIGN(LogView view,
                     hold_log_view(std::move(directory), filesystem, DamagePolicy::kRefuse));
  auto state = std::make_unique<FollowerState>(view, filesystem, std::move(watch));
  if (from == 0) {
    state->catch_up_with(view.held);
    return state;
  }
  LogScan scan(view, DamagePolicy::kRefuse,
               {.begin = find_txid(view, from), .with_control_records = true});
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, scan.next());
    if (!record) break;
    if (record->txid < from) continue;
    if (decode_compaction_mark(*record)) {
      return state->gap("txid " + std::to_string(from) +
                        " may have been left out by a compaction; start from 0 for the oldest "
                        "record there is");
    }
    if (record->txid > from) {
      return state->gap(
          "txid " + std::to_string(from) + " is no longer in the log, the next there is " +
          std::to_string(record->txid) + "; start from that, or from 0 for the oldest");
    }
    DATAWAL_TRY(state->enter_at(view, record->ref.position(), from - 1));
    return state;
  }
  const Txid last = scan.report().last_txid_seen;
  if (last + 1 != from) {
    return state->gap(
        "txid " + std::to_string(from) + " is not in the log, which ends with txid " +
        std::to_string(last) +
        "; records that were seen before are gone, start from 0 for the oldest there is");
  }
  if (!view.segments.empty()) DATAWAL_TRY(state->enter_at(view, scan.facts().end, last));
  return state;
}

FollowerState::Made FollowerState::from_end(std::shared_ptr<Directory> directory,
                                            Filesystem& filesystem) {
  DATAWAL_TRY_ASSIGN(std::unique_ptr<DirectoryWatch> watch, directory->watch());
  DATAWAL_TRY_ASSIGN(LogView view,
                     hold_log_view(std::move(directory), filesystem, DamagePolicy::kRefuse));
  auto state = std::make_unique<FollowerState>(view, filesystem, std::move(watch));
  LogScan scan(view, DamagePolicy::kRefuse, {.begin = find_txid(view, ~Txid{0})});
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, scan.next());
    if (!record) break;
  }
  if (!view.segments.empty()) {
    DATAWAL_TRY(state->enter_at(view, scan.facts().end, scan.report().last_txid_seen));
  }
  return state;
}

// The position is one in the file that the view has: its name may lead to another one by now.
Status FollowerState::enter_at(const LogView& view, Position position, Txid seen) {
  start_ = position;
  segment_ = position.segment;
  seen_ = seen;
  DATAWAL_TRY_ASSIGN(std::shared_ptr<const File> file, view.open(segment_));
  return enter_file(std::move(file));
}

Result<std::optional<ScannedRecord>> FollowerState::next(std::chrono::milliseconds timeout) {
  const auto deadline =
      filesystem_.now() + std::clamp(timeout, std::chrono::milliseconds::zero(), kTimeoutMax);
  while (!failure_) {
    const Result<Availability> found = look();
    if (!found) {
      failure_ = found.error();
      break;
    }
    if (*found == Availability::kRecord) return record_;
    if (*found == Availability::kLookAgain) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - filesystem_.now());
    if (left.count() <= 0) return std::nullopt;
    watch_->wait(std::min(left, kPollInterval));
  }
  return std::unexpected(*failure_);
}

Result<FollowerState::Availability> FollowerState::look() {
  if (!reader_) return enter_segment();
  DATAWAL_TRY_ASSIGN(const SegmentStep step, reader_->next());
  return step == SegmentStep::kFrame ? take_frame() : look_behind(step);
}

Result<FollowerState::Availability> FollowerState::enter_segment() {
  if (!start_ && catching_up_) start_ = Position{catching_up_->ids().front(), 0};
  if (!start_) {
    DATAWAL_TRY_ASSIGN(const std::vector<SegmentId> segments, list_segments(*view_.directory));
    if (segments.empty()) return Availability::kNothing;
    start_ = Position{segments.front(), 0};
  }
  segment_ = start_->segment;
  if (catching_up_ && segment_ > catching_up_->ids().back()) catching_up_.reset();
  Result<std::shared_ptr<const File>> opened =
      catching_up_ ? catching_up_->file(segment_) : open_by_name();
  if (!opened && opened.error().code == ErrorCode::kNotFound) {
    DATAWAL_TRY(enter_joined());
    return Availability::kLookAgain;
  }
  if (!opened) return std::unexpected(std::move(opened).error());
  DATAWAL_TRY(enter_file(*std::move(opened)));
  return Availability::kLookAgain;
}

Status FollowerState::enter_file(std::shared_ptr<const File> file) {
  file_ = std::move(file);
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, file_->size());
  DATAWAL_TRY_ASSIGN(crc_before_, read_crc_before(*file_, start_->offset));
  reader_.emplace(*file_, start_->offset, size, Batches::kWhole);
  judged_.reset();
  return {};
}

void FollowerState::catch_up_with(std::shared_ptr<const SegmentSet> segments) {
  if (!segments->ids().empty()) catching_up_ = std::move(segments);
}

Result<std::shared_ptr<const File>> FollowerState::open_by_name() const {
  return view_.directory->open(segment_name(segment_), OpenMode::kRead);
}

// The segments of one moment are all there is to be known of what was written before it: what a
// compaction has left out of them is of no consequence. Later, a mark that is met may stand for a
// record that has not been given: the next one tells whether there is a gap.
Result<FollowerState::Availability> FollowerState::take_frame() {
  const DecodedFrame& frame = reader_->frame();
  const Txid txid = frame.record.txid;
  if (!catching_up_ && seen_ && txid > *seen_ + 1) {
    return gap("the record after txid " + std::to_string(*seen_) + " has txid " +
               std::to_string(txid) +
               ": those between are gone; start from there, or from 0 for the oldest there is");
  }
  const Position position{segment_, reader_->offset() - frame.size};
  const auto& announcement = reader_->announcement();
  if (announcement && !announcement->is_supported()) {
    return std::unexpected(unsupported_batch(*announcement, *view_.directory, position));
  }
  if (last_ && txid <= last_->txid) {
    DATAWAL_TRY_ASSIGN(const std::optional<Availability> passed, pass_copies(position));
    if (passed) return *passed;
  }
  crc_before_ = frame.crc;
  if (decode_compaction_mark(frame.record)) {
    if (catching_up_) seen_ = std::max(seen_.value_or(0), txid);
    return Availability::kLookAgain;
  }
  seen_ = txid;
  if (announcement) return Availability::kLookAgain;  // all of the batch is there
  last_ = {txid, frame.crc};
  static_cast<RecordView&>(record_) = frame.record;
  record_.ref = {segment_, static_cast<std::uint32_t>(frame.size), position.offset};
  return Availability::kRecord;
}

// The txids go back at `position`. What has been given already, with a segment that this one was
// joined to, is passed over; nullopt if that is not what this is.
Result<std::optional<FollowerState::Availability>> FollowerState::pass_copies(Position position) {
  if (!copies_end_ || position >= *copies_end_) {
    DATAWAL_TRY_ASSIGN(copies_end_, find_copies_end());
  }
  if (copies_end_ && position < *copies_end_) {
    crc_before_ = reader_->frame().crc;
    return Availability::kLookAgain;
  }
  if (catching_up_) return std::nullopt;
  // What was to be found may have been removed meanwhile: the segment itself before it.
  DATAWAL_TRY_ASSIGN(const bool is_named, is_still_named());
  if (is_named) return std::nullopt;
  DATAWAL_TRY(enter_joined());
  return Availability::kLookAgain;
}

Result<std::optional<Position>> FollowerState::find_copies_end() const {
  std::vector<SegmentId> segments;
  if (catching_up_) {
    segments = catching_up_->ids();
  } else {
    DATAWAL_TRY_ASSIGN(segments, list_segments(*view_.directory));
  }
  std::erase_if(segments, [this](SegmentId id) { return id <= segment_; });
  segments.insert(segments.begin(), segment_);
  const OpenSegment open = [this](SegmentId id) -> Result<std::shared_ptr<const File>> {
    if (id == segment_) return file_;
    if (catching_up_) return catching_up_->file(id);
    return view_.directory->open(segment_name(id), OpenMode::kRead);
  };
  return find_end_of_copies(segments, open, *last_);
}

// Nothing more decodes here. In this order: has a later segment come, has this one grown; for a
// writer finishes one segment before it names the next.
Result<FollowerState::Availability> FollowerState::look_behind(SegmentStep step) {
  const std::uint64_t offset = reader_->offset();
  const DecodeOutcome damage = reader_->damage();
  const bool is_batch = reader_->announcement().has_value();
  DATAWAL_TRY_ASSIGN(const std::optional<SegmentId> later, next_segment());
  DATAWAL_TRY_ASSIGN(const bool changed, is_sealed_in_set() ? Result<bool>(false) : reopen());
  if (changed) return Availability::kLookAgain;
  if (step == SegmentStep::kDamage && later) {
    // The last frames of the segment may have been stored to reserved space, between the look that
    // found none and the one that found the next segment.
    DATAWAL_TRY_ASSIGN(step, reader_->next());
    if (step == SegmentStep::kFrame) return take_frame();
  }
  if (step == SegmentStep::kDamage && later) {
    return std::unexpected(
        Error{.code = ErrorCode::kCorruption,
              .message = (is_batch ? torn_batch_text(damage) : decode_error_text(damage)) +
                         " in a sealed segment; run 'datawal verify' to see the extent",
              .path = (view_.directory->path() / segment_name(segment_)).string(),
              .segment = segment_,
              .offset = offset});
  }
  if (step == SegmentStep::kDamage) return judge_damage();
  if (!later) return Availability::kNothing;
  start_ = Position{*later, 0};
  reader_.reset();
  return Availability::kLookAgain;
}

// Opens the segment's file anew, because a file of that name may be another one by now. True if
// there is something new to read.
Result<bool> FollowerState::reopen() {
  Result<std::shared_ptr<const File>> opened = open_by_name();
  if (!opened && opened.error().code == ErrorCode::kNotFound) {
    DATAWAL_TRY(enter_joined());
    return true;
  }
  if (!opened) return std::unexpected(std::move(opened).error());
  DATAWAL_TRY_ASSIGN(const bool is_compacted, enter_compacted(*opened));
  if (is_compacted) return true;
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, (*opened)->size());
  const std::uint64_t offset = reader_->offset();
  if (size < offset) {
    return gap("the log has been cut to " + std::to_string(size) +
               " bytes, before what was followed; start from 0 for the oldest record");
  }
  DATAWAL_TRY_ASSIGN(const std::uint32_t crc, read_crc_before(**opened, offset));
  if (crc != crc_before_) {
    return gap("the log has been begun anew; start from 0 for its oldest record");
  }
  const bool changed = size != reader_->end();
  file_ = *std::move(opened);
  reader_.emplace(*file_, offset, size, Batches::kWhole);
  return changed;
}

// Whether the segment's name leads to the file that is being read.
Result<bool> FollowerState::is_still_named() const {
  const Result<std::shared_ptr<const File>> opened = open_by_name();
  if (!opened && opened.error().code == ErrorCode::kNotFound) return false;
  if (!opened) return std::unexpected(opened.error());
  return is_same_file(**opened, *file_);
}

// The segment has no name any more: a compaction has joined it to one before it, which is where to
// go on then, or somebody has removed it.
Status FollowerState::enter_joined() {
  if (!file_) return removed();
  DATAWAL_TRY_ASSIGN(const std::vector<SegmentId> segments, list_segments(*view_.directory));
  const auto end = std::ranges::lower_bound(segments, segment_);
  for (auto id = std::reverse_iterator(end); id != segments.rend(); ++id) {
    Result<std::shared_ptr<const File>> opened =
        view_.directory->open(segment_name(*id), OpenMode::kRead);
    if (!opened && opened.error().code == ErrorCode::kNotFound) continue;  // joined in turn
    if (!opened) return std::unexpected(std::move(opened).error());
    if (!reader_ && is_same_file(**opened, *file_)) return stay_in(*id);
    DATAWAL_TRY_ASSIGN(const bool is_compacted, enter_compacted(*std::move(opened)));
    if (!is_compacted) break;
    segment_ = *id;
    return {};
  }
  return removed();
}

// At the end of the segment that was left for one that is gone: it was read with what was joined to
// it, or the next record shows what is missing.
Status FollowerState::stay_in(SegmentId segment) {
  segment_ = segment;
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, file_->size());
  reader_.emplace(*file_, size, size, Batches::kWhole);
  return {};
}

// Goes on in `file`, if that is what a compaction has made of what was read; gives whether it is.
Result<bool> FollowerState::enter_compacted(std::shared_ptr<const File> file) {
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, file->size());
  DATAWAL_TRY_ASSIGN(const std::optional<std::uint64_t> behind, place_in_compacted(*file, size));
  if (!behind) return false;
  catching_up_.reset();  // of those segments it was the last
  DATAWAL_TRY_ASSIGN(crc_before_, read_crc_before(*file, *behind));
  file_ = std::move(file);
  reader_.emplace(*file_, *behind, size, Batches::kWhole);
  judged_.reset();
  return true;
}

// Where to go on in `file`, if that is what a compaction has made of the segment that was read, and
// perhaps of those behind it: behind what has been given already.
Result<std::optional<std::uint64_t>> FollowerState::place_in_compacted(const File& file,
                                                                       std::uint64_t size) const {
  if (is_same_file(file, *file_) || !seen_) return std::nullopt;
  FrameBatches frames(file, size);
  bool is_of_this_log = false;
  std::uint64_t behind = 0;
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::span<const BatchedFrame> batch, frames.next());
    if (batch.empty()) break;
    for (const BatchedFrame& frame : batch) {
      const GivenRecord here{frame.record.txid, frame.crc};
      const bool is_last = here == last_ || here == GivenRecord{*seen_, crc_before_};
      if (is_last || decode_compaction_mark(frame.record)) is_of_this_log = true;
      if (frame.record.txid <= *seen_) behind = frame.offset + frame.bytes.size();
    }
  }
  return is_of_this_log ? std::optional(behind) : std::nullopt;
}

// The last segment ends in something that is no frame: of a live writer, of one that died, or
// damage. A scan from here tells, by the rules of recovery; what it tolerates is waited for.
Result<FollowerState::Availability> FollowerState::judge_damage() {
  const std::pair place{reader_->offset(), reader_->end()};
  if (judged_ == place) return Availability::kNothing;
  Result<bool> found =
      has_record_here(load_log_view(view_.directory, filesystem_, DamagePolicy::kRefuse));
  if (!found) {
    // The segment may have been sealed and compacted meanwhile, or others.
    DATAWAL_TRY_ASSIGN(const bool is_named, is_still_named());
    if (!is_named) return Availability::kLookAgain;
    found = has_record_here(hold_log_view(view_.directory, filesystem_, DamagePolicy::kRefuse));
    if (!found) return std::unexpected(std::move(found).error());
  }
  if (*found) return Availability::kLookAgain;
  judged_ = place;
  return Availability::kNothing;
}

Result<bool> FollowerState::has_record_here(Result<LogView> view) const {
  if (!view) return std::unexpected(std::move(view).error());
  LogScan scan(*std::move(view), DamagePolicy::kRefuse,
               {.begin = Position{segment_, reader_->offset()}, .with_control_records = true});
  DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, scan.next());
  return record.has_value();
}

bool FollowerState::is_sealed_in_set() const {
  return catching_up_ && segment_ < catching_up_->ids().back();
}

Result<std::optional<SegmentId>> FollowerState::next_segment() const {
  if (is_sealed_in_set()) return *std::ranges::upper_bound(catching_up_->ids(), segment_);
  DATAWAL_TRY_ASSIGN(const std::vector<SegmentId> segments, list_segments(*view_.directory));
  const auto later = std::ranges::upper_bound(segments, segment_);
  return later == segments.end() ? std::nullopt : std::optional(*later);
}

std::unexpected<Error> FollowerState::removed() const {
  return gap("the segment that was followed has been removed; start from 0 for the oldest record");
}

std::unexpected<Error> FollowerState::gap(std::string message) const {
  return std::unexpected(Error{.code = ErrorCode::kGap,
                               .message = std::move(message),
                               .path = view_.directory->path().string()});
}

Follower::Follower(std::unique_ptr<FollowerState> state) : state_(std::move(state)) {}
Follower::Follower(Follower&&) noexcept = default;
Follower& Follower::operator=(Follower&&) noexcept = default;
Follower::~Follower() = default;

Result<std::optional<ScannedRecord>> Follower::next(std::chrono::milliseconds timeout) {
  return state_->next(timeout);
}

Txid Follower::txid() const {
  return state_->txid();
}

}  // namespace datawal
