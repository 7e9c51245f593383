// A store as it was after one of its records: its log folded up to there.
#include <memory>
#include <string>
#include <utility>

#include "base/try.h"
#include "datawal/data_wal.h"
#include "format/batch_frame.h"
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

Error inside_batch(Txid txid, Txid announced, Txid last) {
  return {.code = ErrorCode::kInvalidArgument,
          .message = "txid " + std::to_string(txid) +
                     " is inside a batch, of which nobody has ever seen a part; ask for " +
                     std::to_string(announced - 1) + ", before it, or " + std::to_string(last) +
                     ", its last"};
}

// Takes over the records up to `txid`, of which none may be missing but those that a compaction has
// dropped: up to its horizon they are of no consequence.
Status fold(RecordCursor& records, Txid txid, Txid horizon, StoreIndex& index) {
  IndexReplay replay(index);
  Txid last_txid = 0;
  while (last_txid < txid) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, records.next());
    if (!record) break;
    const bool is_missed = record->txid > last_txid + 1 && record->txid > horizon + 1;
    if (is_missed || record->txid <= last_txid) {
      return std::unexpected(not_whole(txid, record->ref.position()));
    }
    last_txid = record->txid;
    const auto batch = decode_announcement(*record);
    const Txid batch_end = batch ? last_txid + batch->record_count : last_txid;
    if (last_txid <= txid && txid < batch_end) {
      return std::unexpected(inside_batch(txid, last_txid, batch_end));
    }
    if (last_txid <= txid) DATAWAL_TRY(replay.add(*record));
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
  if (txid < scan.horizon) return std::unexpected(not_whole(txid, {}));
  DATAWAL_TRY(fold(records, txid, scan.horizon, index));
  if (impl_->report().txid_gaps > 0) DATAWAL_TRY(check_unique(records, txid));
  DATAWAL_TRY_ASSIGN(FrozenStore frozen, index.freeze());
  return Snapshot(
      std::make_shared<const SnapshotState>(std::move(frozen), txid, impl_->filesystem()));
}

}  // namespace datawal
