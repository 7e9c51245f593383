#include "datawal/record_log_reader.h"

#include <utility>

#include "base/try.h"
#include "log/follower.h"
#include "log/log_scan.h"
#include "log/log_view.h"
#include "log/txid_search.h"

namespace datawal {

class ReaderState {
 public:
  ReaderState(LogView view, Filesystem& filesystem)
      : view_(std::move(view)), filesystem_(filesystem) {}

  [[nodiscard]] const LogView& view() const { return view_; }
  [[nodiscard]] Filesystem& filesystem() const { return filesystem_; }

  [[nodiscard]] RecordCursor scan(ScanRange range) const {
    return RecordCursor(std::make_unique<LogScan>(view_, DamagePolicy::kRefuse, range));
  }

 private:
  LogView view_;
  Filesystem& filesystem_;
};

Result<RecordLogReader> RecordLogReader::open(const std::filesystem::path& directory,
                                              const Options& options) {
  Filesystem& filesystem = filesystem_of(options);
  DATAWAL_TRY_ASSIGN(std::shared_ptr<Directory> opened, open_store(directory, options));
  DATAWAL_TRY_ASSIGN(LogView view,
                     hold_log_view(std::move(opened), filesystem, DamagePolicy::kRefuse));
  return RecordLogReader(std::make_unique<ReaderState>(std::move(view), filesystem));
}

RecordLogReader::RecordLogReader(std::unique_ptr<ReaderState> state) : state_(std::move(state)) {}
RecordLogReader::RecordLogReader(RecordLogReader&&) noexcept = default;
RecordLogReader& RecordLogReader::operator=(RecordLogReader&&) noexcept = default;
RecordLogReader::~RecordLogReader() = default;

RecordCursor RecordLogReader::scan() const {
  return state_->scan({});
}

RecordCursor RecordLogReader::scan_from(Position from) const {
  return state_->scan({.begin = from});
}

RecordCursor RecordLogReader::scan_from_txid(Txid txid) const {
  return state_->scan({.begin = find_txid(state_->view(), txid), .txid_min = txid});
}

Result<Follower> RecordLogReader::follow(Txid from) const {
  DATAWAL_TRY_ASSIGN(
      std::unique_ptr<FollowerState> state,
      FollowerState::from_txid(state_->view().directory, state_->filesystem(), from));
  return Follower(std::move(state));
}

Result<Follower> RecordLogReader::follow_from_end() const {
  DATAWAL_TRY_ASSIGN(std::unique_ptr<FollowerState> state,
                     FollowerState::from_end(state_->view().directory, state_->filesystem()));
  return Follower(std::move(state));
}

const std::vector<SegmentId>& RecordLogReader::segments() const {
  return state_->view().segments;
}

const std::filesystem::path& RecordLogReader::directory() const {
  return state_->view().directory->path();
}

}  // namespace datawal
