#include "datawal/record_log.h"

#include <utility>

#include "base/try.h"
#include "log/log_opening.h"
#include "log/log_writer.h"

namespace datawal {

Result<RecordLog> RecordLog::open(const std::filesystem::path& directory, const Options& options) {
  DATAWAL_TRY_ASSIGN(LogOpening opening, LogOpening::begin(directory, options));
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, opening.next());
    if (!record) break;
  }
  DATAWAL_TRY_ASSIGN(std::unique_ptr<LogWriter> writer, opening.finish());
  return RecordLog(std::move(writer));
}

RecordLog::RecordLog(std::unique_ptr<LogWriter> writer) : writer_(std::move(writer)) {}
RecordLog::RecordLog(RecordLog&&) noexcept = default;

RecordLog& RecordLog::operator=(RecordLog&& other) noexcept {
  if (this == &other) return *this;
  if (writer_) (void)writer_->close();  // a destructor has nobody to tell
  writer_ = std::move(other.writer_);
  return *this;
}

RecordLog::~RecordLog() {
  if (writer_) (void)writer_->close();  // a destructor has nobody to tell
}

Result<Appended> RecordLog::append(ByteView payload) {
  return writer_->append(RecordType::kRaw, {}, payload);
}

Result<Appended> RecordLog::append_record(RecordType type, ByteView key, ByteView payload) {
  return writer_->append(type, key, payload);
}

Status RecordLog::sync() {
  return writer_->sync();
}
Status RecordLog::rotate() {
  return writer_->rotate();
}
Status RecordLog::close() {
  return writer_->close();
}

RecordCursor RecordLog::scan() const {
  return writer_->scan({});
}
RecordCursor RecordLog::scan_from(Position from) const {
  return writer_->scan({.begin = from});
}
RecordCursor RecordLog::scan_from_txid(Txid txid) const {
  return writer_->scan_from_txid(txid);
}

const RecoveryReport& RecordLog::recovery_report() const {
  return writer_->report();
}
SegmentId RecordLog::active_segment() const {
  return writer_->end().segment;
}
std::vector<SegmentId> RecordLog::segments() const {
  return writer_->segments();
}
const std::filesystem::path& RecordLog::directory() const {
  return writer_->directory()->path();
}
Txid RecordLog::last_txid() const {
  return writer_->last_txid();
}
Txid RecordLog::durable_txid() const {
  return writer_->durable_txid();
}
Position RecordLog::end() const {
  return writer_->end();
}
bool RecordLog::is_poisoned() const {
  return writer_->is_poisoned();
}

}  // namespace datawal
