// What a DataWal holds. Shared by the files that implement its functions, and by nobody else.
#pragma once

#include <memory>
#include <optional>

#include "datawal/data_wal.h"
#include "log/log_view.h"
#include "log/shared_log.h"
#include "store/store_index.h"

namespace datawal {

class SnapshotState;

// Hidden, although it is nested in an exported class: nobody outside may link to it.
class [[gnu::visibility("hidden")]] DataWal::Impl {
 public:
  // `covered` is where the index was saved before.
  Impl(const Options& options, StoreIndex index, std::unique_ptr<SharedLog> log, Position covered);
  Impl(Filesystem& filesystem, StoreIndex index, LogView view, RecoveryReport report, Position end);

  [[nodiscard]] Filesystem& filesystem() const { return filesystem_; }
  [[nodiscard]] StoreIndex& index() { return index_; }
  [[nodiscard]] const StoreIndex& index() const { return index_; }
  [[nodiscard]] const RecordLog* log() const { return log_ ? &*log_ : nullptr; }
  // The log to write to, or why there is none.
  [[nodiscard]] Result<SharedLog*> writable_log() const;
  // Success, or why nothing may be written.
  [[nodiscard]] Status check_writable() const;

  // The live keys at this moment.
  [[nodiscard]] std::shared_ptr<const SnapshotState> snapshot() const;
  // An index without keys, for the records of this store's log.
  [[nodiscard]] StoreIndex make_empty_index() const;
  // Of the newest record; 0 if there is none.
  [[nodiscard]] Txid last_txid() const;

  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Status close();
  [[nodiscard]] RecordCursor scan() const;
  [[nodiscard]] const RecoveryReport& report() const;
  [[nodiscard]] const Directory& directory() const;

 private:
  Filesystem& filesystem_;
  StoreIndex index_;
  SharedLog* shared_log_ = nullptr;  // inside log_
  std::uint64_t checkpoint_log_size_ = 0;
  Position covered_;
  std::optional<RecordLog> log_;  // absent if opened read-only; then the rest says what is read
  LogView view_;
  RecoveryReport report_;
  Position end_;
};

}  // namespace datawal
