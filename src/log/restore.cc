#include <string>
#include <utility>

#include "base/try.h"
#include "datawal/backup.h"
#include "file/staging.h"
#include "log/log_copy.h"
#include "log/log_view.h"
#include "log/readable_log.h"
#include "log/txid_search.h"

namespace datawal {
namespace {

std::unexpected<Error> gap_error(const Directory& source, std::string message) {
  return std::unexpected(Error{
      .code = ErrorCode::kGap, .message = std::move(message), .path = source.path().string()});
}

Status check_has_segments(const LogView& view) {
  if (!view.segments.empty()) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kNotFound,
            .message = "there is no log in this directory: it has no segments; check the path",
            .path = view.directory->path().string()});
}

std::optional<Txid> oldest_txid(const LogView& view) {
  for (const SegmentId segment : view.segments) {
    if (const std::optional<Txid> txid = first_txid(view, segment)) return txid;
  }
  return std::nullopt;
}

Status check_in_range(const LogView& view, Txid newest, Txid to_txid) {
  const Txid oldest = oldest_txid(view).value_or(0);
  if (to_txid <= newest && to_txid >= oldest && to_txid > 0) return {};
  if (newest == 0) return gap_error(*view.directory, "there is no record in this store");
  return gap_error(*view.directory, "there is no record with txid " + std::to_string(to_txid) +
                                        ": the oldest is " + std::to_string(oldest) +
                                        ", the newest " + std::to_string(newest) +
                                        "; give one of those or between them");
}

// Whether the state after the last record of `copy`, which is not the newest of `source`, is known.
// A record that is missing may have been superseded only later, as far as anybody can tell.
Status check_history(const LogCopy& copy, const Directory& source, Txid to_txid) {
  if (copy.is_history_of(to_txid)) return {};
  return gap_error(source,
                   "the state at txid " + std::to_string(to_txid) +
                       " cannot be told: records before it are missing, as after a compaction or a "
                       "repair, or out of order, or it is inside a batch; restore all of it, or "
                       "from a backup that was made "
                       "before");
}

class Restore {
 public:
  Restore(Filesystem& filesystem, std::shared_ptr<Directory> source, StagedDirectory& staged)
      : filesystem_(filesystem),
        source_(std::move(source)),
        staged_(staged),
        copy_(*source_, staged.directory(), CopyMode::kCopy) {}

  [[nodiscard]] Status take_all() {
    DATAWAL_TRY_ASSIGN(tail_, take_readable(copy_, source_, filesystem_));
    return {};
  }

  [[nodiscard]] Status take_up_to(const LogView& view, Txid txid) {
    const std::optional<Position> place = find_txid(view, txid);
    copy_.end_with(place ? place->segment : view.segments.front());
    DATAWAL_TRY(copy_.take_sealed());
    DATAWAL_TRY(copy_.take_last_up_to(txid));
    DATAWAL_TRY(copy_.verify());
    return check_history(copy_, *source_, txid);
  }

  [[nodiscard]] Txid last_txid() const { return copy_.stats().last_txid; }

  [[nodiscard]] Result<CopyStats> publish() {
    DATAWAL_TRY(copy_.write_watermark(filesystem_));
    DATAWAL_TRY(staged_.publish());
    CopyStats stats = copy_.stats();
    stats.tail = std::move(tail_);
    return stats;
  }

 private:
  Filesystem& filesystem_;
  std::shared_ptr<Directory> source_;
  StagedDirectory& staged_;
  LogCopy copy_;
  TailReport tail_;
};

}  // namespace

Result<CopyStats> restore(const std::filesystem::path& source, const std::filesystem::path& target,
                          const RestoreOptions& restore_options, const Options& options) {
  Filesystem& filesystem = filesystem_of(options);
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<Directory> directory, open_store(source, options));
  const std::optional<Txid> to_txid = restore_options.to_txid;
  LogView view;
  Txid newest = 0;
  if (to_txid) {
    DATAWAL_TRY_ASSIGN(view, load_log_view(directory, filesystem, DamagePolicy::kRefuse));
    DATAWAL_TRY(check_has_segments(view));
    DATAWAL_TRY_ASSIGN(const LogEnd end, find_end(view));
    DATAWAL_TRY_ASSIGN(newest, last_txid_before(view, end.position));
    DATAWAL_TRY(check_in_range(view, newest, *to_txid));
  }
  if (!to_txid || *to_txid == newest) {
    DATAWAL_TRY_ASSIGN(StagedDirectory staged, StagedDirectory::create(filesystem, target));
    Restore restore(filesystem, directory, staged);
    DATAWAL_TRY(restore.take_all());
    // Unless somebody has gone on writing: then the newest is no longer the one asked for.
    if (!to_txid || restore.last_txid() == *to_txid) return restore.publish();
  }
  DATAWAL_TRY_ASSIGN(StagedDirectory staged, StagedDirectory::create(filesystem, target));
  Restore restore(filesystem, directory, staged);
  DATAWAL_TRY(restore.take_up_to(view, *to_txid));
  return restore.publish();
}

}  // namespace datawal
