#include "log/readable_log.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "log/log_scan.h"

namespace datawal {
namespace {

constexpr unsigned kAttemptCountMax = 100;

// The end of the segment that `copy` has opened as the last; nullopt where it is gone.
Result<std::optional<LogEnd>> find_end_of_last(const LogCopy& copy, LogView view) {
  if (!std::ranges::binary_search(view.segments, copy.last())) return std::nullopt;
  if (view.segments.back() != copy.last()) {
    // Another one has been begun since: all of this one is records.
    DATAWAL_TRY_ASSIGN(const std::uint64_t size, copy.last_file().size());
    return LogEnd{.position = {copy.last(), size}, .tail = {}};
  }
  Result<LogEnd> end = find_end(view);
  if (!end && end.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!end) return std::unexpected(std::move(end).error());
  return *std::move(end);
}

}  // namespace

Result<LogEnd> find_end(const LogView& view) {
  LogScan scan(view, DamagePolicy::kRefuse, {.begin = Position{view.segments.back(), 0}});
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, scan.next());
    if (!record) return LogEnd{.position = scan.facts().end, .tail = scan.report().tail};
  }
}

Result<TailReport> take_readable(LogCopy& copy, const std::shared_ptr<Directory>& source,
                                 const Filesystem& filesystem) {
  for (unsigned attempt = 0; attempt < kAttemptCountMax; ++attempt) {
    DATAWAL_TRY(copy.take_sealed());
    DATAWAL_TRY_ASSIGN(LogView view, load_log_view(source, filesystem, DamagePolicy::kRefuse));
    DATAWAL_TRY_ASSIGN(const std::optional<LogEnd> end, find_end_of_last(copy, std::move(view)));
    // What was read by its name is what was opened only if the name still leads there.
    DATAWAL_TRY_ASSIGN(const bool is_current, copy.is_last_current());
    if (!end || !is_current) continue;
    DATAWAL_TRY(copy.take_last(end->position.offset));
    DATAWAL_TRY(copy.verify());
    return end->tail;
  }
  return std::unexpected(Error{.code = ErrorCode::kIo,
                               .message = "the last segment was replaced again and again while it "
                                          "was read; try again when less is going on",
                               .path = source->path().string()});
}

}  // namespace datawal
