// What a DataWal holds. Shared by the files that implement its functions, and by nobody else.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "datawal/data_wal.h"
#include "log/log_view.h"
#include "log/shared_log.h"
#include "store/auto_compaction.h"
#include "store/compaction_recorder.h"
#include "store/compactor.h"
#include "store/lookup_stats.h"
#include "store/sorted_keys.h"
#include "store/store_index.h"

namespace datawal {

// Hidden, although it is nested in an exported class: nobody outside may link to it.
class [[gnu::visibility("hidden")]] DataWal::Impl {
 public:
  // `covered` is where the index was saved before.
  Impl(const Options& options, StoreIndex index, std::unique_ptr<SharedLog> log, Position covered);
  Impl(Filesystem& filesystem, StoreIndex index, const LogScan& scan, const OpenStats& opened);

  [[nodiscard]] Filesystem& filesystem() const { return filesystem_; }
  [[nodiscard]] StoreIndex& index() { return index_; }
  [[nodiscard]] const StoreIndex& index() const { return index_; }
  [[nodiscard]] const RecordLog* log() const { return log_ ? &*log_ : nullptr; }
  // The log to write to, or why there is none.
  [[nodiscard]] Result<SharedLog*> writable_log() const;
  // Success, or why nothing may be written.
  [[nodiscard]] Status check_writable() const;

  // All live keys at this moment. What their addresses lead to stays as it is, whatever is written
  // meanwhile.
  [[nodiscard]] Result<SortedKeys> sorted_keys() const;

  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // To be called after each write.
  void note_written(const RecordRef& ref) {
    // Where nobody would notice the cost.
    const bool is_rare = ref.offset == 0 || ((ref.offset ^ (ref.offset + ref.size)) >> 22) != 0;
    if (is_rare && auto_compaction_) auto_compaction_->look();
  }

  [[nodiscard]] const LookupStats& lookups() const { return lookups_; }
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] SpaceUse space_use() const;
  [[nodiscard]] Result<CompactionReport> compact(const CompactionOptions& options);
  [[nodiscard]] Status close();
  [[nodiscard]] RecordCursor scan() const;
  [[nodiscard]] const RecoveryReport& report() const;
  [[nodiscard]] const Directory& directory() const;

 private:
  enum class Seal { kAnyGarbage, kMuchGarbage };

  [[nodiscard]] Stats stats_of_view() const;
  [[nodiscard]] Status seal_garbage(Seal seal);
  [[nodiscard]] Result<CompactionReport> compact(const CompactionOptions& options, Seal seal);

  Filesystem& filesystem_;
  StoreIndex index_;
  SharedLog* shared_log_ = nullptr;  // inside log_
  std::uint64_t checkpoint_log_size_ = 0;
  Position covered_;
  std::uint64_t segment_size_max_ = 0;
  LookupStats lookups_;
  CompactionRecorder compactions_;
  std::stop_source closing_;
  std::mutex compacting_;  // guards the next, and keeps compactions one after the other
  NeededTombstoneBytes needed_bytes_;
  std::unique_ptr<AutoCompaction> auto_compaction_;  // if it is wanted
  std::optional<RecordLog> log_;  // absent if opened read-only; then the rest says what is read
  LogView view_;
  RecoveryReport report_;
  Position end_;
  std::vector<SegmentFacts> segment_facts_;
  Txid durable_txid_ = 0;
  OpenStats opened_;
};

}  // namespace datawal
