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
Result<bool> is_of_another_log(const Directory& directory, const Watermark& watermark) {
  if (watermark.empty) return false;
  const auto file = directory.open(segment_name(watermark.first_segment), OpenMode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return false;
  if (!file) return std::unexpected(file.error());
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, (*file)->size());
  SegmentReader reader(**file, 0, size);
  DATAWAL_TRY_ASSIGN(const SegmentStep step, reader.next());
  return step == SegmentStep::kFrame && reader.frame().crc != watermark.first_frame_crc;
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

Result<LogView> load_log_view(std::shared_ptr<Directory> directory, const Filesystem& filesystem,
                              DamagePolicy damage) {
  LogView view{.directory = std::move(directory)};
  // The watermark first: it never speaks of what is not there yet.
  DATAWAL_TRY_ASSIGN(view.watermark, read_watermark(*view.directory));
  DATAWAL_TRY_ASSIGN(view.segments, list_segments(*view.directory));
  if (!view.watermark) return view;
  DATAWAL_TRY_ASSIGN(const bool foreign, is_of_another_log(*view.directory, *view.watermark));
  const bool present = std::ranges::binary_search(view.segments, view.watermark->position.segment);
  const bool missing = !foreign && !present && !view.watermark->empty;
  if (missing && damage == DamagePolicy::kRefuse) {
    return std::unexpected(missing_segment(*view.directory, *view.watermark));
  }
  if (foreign || !present) view.watermark.reset();
  view.same_boot = view.watermark && is_boot(*view.watermark, filesystem);
  return view;
}

}  // namespace datawal
