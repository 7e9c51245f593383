#include "datawal/record_log.h"
#include "log/log_scan.h"

namespace datawal {

RecordCursor::RecordCursor(std::unique_ptr<LogScan> scan) : scan_(std::move(scan)) {}
RecordCursor::RecordCursor(RecordCursor&&) noexcept = default;
RecordCursor& RecordCursor::operator=(RecordCursor&&) noexcept = default;
RecordCursor::~RecordCursor() = default;

Result<std::optional<ScannedRecord>> RecordCursor::next() {
  return scan_->next();
}

const RecoveryReport& RecordCursor::report() const {
  return scan_->report();
}

Position RecordCursor::position() const {
  return scan_->facts().end;
}

}  // namespace datawal
