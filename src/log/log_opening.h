// Opening a log for writing, as a pass over its records that ends in a writer. What is built from
// the records is built on the way, so that nothing is read twice.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "datawal/record_log.h"
#include "log/log_scan.h"
#include "log/log_writer.h"

namespace datawal {

class LogOpening {
 public:
  // Makes what is missing, takes the lock and looks at what is there.
  [[nodiscard]] static Result<LogOpening> begin(const std::filesystem::path& path,
                                                const Options& options);

  [[nodiscard]] const std::shared_ptr<Directory>& directory() const {
    return scan_->view().directory;
  }

  [[nodiscard]] const LogView& view() const { return scan_->view(); }
  // Begins behind the records that `covered` speaks of, which are in the segments summarized. To be
  // called before next_batch().
  void begin_behind(const IndexCoverage& covered, std::vector<SegmentFacts> segments) {
    scan_ = std::make_unique<LogScan>(scan_->view(), options_.damage, covered, std::move(segments));
  }

  // Where next_batch() begins: the start of the log, or where begin_behind() says.
  [[nodiscard]] Position begin_position() const { return scan_->facts().end; }

  enum class Hints { kUse, kLeave };
  // Where there is much to read, several threads read it; for who builds an index, hints of sealed
  // segments instead of these. As LogScan::read_ahead.
  void read_ahead(Hints hints);
  // Says how many older records have been looked at so far, because later ones have replaced them.
  void note_looks(std::uint64_t count) { scan_->note_looks(count); }
  [[nodiscard]] const LogScan::ReadAheadResult& read_ahead_result() const {
    return scan_->read_ahead_result();
  }

  // The log's records, as LogScan::next_batch.
  [[nodiscard]] Result<std::span<const ScannedRecord>> next_batch() { return scan_->next_batch(); }

  // The writer, once next_batch() has given none. Repairs the tail, if that can be done now.
  [[nodiscard]] Result<std::unique_ptr<LogWriter>> finish();

 private:
  LogOpening(const Options& options, std::unique_ptr<FileLock> lock, LogView view);

  Options options_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<LogScan> scan_;
};

}  // namespace datawal
