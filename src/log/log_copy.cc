#include "log/log_copy.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/try.h"
#include "format/names.h"
#include "log/watermark_file.h"
#include "segment/segment_reader.h"

namespace datawal {
namespace {

constexpr std::size_t kStepSize = std::size_t{1} << 20;
// Each attempt fails only by a step of a compaction in the middle of it.
constexpr unsigned kAttemptCountMax = 100;

Status copy_bytes(const File& source, std::uint64_t size, File& target) {
  Bytes buffer(std::min<std::uint64_t>(size, kStepSize));
  for (std::uint64_t offset = 0; offset < size; offset += buffer.size()) {
    buffer.resize(std::min<std::uint64_t>(size - offset, kStepSize));
    DATAWAL_TRY_ASSIGN(const std::size_t count, source.read_at(offset, buffer));
    if (count < buffer.size()) {
      return std::unexpected(Error{.code = ErrorCode::kShortRead,
                                   .message = "the segment became shorter while it was copied; see "
                                              "what else writes to this store",
                                   .offset = offset + count});
    }
    DATAWAL_TRY(target.write_at(offset, buffer));
  }
  return target.sync();
}

SourceStamp stamp_of(const std::optional<FileIdentity>& identity) {
  if (!identity) return {};
  return {.device = identity->device,
          .inode = identity->inode,
          .size = identity->size,
          .modified_ns = identity->modified_ns};
}

}  // namespace

void LogCopy::reuse(const Directory& earlier, const BackupManifest& manifest) {
  earlier_ = &earlier;
  for (const BackupSegment& segment : manifest) earlier_segments_[segment.id] = segment;
}

Status LogCopy::take_sealed(std::shared_ptr<const SegmentSet> instant) {
  // Not owned: it outlives this.
  const std::shared_ptr<const Directory> source(std::shared_ptr<void>{}, &source_);
  for (unsigned attempt = 0; attempt < kAttemptCountMax; ++attempt) {
    if (!instant) {
      DATAWAL_TRY_ASSIGN(SegmentSet segments, SegmentSet::open(source));
      instant = std::make_shared<const SegmentSet>(std::move(segments));
    }
    DATAWAL_TRY_ASSIGN(const std::vector<SegmentId> ids, within_limit(*instant));
    DATAWAL_TRY(take(ids));
    DATAWAL_TRY_ASSIGN(const bool settled, is_settled(*instant, ids));
    if (settled) return {};
    instant.reset();
  }
  return std::unexpected(Error{.code = ErrorCode::kIo,
                               .message = "the segments were replaced again and again while they "
                                          "were copied; try again when less is going on",
                               .path = source_.path().string()});
}

Result<std::vector<SegmentId>> LogCopy::within_limit(const SegmentSet& instant) const {
  std::vector<SegmentId> ids = instant.ids();
  if (limit_) std::erase_if(ids, [&](SegmentId id) { return id > *limit_; });
  if (!ids.empty()) return ids;
  return std::unexpected(
      Error{.code = ErrorCode::kNotFound,
            .message = "there is no log in this directory: it has no segments; check the path",
            .path = source_.path().string()});
}

// Whether what has been taken is what there was at that instant: the names lead to the same files
// as then, and to those taken. In ascending order, because of two segments that become one the
// second goes after the first has changed.
Result<bool> LogCopy::is_settled(const SegmentSet& instant,
                                 const std::vector<SegmentId>& ids) const {
  std::vector<SegmentId> taken;
  taken.reserve(segments_.size() + 1);
  for (const auto& [id, segment] : segments_) taken.push_back(id);
  taken.push_back(last_->id);
  if (ids != taken) return false;
  for (const auto& [id, segment] : segments_) {
    const auto file = source_.open(segment_name(id), OpenMode::kRead);
    if (!file && file.error().code == ErrorCode::kNotFound) return false;
    if (!file) return std::unexpected(file.error());
    if ((*file)->identity() != segment.source || !instant.has(id, segment.source)) return false;
  }
  return instant.has(last_->id, last_->identity) ? is_last_current() : Result<bool>(false);
}

Result<bool> LogCopy::is_last_current() const {
  const auto file = source_.open(segment_name(last_->id), OpenMode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return false;
  if (!file) return std::unexpected(file.error());
  // It may have grown.
  const std::optional<FileIdentity> identity = (*file)->identity();
  if (!identity || !last_->identity) return identity == last_->identity;
  return identity->is_same_file(*last_->identity);
}

Status LogCopy::take(const std::vector<SegmentId>& ids) {
  if (mode_ == CopyMode::kLink) DATAWAL_TRY(source_.sync());
  const SegmentId last = ids.back();
  std::vector<SegmentId> gone;
  for (const auto& [id, segment] : segments_) {
    if (id == last || !std::ranges::binary_search(ids, id)) gone.push_back(id);
  }
  for (const SegmentId id : gone) DATAWAL_TRY(drop(id));
  for (const SegmentId id : ids) {
    Status taken = id == last ? open_last(id) : take_segment(id);
    if (!taken) return std::unexpected(error_in(id, std::move(taken).error()));
  }
  return {};
}

Status LogCopy::drop(SegmentId id) {
  segments_.erase(id);
  return target_.remove(segment_name(id));
}

// One that is gone will be missed by is_settled().
Status LogCopy::open_last(SegmentId id) {
  last_.reset();
  auto file = source_.open(segment_name(id), OpenMode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return {};
  if (!file) return std::unexpected(std::move(file).error());
  const std::optional<FileIdentity> identity = (*file)->identity();
  last_ = LastSegment{.id = id, .file = *std::move(file), .identity = identity};
  return {};
}

Status LogCopy::take_segment(SegmentId id) {
  auto file = source_.open(segment_name(id), OpenMode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return {};
  if (!file) return std::unexpected(std::move(file).error());
  Segment segment{.source = (*file)->identity()};
  const auto taken = segments_.find(id);
  if (taken != segments_.end() && taken->second.source == segment.source) return {};
  if (taken != segments_.end()) DATAWAL_TRY(drop(id));
  DATAWAL_TRY_ASSIGN(segment.size, (*file)->size());
  DATAWAL_TRY_ASSIGN(bool is_linked, link_earlier(id, **file, segment));
  if (!is_linked) {
    DATAWAL_TRY_ASSIGN(is_linked, link(id, **file, segment));
  }
  if (!is_linked) {
    DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> target,
                       target_.open(segment_name(id), OpenMode::kCreateExclusive));
    DATAWAL_TRY(copy_bytes(**file, segment.size, *target));
  }
  segments_[id] = segment;
  return {};
}

// Whoever copied the source may not have synced it.
Result<bool> LogCopy::link(SegmentId id, File& file, Segment& segment) {
  if (mode_ != CopyMode::kLink) return false;
  DATAWAL_TRY(file.sync());
  segment.origin = Origin::kLinked;
  DATAWAL_TRY_ASSIGN(const bool is_linked, target_.link(file, segment_name(id)));
  if (!is_linked) segment.origin = Origin::kCopied;
  return is_linked;
}

// The same file, not changed, has the same content. Of another one it has to be read.
Result<bool> LogCopy::link_earlier(SegmentId id, const File& file, Segment& segment) {
  const auto found = earlier_segments_.find(id);
  if (found == earlier_segments_.end()) return false;
  const BackupSegment& earlier = found->second;
  if (earlier.contents.size != segment.size) return false;
  SegmentReading reading{.contents = earlier.contents};
  const bool is_last = last_ && last_->id == id;  // what is stored through a mapping may not show
  if (is_last || !segment.source || stamp_of(segment.source) != earlier.source) {
    DATAWAL_TRY_ASSIGN(reading, read_contents(file, segment.size));
    if (reading.contents != earlier.contents) return false;
  }
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> copy,
                     earlier_->open(segment_name(id), OpenMode::kRead));
  DATAWAL_TRY_ASSIGN(const bool is_linked, target_.link(*copy, segment_name(id)));
  if (!is_linked) return false;
  segment.origin = Origin::kEarlier;
  segment.reading = reading;
  return true;
}

Status LogCopy::take_last(std::uint64_t size) {
  Segment segment{.size = size, .source = last_->identity};
  Result<bool> is_linked = link_earlier(last_->id, *last_->file, segment);
  if (!is_linked) return std::unexpected(error_in(last_->id, std::move(is_linked).error()));
  if (!*is_linked) return copy_last(size);
  segments_[last_->id] = segment;
  return {};
}

Status LogCopy::take_last_up_to(Txid txid) {
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, last_->file->size());
  Result<SegmentReading> reading = read_contents(*last_->file, size, txid);
  if (!reading) return std::unexpected(error_in(last_->id, std::move(reading).error()));
  return take_last(reading->contents.size);
}

Status LogCopy::own_last() {
  const Segment segment = segments_.at(last_->id);
  if (segment.origin != Origin::kEarlier) return {};
  DATAWAL_TRY(drop(last_->id));
  DATAWAL_TRY(copy_last(segment.size));
  Segment& owned = segments_.at(last_->id);
  Status verified = verify_segment(last_->id, owned);
  if (!verified) return std::unexpected(error_in(last_->id, std::move(verified).error()));
  return {};
}

Status LogCopy::copy_last(std::uint64_t size) {
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> target,
                     target_.open(segment_name(last_->id), OpenMode::kCreateExclusive));
  Status copied = copy_bytes(*last_->file, size, *target);
  if (!copied) return std::unexpected(error_in(last_->id, std::move(copied).error()));
  segments_[last_->id] = {
      .origin = Origin::kCopied, .size = size, .source = last_->identity, .reading = {}};
  return {};
}

Status LogCopy::verify() {
  for (auto& [id, segment] : segments_) {
    if (segment.origin == Origin::kEarlier) continue;
    Status verified = verify_segment(id, segment);
    if (!verified) return std::unexpected(error_in(id, std::move(verified).error()));
  }
  return {};
}

Status LogCopy::verify_segment(SegmentId id, Segment& segment) const {
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> file,
                     target_.open(segment_name(id), OpenMode::kRead));
  DATAWAL_TRY_ASSIGN(segment.reading, read_contents(*file, segment.size));
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, file->size());
  const std::uint64_t intact_size = segment.reading->contents.size;
  if (size == segment.size && intact_size == segment.size) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kIo,
            .message = "the copy of a segment has another size than was written to it; see whether "
                       "something else writes there, and whether the disk is failing",
            .offset = std::min(size, intact_size)});
}

bool LogCopy::is_unchanged() const {
  const auto is_same = [&](const auto& entry) {
    const auto earlier = earlier_segments_.find(entry.first);
    return earlier != earlier_segments_.end() &&
           entry.second.reading->contents == earlier->second.contents;
  };
  return segments_.size() == earlier_segments_.size() && std::ranges::all_of(segments_, is_same);
}

Result<LogCopy::Presence> LogCopy::look_for(Txid txid, std::uint32_t frame_crc) const {
  Presence found = Presence::kAbsent;
  for (const auto& [id, segment] : segments_) {
    const SegmentContents& contents = segment.reading->contents;
    if (contents.records == 0) continue;
    if (contents.last_txid == txid && contents.last_frame_crc == frame_crc) {
      return Presence::kPresent;
    }
    const bool is_beside = contents.last_txid < txid || contents.first_txid > txid;
    if (segment.origin == Origin::kEarlier || (segment.reading->ascends && is_beside)) continue;
    DATAWAL_TRY_ASSIGN(const Presence here, look_in(id, txid, frame_crc));
    if (here == Presence::kPresent) return here;
    if (here == Presence::kAnother) found = here;
  }
  return found;
}

Result<LogCopy::Presence> LogCopy::look_in(SegmentId id, Txid txid, std::uint32_t frame_crc) const {
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> file,
                     target_.open(segment_name(id), OpenMode::kRead));
  SegmentReader reader(*file, 0, segments_.at(id).size);
  Presence found = Presence::kAbsent;
  while (true) {
    DATAWAL_TRY_ASSIGN(const SegmentStep step, reader.next());
    if (step != SegmentStep::kFrame) return found;
    if (reader.frame().record.txid != txid) continue;
    if (reader.frame().crc == frame_crc) return Presence::kPresent;
    found = Presence::kAnother;
  }
}

BackupManifest LogCopy::manifest() const {
  BackupManifest manifest;
  for (const auto& [id, segment] : segments_) {
    manifest.push_back({id, segment.reading->contents, stamp_of(segment.source)});
  }
  return manifest;
}

CopyStats LogCopy::stats() const {
  CopyStats stats;
  for (const auto& [id, segment] : segments_) {
    const SegmentContents& contents = segment.reading->contents;
    stats.segments_linked += segment.origin == Origin::kLinked ? 1 : 0;
    stats.segments_copied += segment.origin == Origin::kCopied ? 1 : 0;
    stats.segments_unchanged += segment.origin == Origin::kEarlier ? 1 : 0;
    if (segment.origin == Origin::kCopied) stats.bytes_copied += contents.size;
    stats.bytes += contents.size;
    stats.records += contents.records;
    if (contents.records > 0) stats.last_txid = contents.last_txid;
  }
  return stats;
}

bool LogCopy::is_history_of(Txid txid) const {
  Txid horizon = 0;
  for (const auto& [id, segment] : segments_) horizon = std::max(horizon, segment.reading->horizon);
  Txid last = 0;
  for (const auto& [id, segment] : segments_) {
    const SegmentReading& reading = *segment.reading;
    if (reading.contents.records == 0) continue;
    const bool follows = reading.contents.first_txid == last + 1;
    const Txid gap = std::max(reading.last_gap, follows ? 0 : reading.contents.first_txid);
    const bool is_gap_explained = gap <= horizon + 1;
    if (!reading.ascends || reading.contents.first_txid <= last || !is_gap_explained) return false;
    last = reading.contents.last_txid;
    if (last < reading.batch_end) return false;
  }
  return last == txid && txid >= horizon;
}

Status LogCopy::write_watermark(const Filesystem& filesystem) {
  Watermark mark{.position = {segments_.rbegin()->first, segments_.rbegin()->second.size},
                 .boot_id = filesystem.boot_id(),
                 .clean = true};
  bool is_empty = true;
  for (const auto& [id, segment] : segments_) {
    const SegmentContents& contents = segment.reading->contents;
    if (contents.records == 0) continue;
    if (is_empty) {
      mark.first_segment = id;
      mark.first_frame_crc = contents.first_frame_crc;
    }
    is_empty = false;
    mark.txid = contents.last_txid;
    mark.frame_crc = contents.last_frame_crc;
  }
  if (is_empty) return {};
  DATAWAL_TRY_ASSIGN(WatermarkFile file, WatermarkFile::open(target_));
  DATAWAL_TRY(file.store(mark));
  return file.sync();
}

Error LogCopy::error_in(SegmentId id, Error error) const {
  if (error.path.empty()) error.path = (source_.path() / segment_name(id)).string();
  if (!error.segment) error.segment = id;
  return error;
}

}  // namespace datawal
