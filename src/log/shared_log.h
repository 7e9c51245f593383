// A log that any number of threads write to: one short critical section for appending, and group
// commit, so that all who want durability at the same time share one sync.
//
// A sync runs outside the critical section, so appending goes on meanwhile. Whoever wants
// durability while one is running waits for it to end; then one of the waiting syncs for all.
//
// Whoever wants the critical section gets it, whatever others do in a loop: see FairMutex. A
// rotation, and whatever else is done alone, counts as a whole turn.
//
// Near the end of a segment a thread makes the next one ahead and has the old one synced, so that
// little is left to do for whoever comes to the end.
//
// Thread safety: any thread may call anything at any time, but for the destructor.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/fair_mutex.h"
#include "datawal/record_log.h"
#include "file/background_thread.h"
#include "log/log_writer.h"
#include "log/sync_waiters.h"

namespace datawal {

class SharedLog {
 public:
  using Lock = std::unique_lock<FairMutex>;
  using OnDurable = std::function<void(const Status&)>;

  SharedLog(std::unique_ptr<LogWriter> writer, const Options& options,
            const OpenStats& opened = {});
  SharedLog(const SharedLog&) = delete;
  SharedLog& operator=(const SharedLog&) = delete;
  // Closes as close() does, but cannot say whether that worked.
  ~SharedLog();

  // Runs `work`, which appends `size` bytes of frames to the writer it is given and does what
  // belongs to that, as the only one that writes. Then sees to their durability. Gives what `work`
  // does.
  template <typename Work>
  [[nodiscard]] std::invoke_result_t<Work, LogWriter&> write(std::size_t size,
                                                             std::optional<Durability> durability,
                                                             const Work& work) {
    const EventQueue::Delivery delivery(writer_->events());
    Lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) [[unlikely]]
      lock_contended(lock);
    const bool is_special = writer_->is_special(size);
    if (is_special) [[unlikely]]
      wait_until_idle(lock);
    std::invoke_result_t<Work, LogWriter&> appended = work(*writer_);
    mutex_.note_work(is_special ? FairMutex::kTurn : size);
    if (!appended) return appended;
    if (writer_->is_ahead_due()) [[unlikely]]
      work_ahead(lock);
    const Durability wanted = durability.value_or(options_.durability);
    if (wanted == Durability::kManual) return appended;
    Status settled = settle(lock, wanted, size);
    if (!settled) appended = std::unexpected(std::move(settled).error());
    return appended;
  }

  // Runs `work` on the writer while nobody writes and no sync runs.
  [[nodiscard]] Status alone(const std::function<Status(LogWriter&)>& work);

  [[nodiscard]] Status sync();
  [[nodiscard]] Status rotate();
  [[nodiscard]] Status close() {
    return close([](const LogWriter&) {});
  }
  // The same, and runs `last` on the writer when all that was written is durable and nobody writes
  // any more: not where nothing was written, or where it could not be made durable, and once only.
  [[nodiscard]] Status close(const std::function<void(const LogWriter&)>& last);

  // Returns when the record `txid` and all before it would outlive a power cut.
  [[nodiscard]] Status wait_durable(Txid txid);
  // Calls `done` on a thread of the log's own once they would, or have failed to.
  [[nodiscard]] Status when_durable(Txid txid, OnDurable done);
  [[nodiscard]] std::future<Status> durable_future(Txid txid);

  // Runs `read` on the writer while nobody writes.
  template <typename Read>
  [[nodiscard]] auto read(Read read) const {
    constexpr std::uint64_t kWork = FairMutex::kTurn / 16;  // most take less
    const Lock lock(mutex_);
    mutex_.note_work(kWork);
    return read(std::as_const(*writer_));
  }

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] EventQueue& events() { return writer_->events(); }

  // What does not change while others write, but for the first append behind a deferred repair.
  [[nodiscard]] const RecoveryReport& report() const { return writer_->report(); }
  [[nodiscard]] const std::shared_ptr<Directory>& directory() const { return writer_->directory(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiter {
    Txid txid;
    OnDurable done;
  };

  void lock_contended(Lock& lock);
  void wait_until_idle(Lock& lock);
  void let_next_lead();
  void await_company(Lock& lock) const;
  void work_ahead(Lock& lock);
  [[nodiscard]] bool prepare_next(Lock& lock);
  [[nodiscard]] Status sync_ahead(Lock& lock);
  void end_work_ahead();
  [[nodiscard]] Status settle(Lock& lock, Durability durability, std::size_t frame_size);
  // Afterwards the lock may be held or not.
  [[nodiscard]] Status sync_until(Lock& lock, Position target);
  [[nodiscard]] Status sync_all_locked(Lock& lock);
  [[nodiscard]] Status lead_sync(Lock& lock);
  [[nodiscard]] Status check_txid(Txid txid) const;
  void start_syncer();
  void stop_syncer();
  void run_syncer();
  [[nodiscard]] bool has_work() const;
  void complete_waiters(Lock& lock, const Status& status);

  const Options options_;
  const OpenStats opened_;
  std::unique_ptr<LogWriter> writer_;
  mutable FairMutex mutex_;
  std::atomic<bool> is_polled_ = false;  // some thread looks now and then whether mutex_ is free
  SyncWaiters sync_waiters_;
  std::size_t syncing_threads_ = 1;   // as many wanted a sync of late
  Clock::duration sync_time_{};       // of the last
  std::condition_variable_any idle_;  // there may be no sync, and no work ahead
  bool is_syncing_ = false;
  // Threads that make the next segment, which if it came too late would take of the disk what is
  // missing elsewhere, or sync the watermark, which closing lets go of. Like a sync, they are
  // waited for, by idle_.
  unsigned working_ahead_ = 0;
  unsigned wanting_idle_ = 0;  // threads that wait for there to be none; no sync begins before them

  std::condition_variable_any wake_;  // the syncer has something to do
  std::vector<Waiter> waiters_;
  std::optional<Clock::time_point> deadline_;  // of the oldest record that an interval covers
  std::uint64_t unsynced_bytes_ = 0;           // of such records
  bool is_ahead_wanted_ = false;
  bool is_stopping_ = false;
  std::unique_ptr<BackgroundThread> syncer_;
};

}  // namespace datawal
