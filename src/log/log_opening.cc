#include "log/log_opening.h"

#include <utility>

#include "base/try.h"
#include "format/names.h"
#include "log/hint_file.h"
#include "log/segment_list.h"

namespace datawal {
namespace {

constexpr std::uint64_t kSegmentSizeLimit = std::uint64_t{1} << 40;

Status check_options(const Options& options) {
  if (options.segment_size_max > 0 && options.segment_size_max <= kSegmentSizeLimit) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kInvalidArgument,
            .message = "Options::segment_size_max is " + std::to_string(options.segment_size_max) +
                       "; give a number of bytes from 1 to " + std::to_string(kSegmentSizeLimit)});
}

Status check_amplification(const Options& options) {
  if (options.space_amplification_max == 0 || options.space_amplification_max >= 1.1) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kInvalidArgument,
            .message = "Options::space_amplification_max must be 0 or at least 1.1"});
}

Status check_not_empty(const Directory& directory) {
  DATAWAL_TRY_ASSIGN(const std::vector<SegmentId> segments, list_segments(directory));
  if (!segments.empty()) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kNotFound,
            .message = "there is no log in this directory: it has no segments; check the path",
            .path = directory.path().string()});
}

Status make_first_segment(LogView& view) {
  constexpr SegmentId kFirst{1};
  DATAWAL_TRY(view.directory->open(segment_name(kFirst), OpenMode::kCreateExclusive));
  DATAWAL_TRY(view.directory->sync());
  view.segments.push_back(kFirst);
  return hold_segments(view);
}

// What a compaction that was killed was about to put in a segment's place, what a writer that was
// killed had made for the next segment, and hints of segments that are gone. Nobody's records: what
// stays takes space until the next open.
void remove_leftovers(const LogView& view, const std::vector<DirectoryEntry>& entries) {
  Directory& directory = *view.directory;
  remove_foreign_hints(directory, entries, view.segments);
  for (const DirectoryEntry& entry : entries) {
    if (entry.kind != EntryKind::kFile) continue;
    if (is_compacted_name(entry.name) || is_prepared_name(entry.name)) {
      (void)directory.remove(entry.name);
    }
  }
}

}  // namespace

LogOpening::LogOpening(const Options& options, std::unique_ptr<FileLock> lock, LogView view)
    : options_(options),
      lock_(std::move(lock)),
      scan_(std::make_unique<LogScan>(std::move(view), options.damage, ScanRange{})) {}

Result<LogOpening> LogOpening::begin(const std::filesystem::path& path, const Options& options) {
  DATAWAL_TRY(check_options(options));
  DATAWAL_TRY(check_amplification(options));
  DATAWAL_TRY_ASSIGN(std::shared_ptr<Directory> directory, options.create_if_missing
                                                               ? create_store(path, options)
                                                               : open_store(path, options));
  // Before the lock, which would leave its file behind.
  if (!options.create_if_missing) DATAWAL_TRY(check_not_empty(*directory));
  DATAWAL_TRY_ASSIGN(std::unique_ptr<FileLock> lock, directory->lock(kLockName));
  DATAWAL_TRY_ASSIGN(LockedLog log,
                     load_locked_log(std::move(directory), filesystem_of(options), options.damage));
  if (log.view.segments.empty()) DATAWAL_TRY(make_first_segment(log.view));
  remove_leftovers(log.view, log.entries);
  return LogOpening(options, std::move(lock), std::move(log.view));
}

void LogOpening::read_ahead(Hints hints) {
  if (!scan_->is_long()) return;
  ReadAhead::Settings settings = ReadAhead::settings();
  settings.uses_hints = hints == Hints::kUse;
  scan_->read_ahead(settings);
}

Result<std::unique_ptr<LogWriter>> LogOpening::finish() {
  const LogView& view = scan_->view();
  DATAWAL_TRY_ASSIGN(
      std::unique_ptr<File> active,
      view.directory->open(segment_name(view.segments.back()), OpenMode::kReadWrite));
  auto writer = std::make_unique<LogWriter>(options_, std::move(lock_), std::move(active), *scan_);
  if (Status mended = writer->mend_tail(); !mended) {
    if (writer->is_poisoned()) return std::unexpected(std::move(mended).error());
    // Typically a full disk. Reading needs no repair, and the first append tries again.
    writer->defer_mending(std::move(mended).error());
  }
  return writer;
}

}  // namespace datawal
