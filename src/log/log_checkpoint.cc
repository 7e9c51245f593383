#include "log/log_checkpoint.h"

#include <string>
#include <utility>

#include "base/try.h"
#include "file/staging.h"
#include "log/log_copy.h"
#include "log/log_view.h"
#include "log/readable_log.h"

namespace datawal {
namespace {

struct LastRecord {
  Txid txid;
  std::uint32_t frame_crc;

  friend bool operator==(const LastRecord&, const LastRecord&) = default;
};

struct DurableEnd {
  Position position;
  std::optional<LastRecord> last_record = {};  // the one before the position, if that is the end
};

DurableEnd durable_end(const LogWriter& writer) {
  DurableEnd end{.position = writer.durable_end()};
  if (end.position != writer.end()) return end;
  const IndexCoverage coverage = writer.coverage();
  end.last_record = {coverage.last_frame_txid, coverage.last_frame_crc};
  return end;
}

// Where the last segment is one that is being begun, nothing in it is durable, and all before it
// is; where another has been begun since, all of it is.
Status take_durable(LogCopy& copy, const DurableEnd& end) {
  std::uint64_t size = end.position.segment == copy.last() ? end.position.offset : 0;
  if (end.position.segment > copy.last()) {
    DATAWAL_TRY_ASSIGN(size, copy.last_file().size());
  }
  return copy.take_last(size);
}

// Where nothing has been appended meanwhile, the last record of the copy is known.
Status check_last_record(const LogCopy& copy, const DurableEnd& end) {
  if (!end.last_record || end.position.segment != copy.last() || end.position.offset == 0)
    return {};
  const SegmentContents last = copy.manifest().back().contents;
  if (LastRecord{last.last_txid, last.last_frame_crc} == *end.last_record) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kCorruption,
            .message = "the copy of the log ends with txid " + std::to_string(last.last_txid) +
                       " instead of " + std::to_string(end.last_record->txid) +
                       ", or with another record; see what else writes to this store"});
}

}  // namespace

Result<CopyStats> checkpoint_log(SharedLog& log, const std::filesystem::path& target) {
  Filesystem& filesystem = filesystem_of(log.options());
  DATAWAL_TRY(log.sync());
  DATAWAL_TRY_ASSIGN(StagedDirectory staged, StagedDirectory::create(filesystem, target));
  LogCopy copy(*log.directory(), staged.directory(), CopyMode::kLink);
  // While nobody appends, nobody replaces a segment either. If it fails, the copy says why.
  const Result<LogView> view = log.read([](const LogWriter& writer) { return writer.held_view(); });
  DATAWAL_TRY(copy.take_sealed(view ? view->held : nullptr));
  // Not before: what a compaction has dropped until now, it has dropped for what is durable by now.
  const DurableEnd end = log.read([](const LogWriter& writer) { return durable_end(writer); });
  DATAWAL_TRY(take_durable(copy, end));
  DATAWAL_TRY(copy.verify());
  DATAWAL_TRY(check_last_record(copy, end));
  DATAWAL_TRY(copy.write_watermark(filesystem));
  DATAWAL_TRY(staged.publish());
  return copy.stats();
}

Result<CopyStats> RecordLog::checkpoint(const std::filesystem::path& target) {
  return checkpoint_log(*log_, target);
}

Result<CopyStats> checkpoint(const std::filesystem::path& source,
                             const std::filesystem::path& target, const Options& options) {
  Filesystem& filesystem = filesystem_of(options);
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<Directory> directory, open_store(source, options));
  DATAWAL_TRY_ASSIGN(StagedDirectory staged, StagedDirectory::create(filesystem, target));
  LogCopy copy(*directory, staged.directory(), CopyMode::kLink);
  DATAWAL_TRY_ASSIGN(TailReport tail, take_readable(copy, directory, filesystem));
  DATAWAL_TRY(copy.write_watermark(filesystem));
  DATAWAL_TRY(staged.publish());
  CopyStats stats = copy.stats();
  stats.tail = std::move(tail);
  return stats;
}

}  // namespace datawal
