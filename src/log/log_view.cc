#include "log/log_view.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "format/names.h"
#include "log/segment_list.h"
#include "log/watermark_file.h"
#include "segment/segment_reader.h"

namespace datawal {
namespace {

// A log whose first frame is a different one is another log. A damaged or missing first frame
// proves nothing.
Result<bool> is_of_another_log(const LogView& view) {
  const Watermark& watermark = *view.watermark;
  if (watermark.empty) return false;
  if (!std::ranges::binary_search(view.segments, watermark.first_segment)) return false;
  const auto file = view.open(watermark.first_segment);
  if (!file && file.error().code == ErrorCode::kNotFound) return false;
  if (!file) return std::unexpected(file.error());
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, (*file)->size_at_open());
  SegmentReader reader(**file, 0, size);
  DATAWAL_TRY_ASSIGN(const SegmentStep step, reader.next());
  return step == SegmentStep::kFrame && reader.frame().crc != watermark.first_frame_crc;
}

bool are_bound_alike(const Watermark& left, const Watermark& right) {
  return left.empty == right.empty && left.first_segment == right.first_segment &&
         left.first_frame_crc == right.first_frame_crc;
}

Error missing_segment(const Directory& directory, const Watermark& watermark) {
  return {.code = ErrorCode::kCorruption,
          .message =
              "a segment with acknowledged records (up to txid " + std::to_string(watermark.txid) +
              ") is missing; put it back, or, if it was removed on purpose, remove the file " +
              std::string(kWatermarkName) + " as well",
          .path = (directory.path() / segment_name(watermark.position.segment)).string(),
          .segment = watermark.position.segment};
}

bool is_boot(const Watermark& watermark, const Filesystem& filesystem) {
  const auto boot_id = filesystem.boot_id();
  return boot_id != decltype(boot_id){} && boot_id == watermark.boot_id;
}

Result<LogView> with_watermark_checked(LogView view, const Filesystem& filesystem,
                                       DamagePolicy damage) {
  if (!view.watermark) return view;
  DATAWAL_TRY_ASSIGN(const bool foreign, is_of_another_log(view));
  const bool present = std::ranges::binary_search(view.segments, view.watermark->position.segment);
  const bool missing = !foreign && !present && !view.watermark->empty;
  if (missing && damage == DamagePolicy::kRefuse) {
    return std::unexpected(missing_segment(*view.directory, *view.watermark));
  }
  if (foreign || !present) view.watermark.reset();
  view.same_boot = view.watermark && is_boot(*view.watermark, filesystem);
  return view;
}

Status check_named(const std::filesystem::path& path) {
  if (!path.empty()) return {};
  return std::unexpected(Error{
      .code = ErrorCode::kInvalidArgument,
      .message = "the path of the store is empty; name a directory, or . for the current one"});
}

}  // namespace

Result<std::shared_ptr<Directory>> open_store(const std::filesystem::path& path,
                                              const Options& options) {
  DATAWAL_TRY(check_named(path));
  return filesystem_of(options).open_directory(path);
}

Result<std::shared_ptr<Directory>> create_store(const std::filesystem::path& path,
                                                const Options& options) {
  DATAWAL_TRY(check_named(path));
  return filesystem_of(options).create_directory(path);
}

Filesystem& filesystem_of(const Options& options) {
  return options.filesystem != nullptr ? *options.filesystem : posix_filesystem();
}

Result<std::shared_ptr<const File>> LogView::open(SegmentId segment) const {
  if (held) return held->file(segment);
  return directory->open(segment_name(segment), OpenMode::kRead);
}

Result<LogView> load_log_view(std::shared_ptr<Directory> directory, const Filesystem& filesystem,
                              DamagePolicy damage) {
  LogView view{.directory = std::move(directory)};
  // The watermark first: it never speaks of what is not there yet.
  DATAWAL_TRY_ASSIGN(view.watermark, read_watermark(*view.directory));
  DATAWAL_TRY_ASSIGN(view.segments, list_segments(*view.directory));
  return with_watermark_checked(std::move(view), filesystem, damage);
}

Result<LockedLog> load_locked_log(std::shared_ptr<Directory> directory,
                                  const Filesystem& filesystem, DamagePolicy damage) {
  LogView view{.directory = std::move(directory)};
  DATAWAL_TRY_ASSIGN(view.watermark, read_watermark(*view.directory));
  DATAWAL_TRY_ASSIGN(std::vector<DirectoryEntry> entries, view.directory->list());
  DATAWAL_TRY_ASSIGN(view.segments, segments_among(entries, *view.directory));
  DATAWAL_TRY(hold_segments(view));
  DATAWAL_TRY_ASSIGN(view, with_watermark_checked(std::move(view), filesystem, damage));
  return LockedLog{std::move(view), std::move(entries)};
}

Status hold_segments(LogView& view) {
  // Fewer than a reader holds: a program may open many stores at once.
  constexpr std::size_t kOpenFilesMax = 32;
  if (view.segments.size() > kOpenFilesMax) return {};
  DATAWAL_TRY_ASSIGN(SegmentSet segments, SegmentSet::open(view.directory, view.segments));
  view.held = std::make_shared<const SegmentSet>(std::move(segments));
  return {};
}

Result<LogView> hold_log_view(std::shared_ptr<Directory> directory, const Filesystem& filesystem,
                              DamagePolicy damage) {
  LogView view{.directory = std::move(directory)};
  std::optional<Watermark> afterwards;
  do {
    DATAWAL_TRY_ASSIGN(view.watermark, read_watermark(*view.directory));
    DATAWAL_TRY_ASSIGN(SegmentSet segments, SegmentSet::open(view.directory));
    view.segments = segments.ids();
    view.held = std::make_shared<const SegmentSet>(std::move(segments));
    DATAWAL_TRY_ASSIGN(afterwards, read_watermark(*view.directory));
    // What it is bound to may have been replaced meanwhile, and then it is bound to something else.
  } while (view.watermark && afterwards && !are_bound_alike(*view.watermark, *afterwards));
  return with_watermark_checked(std::move(view), filesystem, damage);
}

}  // namespace datawal
