#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/endian.h"
#include "base/try.h"
#include "datawal/maintenance.h"
#include "format/names.h"
#include "format/unknown_frame.h"
#include "log/frame_copy.h"
#include "log/hint_file.h"
#include "log/log_survey.h"
#include "log/log_view.h"
#include "log/quarantine.h"
#include "log/watermark_file.h"
#include "segment/decode_error.h"
#include "segment/frame_search.h"
#include "segment/range_crc.h"
#include "segment/segment_reader.h"

namespace datawal {
namespace {

// Whether nothing behind the first damage stays in the segment, so that cutting it there is all.
// Not where a checkpoint shares its file: that one is replaced.
bool is_cut(const DamagedSegment& segment) {
  return segment.is_torn_tail || (segment.frames_beyond == 0 && !segment.is_shared);
}

RepairAction plan(const DamagedSegment& segment) {
  RepairAction action{.segment = segment.id, .offset = segment.damage_begin};
  action.frames_kept = segment.frames_before + (is_cut(segment) ? 0 : segment.frames_beyond);
  action.bytes_set_aside =
      is_cut(segment) ? segment.size - segment.damage_begin : segment.bytes_damaged;
  return action;
}

// Whether the first damage is a record that somebody wrote that way: its checksum holds.
Result<bool> is_of_newer_format(const File& file, const DamagedSegment& segment) {
  std::array<std::byte, kFrameHeaderSize> header{};
  DATAWAL_TRY_ASSIGN(const std::size_t count, file.read_at(segment.damage_begin, header));
  const std::optional<std::size_t> size = unknown_frame_size(ByteView(header).first(count));
  if (!size || *size > segment.size - segment.damage_begin) return false;
  const std::uint64_t crc_offset = segment.damage_begin + *size - kFrameCrcSize;
  RangeCrc range_crc(file, segment.size);
  range_crc.forget_before(segment.damage_begin);
  DATAWAL_TRY_ASSIGN(const auto computed, range_crc.of(segment.damage_begin, crc_offset));
  std::array<std::byte, kFrameCrcSize> stored{};
  DATAWAL_TRY(file.read_at(crc_offset, stored));
  return computed == load_le<std::uint32_t>(stored.data());
}

bool is_shared(const Directory& directory, SegmentId id) {
  const auto file = directory.open(segment_name(id), OpenMode::kReadWrite);
  return !file && file.error().code == ErrorCode::kNotRegularFile;
}

Status check_format(const Directory& directory, const DamagedSegment& segment) {
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> file,
                     directory.open(segment_name(segment.id), OpenMode::kRead));
  DATAWAL_TRY_ASSIGN(const bool newer, is_of_newer_format(*file, segment));
  if (!newer) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kUnsupportedVersion,
            .message = decode_error_text(segment.first_damage) +
                       " in a record whose checksum holds: a newer version of this program wrote "
                       "it, and repairing would take it out of the store; use that version",
            .path = (directory.path() / segment_name(segment.id)).string(),
            .segment = segment.id,
            .offset = segment.damage_begin});
}

// Whether open() refuses the store at a place that is not damaged: what is not known there cannot
// be mended.
bool is_newer_batch(const LogSurvey& survey) {
  const std::optional<Error>& refusal = survey.report.refusal;
  if (!refusal || refusal->code != ErrorCode::kUnsupportedVersion) return false;
  return std::ranges::none_of(survey.damaged, [&](const DamagedSegment& segment) {
    return segment.id == refusal->segment && segment.damage_begin == refusal->offset;
  });
}

Result<std::set<std::string>> list_quarantine(const Directory& directory) {
  DATAWAL_TRY_ASSIGN(const std::vector<DirectoryEntry> entries, directory.list());
  std::set<std::string> names;
  for (const DirectoryEntry& entry : entries) {
    if (is_quarantine_name(entry.name)) names.insert(entry.name);
  }
  return names;
}

// Everything that takes space or can find fault with the disk comes first, beside the segments.
// Then the watermark goes, which is known to be gone before anything that it speaks of moves. Then
// each segment changes by one call, from what it was to what it shall be. After every step, a
// repair() that starts from the beginning finds what it needs.
class Repair {
 public:
  Repair(Directory& directory, const LogSurvey& survey) : directory_(directory), survey_(survey) {}
  Repair(const Repair&) = delete;
  Repair& operator=(const Repair&) = delete;
  ~Repair();

  [[nodiscard]] Status prepare(std::vector<RepairAction>& actions);
  [[nodiscard]] Status carry_out(bool drops_watermark);

 private:
  [[nodiscard]] Status prepare_segment(const DamagedSegment& segment, RepairAction& action);
  [[nodiscard]] Status write_replacement(const DamagedSegment& segment, const File& file);
  [[nodiscard]] Result<std::unique_ptr<File>> make_replacement(SegmentId id);
  [[nodiscard]] Status replace(const DamagedSegment& segment);
  [[nodiscard]] Status cut(const DamagedSegment& segment);

  Directory& directory_;
  const LogSurvey& survey_;
  std::set<std::string> quarantine_before_;
  bool is_prepared_ = false;
  bool is_done_ = false;
};

// What has been prepared in vain goes, best effort. No segment has changed before is_prepared_, so
// that what is in quarantine then is only a copy.
Repair::~Repair() {
  if (is_done_) return;
  for (const DamagedSegment& segment : survey_.damaged) {
    if (!is_cut(segment)) (void)directory_.remove(replacement_name(segment.id));
  }
  if (is_prepared_) return;
  const auto names = list_quarantine(directory_);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!quarantine_before_.contains(name)) (void)directory_.remove(name);
  }
}

Status Repair::prepare(std::vector<RepairAction>& actions) {
  auto names = list_quarantine(directory_);
  if (!names) {
    is_prepared_ = true;  // nothing to take back
    return std::unexpected(std::move(names).error());
  }
  quarantine_before_ = *std::move(names);
  for (std::size_t index = 0; index < actions.size(); ++index) {
    DATAWAL_TRY(prepare_segment(survey_.damaged[index], actions[index]));
  }
  is_prepared_ = true;
  return {};
}

Status Repair::prepare_segment(const DamagedSegment& segment, RepairAction& action) {
  // A segment that is to be cut is opened for that already here, to learn whether it will be
  // possible.
  const OpenMode mode = is_cut(segment) ? OpenMode::kReadWrite : OpenMode::kRead;
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> file,
                     directory_.open(segment_name(segment.id), mode));
  DATAWAL_TRY_ASSIGN(action.quarantine,
                     quarantine_tail(directory_, *file, {segment.id, segment.damage_begin}));
  return is_cut(segment) ? Status{} : write_replacement(segment, *file);
}

Result<std::unique_ptr<File>> Repair::make_replacement(SegmentId id) {
  const std::string name = replacement_name(id);
  auto file = directory_.open(name, OpenMode::kCreateExclusive);
  if (file || file.error().code != ErrorCode::kAlreadyExists) return file;
  // An interrupted run has left it.
  DATAWAL_TRY(directory_.remove(name));
  return directory_.open(name, OpenMode::kCreateExclusive);
}

Status Repair::write_replacement(const DamagedSegment& segment, const File& file) {
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> replacement, make_replacement(segment.id));
  FrameCopy copy(file, segment.size, *replacement);
  // The survey has read the first part by its frames, and searched the rest; this does the same, to
  // find the same.
  SegmentReader sound_part(file, 0, segment.search_begin);
  while (true) {
    DATAWAL_TRY_ASSIGN(const SegmentStep step, sound_part.next());
    if (step != SegmentStep::kFrame) break;
    const std::size_t size = sound_part.frame().size;
    DATAWAL_TRY(copy.add(sound_part.offset() - size, size));
  }
  FrameSearch search(file, segment.search_begin, segment.size, segment.search_txid,
                     segment.txid_limit);
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<FoundFrame> frame, search.next());
    if (!frame) break;
    DATAWAL_TRY(copy.add(frame->offset, frame->header.size()));
  }
  if (copy.frames() == segment.frames_before + segment.frames_beyond) return copy.finish();
  return std::unexpected(
      Error{.code = ErrorCode::kIo,
            .message = "a segment gave other bytes when it was read a second time; see whether "
                       "something else writes to this store, and whether the disk is failing",
            .path = (directory_.path() / segment_name(segment.id)).string(),
            .segment = segment.id});
}

Status Repair::carry_out(bool drops_watermark) {
  if (drops_watermark) {
    const Status removed = directory_.remove(kWatermarkName);
    if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
    DATAWAL_TRY(directory_.sync());
  }
  for (const DamagedSegment& segment : survey_.damaged) {
    remove_hint(directory_, segment.id);
    DATAWAL_TRY(is_cut(segment) ? cut(segment) : replace(segment));
  }
  DATAWAL_TRY(directory_.sync());
  is_done_ = true;
  return {};
}

Status Repair::replace(const DamagedSegment& segment) {
  return directory_.rename(replacement_name(segment.id), segment_name(segment.id), Replace::kYes);
}

Status Repair::cut(const DamagedSegment& segment) {
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> file,
                     directory_.open(segment_name(segment.id), OpenMode::kReadWrite));
  DATAWAL_TRY(file->truncate(segment.damage_begin));
  return file->sync();
}

// Whether the watermark will be about other places, or is about records that are not there.
Result<bool> is_watermark_obsolete(const Directory& directory, const LogSurvey& survey,
                                   DamagePolicy damage) {
  DATAWAL_TRY_ASSIGN(const std::optional<Watermark> watermark, read_watermark(directory));
  if (!watermark) return false;
  return survey.report.refusal.has_value() ||
         (damage == DamagePolicy::kLongestPrefix && !survey.damaged.empty());
}

}  // namespace

Result<RepairReport> repair(const std::filesystem::path& path, Apply apply,
                            const Options& options) {
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<Directory> directory, open_store(path, options));
  std::unique_ptr<FileLock> lock;
  if (apply == Apply::kYes) {
    DATAWAL_TRY_ASSIGN(lock, directory->lock(kLockName));
  }
  DATAWAL_TRY_ASSIGN(LogSurvey survey, survey_log(directory, options));
  if (is_newer_batch(survey)) return std::unexpected(*survey.report.refusal);
  RepairReport report;
  for (DamagedSegment& segment : survey.damaged) {
    segment.is_shared = is_shared(*directory, segment.id);
    DATAWAL_TRY(check_format(*directory, segment));
    report.actions.push_back(plan(segment));
  }
  DATAWAL_TRY_ASSIGN(report.drops_watermark,
                     is_watermark_obsolete(*directory, survey, options.damage));
  if (apply == Apply::kYes && report.is_needed()) {
    Repair repair(*directory, survey);
    DATAWAL_TRY(repair.prepare(report.actions));
    DATAWAL_TRY(repair.carry_out(report.drops_watermark));
  }
  report.found = std::move(survey.report);
  return report;
}

}  // namespace datawal
