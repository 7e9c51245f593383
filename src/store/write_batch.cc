#include "datawal/write_batch.h"

#include "base/try.h"
#include "datawal/data_wal.h"
#include "store/data_wal_impl.h"
#include "store/index_batch.h"

namespace datawal {
namespace {

// Keeps a log from going on without its index: only running out of memory can come between.
class IndexKeepsUp {
 public:
  explicit IndexKeepsUp(LogWriter& writer) : writer_(&writer) {}
  IndexKeepsUp(const IndexKeepsUp&) = delete;
  IndexKeepsUp& operator=(const IndexKeepsUp&) = delete;
  ~IndexKeepsUp() {
    if (!is_done_) writer_->give_up("the index could not follow a batch");
  }

  void note_done() { is_done_ = true; }

 private:
  LogWriter* writer_;
  bool is_done_ = false;
};

Result<AppendedBatch> append_with_index(LogWriter& writer, const WriteBatch& batch,
                                        IndexBatch& changes) {
  DATAWAL_TRY(writer.check_usable());
  DATAWAL_TRY(changes.prepare());
  DATAWAL_TRY_ASSIGN(const AppendedBatch appended, writer.append_batch(batch));
  IndexKeepsUp keeps_up(writer);
  DATAWAL_TRY(changes.apply({appended.segment, appended.offset}));
  keeps_up.note_done();
  return appended;
}

}  // namespace

Result<Txid> DataWal::write(const WriteBatch& batch, std::optional<Durability> durability) {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  const auto promised = batch.empty() ? Durability::kManual : durability;
  const auto write = [&] {
    IndexBatch changes(impl_->index(), batch);
    return log->write(batch.byte_size(), promised,
                      [&](LogWriter& writer) { return append_with_index(writer, batch, changes); });
  };
  DATAWAL_TRY_ASSIGN(const AppendedBatch appended, impl_->with_whole_index(write));
  if (!batch.empty()) {
    const std::uint64_t begin = appended.offset - (batch.byte_size() - batch.frames_size());
    impl_->note_written({appended.segment, static_cast<std::uint32_t>(batch.byte_size()), begin});
  }
  return appended.last_txid;
}

}  // namespace datawal
