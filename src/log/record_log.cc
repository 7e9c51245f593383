#include "datawal/record_log.h"

#include <utility>

#include "base/try.h"
#include "log/log_opening.h"
#include "log/open_clock.h"
#include "log/shared_log.h"

namespace datawal {

Result<RecordLog> RecordLog::open(const std::filesystem::path& directory, const Options& options) {
  OpenClock clock;
  DATAWAL_TRY_ASSIGN(LogOpening opening, LogOpening::begin(directory, options));
  opening.read_ahead(LogOpening::Hints::kLeave);
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::span<const ScannedRecord> records, opening.next_batch());
    if (records.empty()) break;
    clock.note_records(records.size());
  }
  DATAWAL_TRY_ASSIGN(std::unique_ptr<LogWriter> writer, opening.finish());
  return RecordLog(std::make_unique<SharedLog>(std::move(writer), options, clock.stats()));
}

RecordLog::RecordLog(std::unique_ptr<SharedLog> log) : log_(std::move(log)) {}
RecordLog::RecordLog(RecordLog&&) noexcept = default;
RecordLog& RecordLog::operator=(RecordLog&& other) noexcept = default;
RecordLog::~RecordLog() = default;  // the log closes itself

Result<Appended> RecordLog::append(ByteView payload, std::optional<Durability> durability) {
  return append_record(RecordType::kRaw, {}, payload, durability);
}

Result<Appended> RecordLog::append_record(RecordType type, ByteView key, ByteView payload,
                                          std::optional<Durability> durability) {
  return log_->write(frame_size(key.size(), payload.size()), durability,
                     [&](LogWriter& writer) { return writer.append(type, key, payload); });
}

Result<AppendedBatch> RecordLog::append_batch(const WriteBatch& batch,
                                              std::optional<Durability> durability) {
  const auto append = [&](LogWriter& writer) { return writer.append_batch(batch); };
  // Nothing to make durable, either.
  if (batch.empty()) return log_->write(0, Durability::kManual, append);
  return log_->write(batch.byte_size(), durability, append);
}

Status RecordLog::sync() {
  return log_->sync();
}
Status RecordLog::wait_durable(Txid txid) {
  return log_->wait_durable(txid);
}
Status RecordLog::when_durable(Txid txid, std::function<void(const Status&)> done) {
  return log_->when_durable(txid, std::move(done));
}
std::future<Status> RecordLog::durable_future(Txid txid) {
  return log_->durable_future(txid);
}
Status RecordLog::rotate() {
  return log_->rotate();
}
Status RecordLog::close() {
  return log_->close();
}

RecordCursor RecordLog::scan() const {
  return log_->read([](const LogWriter& writer) { return writer.scan({}); });
}
RecordCursor RecordLog::scan_from(Position from) const {
  return log_->read([&](const LogWriter& writer) { return writer.scan({.begin = from}); });
}
RecordCursor RecordLog::scan_from_txid(Txid txid) const {
  return log_->read([&](const LogWriter& writer) { return writer.scan_from_txid(txid); });
}

const RecoveryReport& RecordLog::recovery_report() const {
  return log_->report();
}
SegmentId RecordLog::active_segment() const {
  return end().segment;
}
std::vector<SegmentId> RecordLog::segments() const {
  return log_->read([](const LogWriter& writer) { return writer.segments(); });
}
const std::filesystem::path& RecordLog::directory() const {
  return log_->directory()->path();
}
Txid RecordLog::last_txid() const {
  return log_->read([](const LogWriter& writer) { return writer.last_txid(); });
}
Txid RecordLog::durable_txid() const {
  return log_->read([](const LogWriter& writer) { return writer.durable_txid(); });
}
Position RecordLog::end() const {
  return log_->read([](const LogWriter& writer) { return writer.end(); });
}
bool RecordLog::is_poisoned() const {
  return log_->read([](const LogWriter& writer) { return writer.is_poisoned(); });
}
Stats RecordLog::stats() const {
  return log_->stats();
}

}  // namespace datawal
