#include "log/log_writer.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/try.h"
#include "format/frame_encoding.h"
#include "format/names.h"
#include "log/quarantine.h"
#include "log/txid_search.h"

namespace datawal {
namespace {

constexpr std::size_t kRewriteStep = std::size_t{256} << 10;

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// Work ahead of a rotation begins in front of this part of a segment, and is taken up again in the
// middle of what is left each time.
constexpr std::uint64_t kAheadPart = 4;
// So little may be left for the rotation itself to sync.
constexpr std::uint64_t kLeftPart = 128;
constexpr std::uint64_t kLeftMax = std::uint64_t{2} << 20;
// The next segment is not made before the active one has all its space, which is not to be a lot.
constexpr std::uint64_t kRestMax = std::uint64_t{64} << 20;

std::uint64_t left_for_rotation(std::uint64_t size_max) {
  return std::min(size_max / kLeftPart, kLeftMax);
}

// Whether the machine may have been running without a break since `watermark` was written.
bool may_be_boot(const Watermark& watermark, const std::array<std::byte, 16>& boot_id) {
  return boot_id == std::array<std::byte, 16>{} || boot_id == watermark.boot_id;
}

}  // namespace

LogWriter::LogWriter(const Options& options, std::unique_ptr<FileLock> lock,
                     std::unique_ptr<File> active, const LogScan& scan)
    : policy_{.may_reserve = options.reserve_space,
              .may_map = options.map_files,
              .size_max = options.segment_size_max,
              .write_through_size = filesystem_of(options).write_through_size()},
      works_ahead_(options.segment_size_max >=
                   filesystem_of(options).ahead_of_rotation().segment_size_min),
      events_(options.listener),
      lock_(std::move(lock)),
      view_(scan.view()),
      report_(scan.report()),
      facts_(scan.facts()),
      end_{view_.segments.back(),
           facts_.end.segment == view_.segments.back() ? facts_.end.offset : 0},
      // A program that appends a few records does without.
      ahead_at_(works_ahead_ ? std::max(policy_.size_max - policy_.size_max / kAheadPart,
                                        end_.offset + left_for_rotation(policy_.size_max))
                             : kNever),
      last_txid_(report_.last_txid_seen),
      boot_id_(filesystem_of(options).boot_id()),
      tail_pending_(report_.tail.kind != TailKind::kClean) {
  if (facts_.segments.empty() || facts_.segments.back().id != end_.segment) {
    facts_.segments.push_back({.id = end_.segment});
  }
  active_ = std::make_unique<SegmentWriter>(std::move(active), end_.offset, policy_);
  view_.watermark.reset();  // from here on the writer itself knows what is durable
  view_.held.reset();       // and replaces files
  if (!facts_.watermark) return;
  if (end_ < facts_.watermark->position) tail_pending_ = true;
  durable_ = std::min(facts_.watermark->position, end_);
  durable_txid_ = std::min(facts_.watermark->txid, last_txid_);
  // A watermark is stored after a whole sync, and that has synced the names there were.
  names_durable_ = durable_.segment == end_.segment;
  if (!may_be_boot(*facts_.watermark, boot_id_)) return;
  size_unproven_ = !facts_.watermark->clean;
  unproven_begin_ = durable_.segment == end_.segment ? durable_.offset : 0;
  unproven_end_ = end_.offset;
}

Error LogWriter::unusable() const {
  if (closed_) {
    return {.code = ErrorCode::kClosed,
            .message = "the log has been closed; open it again",
            .path = view_.directory->path().string()};
  }
  return {
      .code = ErrorCode::kPoisoned,
      .message = "datawal: writer poisoned: " + std::string(poison_) + "; drop handle and reopen",
      .path = view_.directory->path().string()};
}

std::unexpected<Error> LogWriter::poison(std::string_view reason, Error cause) {
  if (poison_.empty()) events_.push(Poisoned{std::string(reason), cause});
  poison_ = reason;
  return std::unexpected(std::move(cause));
}

Error LogWriter::txids_used_up() const {
  return {.code = ErrorCode::kExhausted,
          .message = "the log has used its last txid; compact it to a new store",
          .path = view_.directory->path().string()};
}

Result<Appended> LogWriter::append(RecordType type, ByteView key, ByteView payload) {
  DATAWAL_TRY(check_usable());
  DATAWAL_TRY(check_record_type(type));
  if (!is_record_size(key, payload)) DATAWAL_TRY(check_record_size(key, payload));
  if (type == RecordType::kRaw) DATAWAL_TRY(check_key_allowed(type, key));
  DATAWAL_TRY(check_txids_left(1));
  const LatencyTimer timer(last_txid_ % LogStats::kSampleEvery == 0 ? &stats_->append : nullptr);
  const std::size_t size = frame_size(key.size(), payload.size());
  DATAWAL_TRY(make_room(size));
  const RecordView record{type, last_txid_ + 1, key, payload};
  Result<std::uint32_t> crc = active_->append(record);
  if (!crc) return poison("append_record write_all failed", std::move(crc).error());
  const RecordRef ref{end_.segment, static_cast<std::uint32_t>(size), end_.offset};
  stats_->note_append(type, size);
  facts_.segments.back().add(record, size, *crc);
  note_appended(size, 1, {*crc, *crc});
  return Result<Appended>(std::in_place, last_txid_, ref);
}

Result<AppendedBatch> LogWriter::append_batch(const WriteBatch& batch) {
  DATAWAL_TRY(check_usable());
  if (batch.empty()) return AppendedBatch{last_txid_ + 1, last_txid_, end_.segment, end_.offset};
  if (batch.size() == 1) {
    const RecordView record = batch[0];
    DATAWAL_TRY_ASSIGN(const Appended appended, append(record.type, record.key, record.payload));
    return AppendedBatch{appended.txid, appended.txid, appended.ref.segment, appended.ref.offset};
  }
  DATAWAL_TRY(check_txids_left(batch.size() + 1));
  DATAWAL_TRY(make_room(batch.byte_size()));
  auto checksums = active_->append_batch(batch, last_txid_ + 1);
  if (!checksums) return poison("append_batch write_all failed", std::move(checksums).error());
  const Txid announced = last_txid_ + 1;
  const Position begin = end_;
  note_batch(batch, announced, checksums->first);
  note_appended(batch.byte_size(), batch.size() + 1, *checksums);
  return AppendedBatch{announced + 1, last_txid_, begin.segment, begin.offset + kBatchFrameSize};
}

void LogWriter::note_batch(const WriteBatch& batch, Txid announced, std::uint32_t first_crc) {
  SegmentFacts& segment = facts_.segments.back();
  segment.add_announcement(announced, kBatchFrameSize, first_crc);
  for (std::size_t index = 0; index < batch.size(); ++index) {
    RecordView record = batch[index];
    record.txid = announced + 1 + index;
    const std::size_t size = frame_size(record.key.size(), record.payload.size());
    // The checksum is remembered of a segment's first frame only, which is none of these.
    segment.add(record, size, 0);
    stats_->note_append(record.type, size);
  }
}

void LogWriter::note_appended(std::size_t size, std::uint64_t frame_count,
                              BatchChecksums checksums) {
  end_.offset += size;
  last_txid_ += frame_count;
  facts_.last_frame_txid = last_txid_;
  facts_.last_frame_crc = checksums.last;
  if (facts_.first_segment) return;
  facts_.first_segment = end_.segment;
  facts_.first_frame_crc = checksums.first;
}

// What must be true on disk before the first byte of this writer: the tail is whole, what recovery
// accepted is durable, a watermark is there, and no clean mark says that nothing was written behind
// it. A log without a frame needs one too, for without it what a power cut leaves would be taken
// for the damaged store of another implementation.
Status LogWriter::begin_writing() {
  DATAWAL_TRY(mend_tail());
  if (watermark_) return {};
  if (!facts_.watermark) names_durable_ = false;  // the sidecar's name is new
  DATAWAL_TRY_ASSIGN(WatermarkFile sidecar, WatermarkFile::open(*view_.directory));
  DATAWAL_TRY(sync());
  stored_ = watermark_here();
  DATAWAL_TRY(sidecar.store(stored_));
  if (Status synced = sidecar.sync(); !synced) {
    return poison("fsync sync_all failed", std::move(synced).error());
  }
  watermark_ = std::move(sidecar);
  return {};
}

Status LogWriter::mend_tail() {
  if (!tail_pending_) return {};
  const bool damaged = report_.tail_truncated > 0;
  const bool lowers_watermark = facts_.watermark && end_ < facts_.watermark->position;
  if (damaged) {
    DATAWAL_TRY_ASSIGN(report_.tail.quarantine,
                       quarantine_tail(*view_.directory, active_->file(), end_));
  }
  if (lowers_watermark) {
    // The caller asked for the longest prefix: acknowledged records go, and the watermark must not
    // miss them.
    DATAWAL_TRY_ASSIGN(WatermarkFile mark, WatermarkFile::open(*view_.directory));
    Watermark lowered = *facts_.watermark;
    lowered.position = end_;
    lowered.txid = facts_.last_frame_txid;
    lowered.frame_crc = facts_.last_frame_crc;
    lowered.clean = false;
    DATAWAL_TRY(mark.store(lowered));
    DATAWAL_TRY(mark.sync());
  }
  DATAWAL_TRY(active_->file().truncate(end_.offset));
  if (damaged || lowers_watermark) {
    if (Status synced = active_->sync(); !synced) {
      return poison("fsync sync_all failed", std::move(synced).error());
    }
  } else {
    // Zeros that a power cut brings back are unused again, so that nobody need wait for the disk
    // before the first append does.
    size_unproven_ = true;
  }
  if (damaged) {
    ++stats_->tails_quarantined;
    events_.push(TailQuarantined{end_, report_.tail.size, report_.tail.quarantine});
  }
  report_.tail.cut = report_.tail.kind != TailKind::kClean;
  report_.tail.deferred.reset();
  tail_pending_ = false;
  return {};
}

Status LogWriter::begin_or_rotate(std::size_t size) {
  if (!watermark_ || tail_pending_) DATAWAL_TRY(begin_writing());
  if (has_room(size)) return {};
  return begin_segment(works_ahead_ ? Naming::kWithNextSync : Naming::kDurable);
}

void LogWriter::note_ahead_asked() {
  if (!works_ahead_) {
    ahead_at_ = kNever;
    return;
  }
  const std::uint64_t left = policy_.size_max - std::min(end_.offset, policy_.size_max);
  const std::uint64_t next = std::min(left / 2, policy_.size_max / kAheadPart);
  ahead_at_ = next < left_for_rotation(policy_.size_max) ? kNever : policy_.size_max - next;
}

// Not before the active segment has all the space that it will need: the one that comes next must
// not be what it lacks.
Result<std::optional<NextSegmentPlan>> LogWriter::plan_next() {
  DATAWAL_TRY(check_usable());
  const std::uint64_t begin = policy_.size_max - std::min(policy_.size_max / kAheadPart, kRestMax);
  if (!policy_.may_reserve || end_.offset < begin || end_.segment >= kSegmentIdMax) {
    return std::nullopt;
  }
  const SegmentId id{std::to_underlying(end_.segment) + 1};
  if (planned_ == id) return std::nullopt;
  const Result<bool> reserved = active_->reserve_rest();
  if (!reserved) return poison("append_record write_all failed", reserved.error());
  if (!*reserved) return std::nullopt;
  planned_ = id;
  return NextSegmentPlan{id, policy_};
}

void LogWriter::offer(std::unique_ptr<NextSegment> next) {
  if (!closed_ && next->id() > end_.segment) next_ = std::move(next);
}

void LogWriter::sync_watermark() {
  if (watermark_) (void)watermark_->sync();  // best effort, as after every sync
}

Status LogWriter::sync() {
  DATAWAL_TRY_ASSIGN(const std::optional<SyncTarget> target, begin_sync());
  return target ? end_sync(*target, run_sync(*target)) : Status{};
}

Result<std::optional<LogWriter::SyncTarget>> LogWriter::begin_sync() {
  DATAWAL_TRY(check_usable());
  if (durable_ == end_ && names_durable_ && !size_unproven_) return std::nullopt;
  if (Status written = write_unproven_again(); !written) {
    return poison("fsync sync_all failed", std::move(written).error());
  }
  return SyncTarget{
      .watermark = watermark_here(), .last_txid = last_txid_, .names = !names_durable_};
}

LogWriter::SyncOutcome LogWriter::run_sync(const SyncTarget& target) const {
  const LatencyTimer timer(&stats_->sync);
  if (Status synced = active_->sync(); !synced) return {"fsync sync_all failed", std::move(synced)};
  if (!target.names) return {{}, {}};
  Status synced = view_.directory->sync();
  if (synced) synced = view_.directory->sync_parent();
  return {"fsync fsync_dir failed", std::move(synced)};
}

Status LogWriter::end_sync(const SyncTarget& target, SyncOutcome outcome) {
  ++(outcome.status ? stats_->syncs : stats_->sync_failures);
  if (!outcome.status) return poison(outcome.reason, std::move(outcome.status).error());
  if (target.names) names_durable_ = true;
  active_->note_sync();
  durable_ = target.watermark.position;
  durable_txid_ = target.last_txid;
  // Best effort: a watermark may be stale, and the records are durable without it.
  if (watermark_) (void)store_watermark(target.watermark);
  return {};
}

// A process that dies after a failed sync leaves bytes in the page cache that the kernel holds for
// clean: they are read back, and no sync writes them to the disk any more. Whoever recovers them in
// the same boot has to write them again before a sync can be believed. The same goes for the end of
// the file, which such a process may have cut.
Status LogWriter::write_unproven_again() {
  if (size_unproven_) {
    DATAWAL_TRY(active_->file().truncate(end_.offset + 1));
    DATAWAL_TRY(active_->file().truncate(end_.offset));
    size_unproven_ = false;
  }
  if (unproven_begin_ >= unproven_end_) return {};
  Bytes buffer(std::min<std::uint64_t>(unproven_end_ - unproven_begin_, kRewriteStep));
  while (unproven_begin_ < unproven_end_) {
    const std::uint64_t wanted =
        std::min<std::uint64_t>(unproven_end_ - unproven_begin_, kRewriteStep);
    buffer.resize(wanted);
    DATAWAL_TRY_ASSIGN(const std::size_t count, active_->file().read_at(unproven_begin_, buffer));
    if (count < wanted) {
      return std::unexpected(Error{.code = ErrorCode::kShortRead,
                                   .message = "the active segment became shorter while it was "
                                              "open; see what else writes to this store",
                                   .path = view_.directory->path().string(),
                                   .segment = end_.segment,
                                   .offset = unproven_begin_ + count});
    }
    DATAWAL_TRY(active_->file().write_at(unproven_begin_, buffer));
    unproven_begin_ += count;
  }
  return {};
}

Watermark LogWriter::watermark_here() const {
  return {.position = end_,
          .txid = facts_.first_segment ? facts_.last_frame_txid : 0,
          .frame_crc = facts_.first_segment ? facts_.last_frame_crc : 0,
          .first_segment = facts_.first_segment.value_or(SegmentId{}),
          .first_frame_crc = facts_.first_frame_crc,
          .boot_id = boot_id_,
          .empty = !facts_.first_segment,
          .clean = false};
}

Status LogWriter::store_watermark(Watermark watermark) {
  stored_ = watermark;
  return watermark_->store(watermark);
}

Status LogWriter::begin_segment(Naming naming) {
  DATAWAL_TRY(check_usable());
  if (end_.segment >= kSegmentIdMax) {
    return std::unexpected(
        Error{.code = ErrorCode::kExhausted,
              .message = "segment ids have run out at " +
                         std::to_string(std::to_underlying(kSegmentIdMax)) +
                         ", which is all that eight digits hold; compact the store to a new one",
              .path = view_.directory->path().string(),
              .segment = end_.segment});
  }
  const LatencyTimer timer(&stats_->rotation);
  DATAWAL_TRY(begin_writing());
  // The old segment first: one that is no longer the last must be whole.
  Status synced = active_->cut_unused();
  if (synced) synced = active_->sync();
  if (!synced) {
    return poison("rotate sync_all on previous segment failed", std::move(synced).error());
  }
  // Never more than one name that is not durable: without it, the log is what it was before.
  if (!names_durable_) DATAWAL_TRY(sync_segment_names());
  const SegmentId next{std::to_underlying(end_.segment) + 1};
  auto created = create_segment(next);
  if (!created) {
    return poison("rotate create new segment failed", std::move(created).error());
  }
  names_durable_ = false;
  if (naming == Naming::kDurable) DATAWAL_TRY(sync_segment_names());
  view_.segments.push_back(next);
  facts_.segments.push_back({.id = next});
  events_.push(SegmentRotated{end_.segment, end_.offset, next});
  ++stats_->rotations;
  stats_->segments += active_->counts();
  end_ = {next, 0};
  ended_ = std::exchange(active_, *std::move(created));
  durable_ = end_;
  durable_txid_ = last_txid_;
  ahead_at_ = 0;
  if (naming == Naming::kWithNextSync) return {};  // the rest is left to others
  ended_.reset();
  note_ahead_asked();
  // Best effort, as after every sync.
  if (store_watermark(watermark_here())) (void)watermark_->sync();
  return {};
}

// The file that was made ahead, or a new one.
Result<std::unique_ptr<SegmentWriter>> LogWriter::create_segment(SegmentId id) {
  if (next_) {
    const std::unique_ptr<NextSegment> next = std::move(next_);
    auto published = next->publish();
    if (published || published.error().code != ErrorCode::kNotFound) return published;
    // Somebody has removed it.
  }
  DATAWAL_TRY_ASSIGN(std::unique_ptr<File> file,
                     view_.directory->open(segment_name(id), OpenMode::kCreateExclusive));
  return std::make_unique<SegmentWriter>(std::move(file), 0, policy_);
}

// The directory's own name is durable: nothing is rotated before a sync of all names there were.
Status LogWriter::sync_segment_names() {
  if (Status named = view_.directory->sync(); !named) {
    return poison("rotate fsync_dir after segment create failed", std::move(named).error());
  }
  names_durable_ = true;
  return {};
}

// Leaves nothing but whole frames, all of them durable, and the mark that says so.
Status LogWriter::finish() {
  if (active_->has_unused()) {
    Status cut = active_->cut_unused();
    if (!cut) return poison("close truncate failed", std::move(cut).error());
    durable_ = {};  // as long as the cut is not
  }
  DATAWAL_TRY(sync());
  Watermark watermark = watermark_here();
  watermark.clean = true;
  if (store_watermark(watermark)) (void)watermark_->sync();
  return {};
}

Status LogWriter::close() {
  if (closed_) return {};
  Status result = check_usable();
  if (result && watermark_) result = finish();
  closed_ = true;
  next_.reset();  // while nobody else can have made one
  ended_.reset();
  stats_->segments += active_->counts();
  active_.reset();
  watermark_.reset();
  lock_.reset();
  return result;
}

Status LogWriter::prepare() {
  DATAWAL_TRY(check_usable());
  return !watermark_ || tail_pending_ ? begin_writing() : Status{};
}

// A sidecar that is bound to a frame which is no longer there counts as another log's. So it is
// bound to another one first, and durably: what is replaced may be so for a power cut, whatever
// has been synced.
Status LogWriter::bind_watermark_elsewhere(std::span<const SegmentId> ids) {
  const auto is_replaced = [&](SegmentId id) { return std::ranges::find(ids, id) != ids.end(); };
  if (!facts_.first_segment || !is_replaced(*facts_.first_segment)) return {};
  const auto is_fit = [&](const SegmentFacts& segment) {
    return segment.records > 0 && !is_replaced(segment.id);
  };
  const auto other = std::ranges::find_if(facts_.segments, is_fit);
  Watermark watermark = stored_;
  watermark.empty = other == facts_.segments.end();
  watermark.first_segment = watermark.empty ? SegmentId{} : other->id;
  watermark.first_frame_crc = watermark.empty ? 0 : other->first_crc;
  if (watermark.empty) {
    watermark.txid = 0;
    watermark.frame_crc = 0;
  }
  DATAWAL_TRY(store_watermark(watermark));
  if (Status synced = watermark_->sync(); !synced) {
    return poison("fsync sync_all failed", std::move(synced).error());
  }
  facts_.first_segment = watermark.empty ? std::nullopt : std::optional(other->id);
  facts_.first_frame_crc = watermark.first_frame_crc;
  return {};
}

Status LogWriter::replace_segments(std::span<const SegmentId> ids, const SegmentFacts& by,
                                   const std::function<Status()>& replace) {
  DATAWAL_TRY(prepare());
  DATAWAL_TRY(bind_watermark_elsewhere(ids));
  DATAWAL_TRY(replace());
  const auto is_gone = [&](SegmentId id) {
    return id != by.id && std::ranges::find(ids, id) != ids.end();
  };
  std::erase_if(view_.segments, is_gone);
  std::erase_if(facts_.segments, [&](const SegmentFacts& segment) { return is_gone(segment.id); });
  *std::ranges::find(facts_.segments, by.id, &SegmentFacts::id) = by;
  if (!facts_.first_segment && by.records > 0) {
    facts_.first_segment = by.id;
    facts_.first_frame_crc = by.first_crc;
  }
  return {};
}

IndexCoverage LogWriter::coverage() const {
  const LogTotals log = add_up(facts_.segments);
  return {.end = end_,
          .last_txid = last_txid_,
          .last_frame_txid = facts_.last_frame_txid,
          .last_frame_crc = facts_.last_frame_crc,
          .first_segment = facts_.first_segment,
          .first_frame_crc = facts_.first_frame_crc,
          .records = log.records,
          .txid_gaps = log.txid_gaps,
          .first_txid_gap = log.first_txid_gap};
}

RecordCursor LogWriter::scan(ScanRange range) const {
  range.end = end_;
  return scan_view(held_view(), range);
}

RecordCursor LogWriter::scan_from_txid(Txid txid) const {
  Result<LogView> view = held_view();
  const std::optional<Position> begin = view ? find_txid(*view, txid) : std::nullopt;
  return scan_view(std::move(view), {.begin = begin, .end = end_, .txid_min = txid});
}

// While nobody appends, nobody replaces a segment either.
Result<LogView> LogWriter::held_view() const {
  LogView view = view_;
  DATAWAL_TRY_ASSIGN(SegmentSet segments, SegmentSet::open(view.directory, view.segments));
  view.held = std::make_shared<const SegmentSet>(std::move(segments));
  return view;
}

RecordCursor LogWriter::scan_view(Result<LogView> view, const ScanRange& range) const {
  if (view) return RecordCursor(std::make_unique<LogScan>(*view, DamagePolicy::kRefuse, range));
  auto scan = std::make_unique<LogScan>(view_, DamagePolicy::kRefuse, range);
  scan->fail(std::move(view).error());
  return RecordCursor(std::move(scan));
}

}  // namespace datawal
