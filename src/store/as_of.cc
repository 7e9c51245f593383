// A store as it was after one of its records: its log folded up to there.
#include <memory>
#include <string>
#include <utility>

#include "base/try.h"
#include "datawal/data_wal.h"
#include "store/data_wal_impl.h"
#include "store/index_replay.h"
#include "store/snapshot_state.h"

namespace datawal {
namespace {

Error not_there_yet(Txid txid, Txid newest) {
  return {.code = ErrorCode::kInvalidArgument,
          .message = "txid " + std::to_string(txid) + " is not in the log, the newest is " +
                     std::to_string(newest) + "; ask for one that an append has given"};
}

Error not_whole(Txid txid, Position position) {
  return {.code = ErrorCode::kGap,
          .message = "the log no longer tells what the store was at txid " + std::to_string(txid) +
                     ": it has not every record from txid 1 to there in order; ask for a later "
                     "state in a store whose records are all there, or for history() of a key, "
                     "which gives the versions that are left",
          .segment = position.segment,
          .offset = position.offset};
}

// Whether folding the log up to `last`, by a scan of which `report` tells, gives what the store was
// then: from the horizon of compaction on the records are all there, in order, and what has been
// dropped before it is of no consequence there.
Status check_whole(const RecoveryReport& report, const ScannedRecord& last, Txid horizon) {
  const bool is_whole = report.txid_gaps == 0 && report.records_replayed == last.txid;
  if (is_whole || last.txid <= horizon) return {};
  return std::unexpected(not_whole(last.txid, report.first_txid_gap.value_or(last.ref.position())));
}

// Takes over the records up to `txid`.
Status fold(RecordCursor& records, Txid txid, StoreIndex& index) {
  IndexReplay replay(index);
  Txid last_txid = 0;
  while (last_txid < txid) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, records.next());
    if (!record) return std::unexpected(not_there_yet(txid, last_txid));
    DATAWAL_TRY(check_whole(records.report(), *record));
    DATAWAL_TRY(replay.add(*record));
    last_txid = record->txid;
  }
  return replay.finish();
}

// Where the counter of txids has once gone back there are several states of one txid.
Status check_unique(RecordCursor& rest, Txid txid) {
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, rest.next());
    if (!record) return {};
    if (record->txid <= txid) return std::unexpected(not_whole(txid, record->ref.position()));
  }
}

}  // namespace

Result<Snapshot> DataWal::as_of(Txid txid) const {
  if (const Txid newest = impl_->last_txid(); txid > newest) {
    return std::unexpected(not_there_yet(txid, newest));
  }
  DATAWAL_TRY_ASSIGN(Impl::HeldScan scan, impl_->held_scan());
  StoreIndex index = impl_->make_empty_index(std::move(scan.segments));
  RecordCursor& records = scan.records;
  DATAWAL_TRY(fold(records, txid, index));
  if (impl_->report().txid_gaps > 0) DATAWAL_TRY(check_unique(records, txid));
  return Snapshot(std::make_shared<const SnapshotState>(index.freeze(), txid, impl_->filesystem()));
}

}  // namespace datawal
