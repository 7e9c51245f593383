#include "log/log_writer.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/endian.h"
#include "base/try.h"
#include "format/names.h"
#include "log/quarantine.h"
#include "log/txid_search.h"

namespace datawal {
namespace {

// A larger buffer is given back after its frame: few logs have many of them.
constexpr std::size_t kFrameBufferKept = std::size_t{1} << 20;

constexpr std::size_t kRewriteStep = std::size_t{256} << 10;

// Whether the machine may have been running without a break since `watermark` was written.
bool may_be_boot(const Watermark& watermark, const std::array<std::byte, 16>& boot_id) {
  return boot_id == std::array<std::byte, 16>{} || boot_id == watermark.boot_id;
}

}  // namespace

LogWriter::LogWriter(const Options& options, std::unique_ptr<FileLock> lock,
                     std::unique_ptr<File> active, const LogScan& scan)
    : segment_size_max_(options.segment_size_max),
      lock_(std::move(lock)),
      view_(scan.view()),
      active_(std::move(active)),
      report_(scan.report()),
      facts_(scan.facts()),
      end_{view_.segments.back(),
           facts_.end.segment == view_.segments.back() ? facts_.end.offset : 0},
      last_txid_(report_.last_txid_seen),
      boot_id_(filesystem_of(options).boot_id()),
      tail_pending_(report_.tail.kind != TailKind::kClean) {
  view_.watermark.reset();  // from here on the writer itself knows what is durable
  if (!facts_.watermark) return;
  if (end_ < facts_.watermark->position) tail_pending_ = true;
  durable_ = std::min(facts_.watermark->position, end_);
  durable_txid_ = std::min(facts_.watermark->txid, last_txid_);
  // A watermark is stored after a whole sync, and that has synced the names there were.
  names_durable_ = durable_.segment == end_.segment;
  if (!may_be_boot(*facts_.watermark, boot_id_)) return;
  unproven_begin_ = durable_.segment == end_.segment ? durable_.offset : 0;
  unproven_end_ = end_.offset;
}

Status LogWriter::check_usable() const {
  if (closed_) {
    return std::unexpected(Error{.code = ErrorCode::kClosed,
                                 .message = "the log has been closed; open it again",
                                 .path = view_.directory->path().string()});
  }
  if (poison_.empty()) return {};
  return std::unexpected(Error{
      .code = ErrorCode::kPoisoned,
      .message = "datawal: writer poisoned: " + std::string(poison_) + "; drop handle and reopen",
      .path = view_.directory->path().string()});
}

std::unexpected<Error> LogWriter::poison(std::string_view reason, Error cause) {
  poison_ = reason;
  return std::unexpected(std::move(cause));
}

Result<Appended> LogWriter::append(RecordType type, ByteView key, ByteView payload) {
  DATAWAL_TRY(check_usable());
  DATAWAL_TRY(check_record_size(key, payload));
  if (last_txid_ == std::numeric_limits<Txid>::max()) {
    return std::unexpected(
        Error{.code = ErrorCode::kExhausted,
              .message = "the log has used its last txid; compact it to a new store",
              .path = view_.directory->path().string()});
  }
  if (!watermark_ || tail_pending_) DATAWAL_TRY(begin_writing());
  const std::size_t size = frame_size(key.size(), payload.size());
  DATAWAL_TRY(make_room(size));
  const MutableByteView frame = frame_buffer(size);
  DATAWAL_TRY(encode_frame(frame, {type, last_txid_ + 1, key, payload}));
  if (Status written = active_->write_at(end_.offset, frame); !written) {
    return poison("append_record write_all failed", std::move(written).error());
  }
  const RecordRef ref{end_.segment, static_cast<std::uint32_t>(size), end_.offset};
  end_.offset += size;
  ++last_txid_;
  facts_.last_frame_txid = last_txid_;
  facts_.last_frame_crc = load_le<std::uint32_t>(frame.data() + size - kFrameCrcSize);
  if (!facts_.first_segment) {
    facts_.first_segment = ref.segment;
    facts_.first_frame_crc = facts_.last_frame_crc;
  }
  shrink_frame_buffer();
  return Appended{last_txid_, ref};
}

MutableByteView LogWriter::frame_buffer(std::size_t frame_size) {
  if (frame_size > frame_capacity_) {
    frame_capacity_ = std::max<std::size_t>(frame_size, 4096);
    frame_ = std::make_unique_for_overwrite<std::byte[]>(frame_capacity_);
  }
  return {frame_.get(), frame_size};
}

void LogWriter::shrink_frame_buffer() {
  if (frame_capacity_ <= kFrameBufferKept) return;
  frame_.reset();
  frame_capacity_ = 0;
}

// What must be true on disk before the first byte of this writer: the tail is whole, what recovery
// accepted is durable, a watermark is there, and no clean mark says that nothing was written behind
// it. A log without a frame needs one too, for without it what a power cut leaves would be taken
// for the damaged store of another implementation.
Status LogWriter::begin_writing() {
  DATAWAL_TRY(mend_tail());
  if (watermark_) return {};
  if (!facts_.watermark) names_durable_ = false;  // the sidecar's name is new
  DATAWAL_TRY_ASSIGN(watermark_, WatermarkFile::open(*view_.directory));
  const Status marked = mark_unclean();
  if (!marked) watermark_.reset();
  return marked;
}

Status LogWriter::mark_unclean() {
  if (durable_ != end_ || !names_durable_) DATAWAL_TRY(sync_everything());
  DATAWAL_TRY(store_watermark(false));
  if (Status synced = watermark_->sync(); !synced) {
    return poison("fsync sync_all failed", std::move(synced).error());
  }
  return {};
}

Status LogWriter::mend_tail() {
  if (!tail_pending_) return {};
  const bool damaged = report_.tail_truncated > 0;
  if (damaged) {
    DATAWAL_TRY_ASSIGN(report_.tail.quarantine, quarantine_tail(*view_.directory, *active_, end_));
  }
  if (facts_.watermark && end_ < facts_.watermark->position) {
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
  DATAWAL_TRY(active_->truncate(end_.offset));
  if (Status synced = active_->sync(); !synced) {
    return poison("fsync sync_all failed", std::move(synced).error());
  }
  report_.tail.cut = report_.tail.kind != TailKind::kClean;
  report_.tail.deferred.reset();
  tail_pending_ = false;
  return {};
}

Status LogWriter::make_room(std::size_t frame_size) {
  if (end_.offset == 0 || end_.offset + frame_size <= segment_size_max_) return {};
  return rotate();
}

Status LogWriter::sync() {
  DATAWAL_TRY(check_usable());
  if (durable_ == end_ && names_durable_) return {};
  DATAWAL_TRY(sync_everything());
  // Best effort: a watermark may be stale, and the records are durable without it.
  if (watermark_) (void)store_watermark(false);
  return {};
}

// A process that dies after a failed sync leaves bytes in the page cache that the kernel holds for
// clean: they are read back, and no sync writes them to the disk any more. Whoever recovers them in
// the same boot has to write them again before a sync can be believed.
Status LogWriter::write_unproven_again() {
  if (unproven_begin_ >= unproven_end_) return {};
  Bytes buffer(std::min<std::uint64_t>(unproven_end_ - unproven_begin_, kRewriteStep));
  while (unproven_begin_ < unproven_end_) {
    const std::uint64_t wanted =
        std::min<std::uint64_t>(unproven_end_ - unproven_begin_, kRewriteStep);
    buffer.resize(wanted);
    DATAWAL_TRY_ASSIGN(const std::size_t count, active_->read_at(unproven_begin_, buffer));
    if (count < wanted) {
      return std::unexpected(Error{.code = ErrorCode::kShortRead,
                                   .message = "the active segment became shorter while it was "
                                              "open; see what else writes to this store",
                                   .path = view_.directory->path().string(),
                                   .segment = end_.segment,
                                   .offset = unproven_begin_ + count});
    }
    DATAWAL_TRY(active_->write_at(unproven_begin_, buffer));
    unproven_begin_ += count;
  }
  return {};
}

Status LogWriter::sync_everything() {
  if (Status written = write_unproven_again(); !written) {
    return poison("fsync sync_all failed", std::move(written).error());
  }
  if (Status synced = active_->sync(); !synced) {
    return poison("fsync sync_all failed", std::move(synced).error());
  }
  if (!names_durable_) {
    Status synced = view_.directory->sync();
    if (synced) synced = view_.directory->sync_parent();
    if (!synced) return poison("fsync fsync_dir failed", std::move(synced).error());
    names_durable_ = true;
  }
  durable_ = end_;
  durable_txid_ = last_txid_;
  return {};
}

Status LogWriter::store_watermark(bool clean) {
  return watermark_->store({.position = end_,
                            .txid = facts_.last_frame_txid,
                            .frame_crc = facts_.last_frame_crc,
                            .first_segment = facts_.first_segment.value_or(SegmentId{}),
                            .first_frame_crc = facts_.first_frame_crc,
                            .boot_id = boot_id_,
                            .empty = !facts_.first_segment,
                            .clean = clean});
}

Status LogWriter::rotate() {
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
  DATAWAL_TRY(begin_writing());
  // The old segment first: one that is no longer the last must be whole.
  if (Status synced = active_->sync(); !synced) {
    return poison("rotate sync_all on previous segment failed", std::move(synced).error());
  }
  const SegmentId next{std::to_underlying(end_.segment) + 1};
  auto created = view_.directory->open(segment_name(next), OpenMode::kCreateExclusive);
  if (!created) {
    return poison("rotate create new segment failed", std::move(created).error());
  }
  Status named = view_.directory->sync();
  if (named && !names_durable_) named = view_.directory->sync_parent();
  if (!named) {
    return poison("rotate fsync_dir after segment create failed", std::move(named).error());
  }
  active_ = *std::move(created);
  view_.segments.push_back(next);
  end_ = {next, 0};
  durable_ = end_;
  durable_txid_ = last_txid_;
  names_durable_ = true;
  // Best effort, as after every sync.
  if (store_watermark(false)) (void)watermark_->sync();
  return {};
}

Status LogWriter::close() {
  if (closed_) return {};
  Status result = check_usable();
  if (result) result = watermark_ ? sync() : Status{};
  if (result && watermark_ && store_watermark(true)) (void)watermark_->sync();
  closed_ = true;
  active_.reset();
  watermark_.reset();
  lock_.reset();
  return result;
}

RecordCursor LogWriter::scan(ScanRange range) const {
  range.end = end_;
  return RecordCursor(std::make_unique<LogScan>(view_, DamagePolicy::kRefuse, range));
}

RecordCursor LogWriter::scan_from_txid(Txid txid) const {
  return scan({.begin = find_txid(view_, txid), .txid_min = txid});
}

}  // namespace datawal
