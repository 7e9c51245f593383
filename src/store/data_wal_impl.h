// What a DataWal holds. Shared by the files that implement its functions, and by nobody else.
#pragma once

#include <atomic>
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
#include "store/hint_writing.h"
#include "store/lookup_stats.h"
#include "store/repeated_work.h"
#include "store/store_index.h"

namespace datawal {

class SnapshotState;

// Hidden, although it is nested in an exported class: nobody outside may link to it.
class [[gnu::visibility("hidden")]] DataWal::Impl {
 public:
  // `covered` is where the index was saved before.
  Impl(const Options& options, StoreIndex index, std::unique_ptr<SharedLog> log, Position covered,
       HintWriting hints);
  Impl(Filesystem& filesystem, StoreIndex index, const LogScan& scan, const OpenStats& opened);

  [[nodiscard]] Filesystem& filesystem() const { return filesystem_; }
  [[nodiscard]] StoreIndex& index() { return index_; }
  [[nodiscard]] const StoreIndex& index() const { return index_; }
  [[nodiscard]] const RecordLog* log() const { return log_ ? &*log_ : nullptr; }
  // The log to write to, or why there is none.
  [[nodiscard]] Result<SharedLog*> writable_log() const {
    if (shared_log_ != nullptr) [[likely]]
      return shared_log_;
    return std::unexpected(read_only());
  }
  // Success, or why nothing may be written.
  [[nodiscard]] Status check_writable() const;

  // The live keys at this moment.
  [[nodiscard]] Result<std::shared_ptr<const SnapshotState>> snapshot() const;
  // Loads what of the index is still in the checkpoint.
  [[nodiscard]] Status load_index() const;
  // To be called before the index is asked for what pending puts have not changed yet.
  void settle_index() const;
  // An index without keys, for the records of this store's log.
  [[nodiscard]] StoreIndex make_empty_index(std::shared_ptr<const SegmentSet> held) const;
  // Of the newest record; 0 if there is none.
  [[nodiscard]] Txid last_txid() const;

  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // To be called after each write.
  void note_written(const RecordRef& ref) {
    // Where nobody would notice the cost.
    const bool is_rare = ref.offset == 0 || ((ref.offset ^ (ref.offset + ref.size)) >> 22) != 0;
    if (is_rare && auto_compaction_) auto_compaction_->look();
    if (ref.offset == 0 && ref.segment != SegmentId{1}) write_sidecars_later();
  }

  // Runs `work`; where that fails for a damaged checkpoint, builds the index anew and runs it
  // again.
  template <typename Work>
  [[nodiscard, gnu::always_inline]] auto with_whole_index(const Work& work) const {
    auto outcome = work();
    if (!outcome && may_be_of_broken_index(outcome.error())) [[unlikely]] {
      if (Status mended = mend_index(); !mended) {
        outcome = std::unexpected(std::move(mended).error());
      } else {
        outcome = work();
      }
    }
    return outcome;
  }

  [[nodiscard]] const LookupStats& lookups() const { return lookups_; }
  // Runs `look` on the index, and counts what it has found.
  template <typename Look>
  [[nodiscard, gnu::always_inline]] auto look_up(const Look& look) const {
    const LookupStats::Start start = lookups_.begin();
    auto found = with_whole_index([&] {
      const GracePeriod::Use use(index_.records().grace());
      return look(index_.lookup());
    });
    lookups_.count(found, start);
    return found;
  }
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] SpaceUse space_use() const;
  [[nodiscard]] Result<CompactionReport> compact(const CompactionOptions& options);
  [[nodiscard]] Status close();
  [[nodiscard]] RecordCursor scan() const;
  // The same with announcements and marks, and with the files that it reads.
  struct HeldScan {
    RecordCursor records;
    std::shared_ptr<const SegmentSet> segments;
    Txid horizon;  // what the log was at an earlier txid can no longer be told
  };
  [[nodiscard]] Result<HeldScan> held_scan() const;
  [[nodiscard]] const RecoveryReport& report() const;
  [[nodiscard]] const Directory& directory() const;

  // Whether a failure may be one of an index that is broken, or was and has been built anew by
  // another thread since.
  [[nodiscard]] bool may_be_of_broken_index(const Error& error) const {
    return index_.is_broken() ||
           (error.code == ErrorCode::kCorruption && is_mended_.load(std::memory_order_relaxed));
  }
  // Builds the index anew from the log, if it is broken. Fails where that cannot be read.
  [[nodiscard]] Status mend_index() const;

 private:
  enum class Seal { kAnyGarbage, kMuchGarbage };

  [[nodiscard]] Error read_only() const;
  [[nodiscard]] Stats stats_of_view() const;
  [[nodiscard]] Status seal_garbage(Seal seal);
  [[nodiscard]] Result<CompactionReport> compact(const CompactionOptions& options, Seal seal);

  // Saves the index if there are so many bytes of log behind where it was saved before. To be
  // called with compacting_ locked.
  void save_index(std::uint64_t log_size_min);
  // Saves the index if it is worth it, and writes the hints of sealed segments that lack one.
  void write_sidecars_later();
  void write_hints();
  [[nodiscard]] std::uint64_t log_size_worth_saving() const;

  LookupStats lookups_;  // first, because it is aligned to cache lines
  Filesystem& filesystem_;
  mutable StoreIndex index_;  // mended by whoever finds it broken
  mutable std::atomic<bool> is_mended_ = false;
  SharedLog* shared_log_ = nullptr;  // inside log_
  std::uint64_t checkpoint_log_size_ = 0;
  Position covered_;
  std::uint64_t segment_size_max_ = 0;
  CompactionRecorder compactions_;
  std::stop_source closing_;
  std::mutex compacting_;  // guards the next two, and keeps compactions one after the other
  NeededTombstoneBytes needed_bytes_;
  std::optional<HintWriting> hints_;                 // absent if opened read-only
  std::unique_ptr<AutoCompaction> auto_compaction_;  // if it is wanted
  std::mutex making_thread_;                         // guards the next
  std::unique_ptr<RepeatedWork> saving_;             // of sidecars, once a segment has been begun
  std::optional<RecordLog> log_;  // absent if opened read-only; then the rest says what is read
  LogView view_;
  RecoveryReport report_;
  Position end_;
  std::vector<SegmentFacts> segment_facts_;
  Txid durable_txid_ = 0;
  OpenStats opened_;
};

}  // namespace datawal
