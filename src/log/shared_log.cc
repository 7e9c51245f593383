#include "log/shared_log.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/pause_processor.h"
#include "base/try.h"

namespace datawal {

SharedLog::SharedLog(std::unique_ptr<LogWriter> writer, const Options& options,
                     const OpenStats& opened)
    : options_(options), opened_(opened), writer_(std::move(writer)) {
  writer_->events().deliver();  // those of opening
}

SharedLog::~SharedLog() {
  (void)close();  // a destructor has nobody to tell
}

// Two threads that write take turns at everything that a write touches, and each turn costs as much
// as a few writes. So who comes second leaves the first alone for a while, which then writes many
// times in a row; and does not sleep, for then each of these would have to wake it.
void SharedLog::lock_contended(Lock& lock) {
  constexpr int kLooks = 32;
  constexpr int kPausesMax = 256;
  if (!is_polled_.exchange(true, std::memory_order_acquire)) {
    int pauses = 1;
    for (int look = 0; look < kLooks && !lock.owns_lock(); ++look) {
      for (int pause = 0; pause < pauses; ++pause) pause_processor();
      pauses = std::min(pauses * 2, kPausesMax);
      (void)lock.try_lock();
    }
    is_polled_.store(false, std::memory_order_release);
  }
  if (!lock.owns_lock()) lock.lock();
}

void SharedLog::wait_until_idle(Lock& lock) {
  ++wanting_idle_;
  idle_.wait(lock, [this] { return !is_syncing_ && working_ahead_ == 0; });
  --wanting_idle_;
  let_next_lead();  // behind this one
}

void SharedLog::let_next_lead() {
  if (is_syncing_ || wanting_idle_ > 0) return;
  if (const SyncWaiters::Shared next = sync_waiters_.take_first()) {
    next->wake(SyncWaiter::Reason::kMayLead);
  }
}

Status SharedLog::sync() {
  const EventQueue::Delivery delivery(writer_->events());
  Lock lock(mutex_);
  DATAWAL_TRY(writer_->check_usable());
  return sync_until(lock, writer_->end());
}

Status SharedLog::alone(const std::function<Status(LogWriter&)>& work) {
  const EventQueue::Delivery delivery(writer_->events());
  Lock lock(mutex_);
  wait_until_idle(lock);
  Status status = work(*writer_);
  mutex_.note_work(FairMutex::kTurn);
  return status;
}

Status SharedLog::rotate() {
  return alone([](LogWriter& writer) { return writer.rotate(); });
}

Status SharedLog::close(const std::function<void(const LogWriter&)>& last) {
  const EventQueue::Delivery delivery(writer_->events());
  stop_syncer();
  Lock lock(mutex_);
  wait_until_idle(lock);
  const bool is_written = !writer_->is_closed() && writer_->has_written();
  const Status synced = is_written ? writer_->sync() : Status{};
  if (is_written && synced) last(*writer_);
  Status closed = writer_->close();
  if (!synced) closed = synced;  // why, rather than that the log is poisoned
  complete_waiters(lock, closed);
  return closed;
}

// Syncs, or has others sync, until what is before `target` is durable.
Status SharedLog::sync_until(Lock& lock, Position target) {
  for (bool may_lead = false;; may_lead = true) {
    const bool is_durable = writer_->is_durable(target);
    // Whoever synced for this thread may have failed, and the log may have been closed.
    Status status = is_durable ? Status{} : writer_->check_usable();
    if (is_durable || !status) {
      if (may_lead) let_next_lead();
      return status;
    }
    if (!is_syncing_ && wanting_idle_ == 0) return lead_sync(lock);
    const SyncWaiters::Shared waiter = sync_waiters_.add(target);
    lock.unlock();
    if (waiter->wait() == SyncWaiter::Reason::kDurable) return {};
    lock.lock();
  }
}

Status SharedLog::sync_all_locked(Lock& lock) {
  Status status = sync_until(lock, writer_->end());
  if (!lock.owns_lock()) lock.lock();
  return status;
}

// Those whose records the last sync covered come back with their next ones, most of them in no
// time. A sync that begins before them is one more for all who come later.
void SharedLog::await_company(Lock& lock) const {
  constexpr int kSyncPart = 2;
  constexpr std::chrono::microseconds kLongest(250);  // of a slow disk, no more is to be gained
  const auto are_all_here = [this] { return 1 + sync_waiters_.count() >= syncing_threads_; };
  if (are_all_here()) return;
  lock.unlock();
  const Clock::duration longest = std::min<Clock::duration>(sync_time_ / kSyncPart, kLongest);
  const Clock::time_point until = Clock::now() + longest;
  while (!are_all_here() && Clock::now() < until) let_others_run();
  lock.lock();
}

Status SharedLog::lead_sync(Lock& lock) {
  is_syncing_ = true;
  await_company(lock);
  const Result<std::optional<LogWriter::SyncTarget>> begun = writer_->begin_sync();
  if (!begun || !*begun) {
    is_syncing_ = false;
    if (wanting_idle_ > 0) idle_.notify_all();
    let_next_lead();
    return begun ? Status{} : std::unexpected(begun.error());
  }
  const LogWriter::SyncTarget& target = **begun;
  deadline_.reset();
  unsynced_bytes_ = 0;
  lock.unlock();
  const Clock::time_point start = Clock::now();
  LogWriter::SyncOutcome outcome = writer_->run_sync(target);
  sync_time_ = Clock::now() - start;
  lock.lock();
  is_syncing_ = false;
  Status status = writer_->end_sync(target, std::move(outcome));
  const auto durable = sync_waiters_.take_durable(
      [this](Position position) { return writer_->is_durable(position); });
  syncing_threads_ = 1 + durable.size() + sync_waiters_.count();
  if (wanting_idle_ > 0) idle_.notify_all();
  let_next_lead();  // first, for the disk is idle meanwhile
  lock.unlock();
  for (const SyncWaiters::Shared& waiter : durable) waiter->wake(SyncWaiter::Reason::kDurable);
  return status;
}

Status SharedLog::settle(Lock& lock, Durability durability, std::size_t frame_size) {
  switch (durability) {
    case Durability::kManual:
      return {};
    case Durability::kEveryWrite: {
      const LatencyTimer timer(&writer_->stats().durable_wait);
      return sync_until(lock, writer_->end());
    }
    case Durability::kInterval:
      break;
  }
  unsynced_bytes_ += frame_size;
  if (unsynced_bytes_ >= options_.interval_bytes_max) return sync_until(lock, writer_->end());
  if (!deadline_) {
    deadline_ = Clock::now() + options_.interval;
    start_syncer();
    wake_.notify_one();
  }
  return {};
}

Status SharedLog::check_txid(Txid txid) const {
  if (txid <= writer_->last_txid()) return {};
  return std::unexpected(Error{
      .code = ErrorCode::kInvalidArgument,
      .message = "txid " + std::to_string(txid) + " has not been appended yet, the newest is " +
                 std::to_string(writer_->last_txid()) + "; wait for one that an append has given",
      .path = writer_->directory()->path().string()});
}

Status SharedLog::wait_durable(Txid txid) {
  const EventQueue::Delivery delivery(writer_->events());
  Lock lock(mutex_);
  DATAWAL_TRY(check_txid(txid));
  if (txid <= writer_->durable_txid()) return {};
  DATAWAL_TRY(writer_->check_usable());
  return sync_until(lock, writer_->end());
}

Status SharedLog::when_durable(Txid txid, OnDurable done) {
  const Lock lock(mutex_);
  DATAWAL_TRY(check_txid(txid));
  DATAWAL_TRY(writer_->check_usable());
  waiters_.push_back({txid, std::move(done)});
  start_syncer();
  wake_.notify_one();
  return {};
}

std::future<Status> SharedLog::durable_future(Txid txid) {
  const auto promise = std::make_shared<std::promise<Status>>();  // a callback must be copyable
  std::future<Status> future = promise->get_future();
  const Status asked =
      when_durable(txid, [promise](const Status& status) { promise->set_value(status); });
  if (!asked) promise->set_value(asked);
  return future;
}

void SharedLog::start_syncer() {
  if (!syncer_ && !is_stopping_) {
    syncer_ = std::make_unique<BackgroundThread>([this] { run_syncer(); });
  }
}

void SharedLog::stop_syncer() {
  std::unique_ptr<BackgroundThread> syncer;  // its end is waited for without the lock
  const Lock lock(mutex_);
  is_stopping_ = true;
  wake_.notify_one();
  syncer.swap(syncer_);
}

// Does, or has the thread do, what is due ahead of a rotation and behind it.
void SharedLog::work_ahead(Lock& lock) {
  writer_->note_ahead_asked();
  if (!filesystem_of(options_).ahead_of_rotation().on_thread) {
    (void)sync_ahead(lock);  // a failure has poisoned the log, which the next write reports
    return;
  }
  is_ahead_wanted_ = true;
  start_syncer();
  wake_.notify_one();
}

Status SharedLog::sync_ahead(Lock& lock) {
  const bool has_rotated = prepare_next(lock);
  DATAWAL_TRY(sync_all_locked(lock));
  if (!has_rotated) return {};
  ++working_ahead_;
  lock.unlock();
  writer_->sync_watermark();
  lock.lock();
  end_work_ahead();
  return {};
}

// Makes the file of the next segment, if it is time, and disposes of what is left of the last one.
// Gives whether there was any.
bool SharedLog::prepare_next(Lock& lock) {
  std::unique_ptr<SegmentWriter> ended = writer_->take_ended();
  const bool has_rotated = ended != nullptr;
  const Result<std::optional<NextSegmentPlan>> plan = writer_->plan_next();
  if (plan && *plan) {
    ++working_ahead_;
    lock.unlock();
    std::unique_ptr<NextSegment> next = NextSegment::make(writer_->directory(), **plan);
    lock.lock();
    if (next) writer_->offer(std::move(next));
    end_work_ahead();
  }
  lock.unlock();
  ended.reset();
  lock.lock();
  return has_rotated;
}

void SharedLog::end_work_ahead() {
  --working_ahead_;
  idle_.notify_all();
}

bool SharedLog::has_work() const {
  return is_stopping_ || is_ahead_wanted_ || !waiters_.empty() || deadline_;
}

void SharedLog::run_syncer() {
  Lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return has_work(); });
    // Records that an interval covers wait for its end, unless somebody wants to be told earlier.
    const auto is_due = [this] {
      return is_stopping_ || is_ahead_wanted_ || !waiters_.empty() || !deadline_;
    };
    if (!is_due()) {
      const Clock::time_point deadline = *deadline_;
      wake_.wait_until(lock, deadline, is_due);
    }
    if (is_stopping_) return;
    // A failure has poisoned the log, which the next write reports.
    const bool is_ahead = std::exchange(is_ahead_wanted_, false);
    deadline_.reset();  // here, because there may be nothing left to sync
    const Status synced = is_ahead ? sync_ahead(lock) : sync_all_locked(lock);
    complete_waiters(lock, synced);
  }
}

// Tells those whose records are durable now, and after a failure all of them.
void SharedLog::complete_waiters(Lock& lock, const Status& status) {
  std::vector<Waiter> done;
  const Txid durable = writer_->durable_txid();
  const auto is_done = [&](const Waiter& waiter) { return !status || waiter.txid <= durable; };
  for (Waiter& waiter : waiters_) {
    if (is_done(waiter)) done.push_back(waiter);
  }
  std::erase_if(waiters_, is_done);
  lock.unlock();
  for (const Waiter& waiter : done) waiter.done(waiter.txid <= durable ? Status{} : status);
  writer_->events().deliver();
  lock.lock();
}

}  // namespace datawal
