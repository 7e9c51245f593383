#include "store/auto_compaction.h"

#include <algorithm>
#include <utility>

namespace datawal {
namespace {

// It begins before the log is as large as it may be, so that writers seldom wait.
constexpr double kHeadroom = 0.85;

}  // namespace

std::optional<double> garbage_ratio_for(const SpaceUse& use, double amplification_max) {
  if (use.amplification() <= amplification_max) return std::nullopt;
  // As much of the log as is garbage where it is as large as it may be: by rewriting the segments
  // that are above this average it comes to be below.
  return 1 - 1 / std::max(amplification_max, 1.0);
}

AutoCompaction::AutoCompaction(double amplification_max, std::uint64_t garbage_min, Store store)
    : amplification_max_(amplification_max), garbage_min_(garbage_min), store_(std::move(store)) {
  thread_ = std::make_unique<BackgroundThread>([this] { run(); });
}

bool AutoCompaction::is_beyond(const SpaceUse& use) const {
  return use.garbage_bytes() >= garbage_min_ && use.amplification() > amplification_max_;
}

void AutoCompaction::look() {
  const SpaceUse use = store_.space_use();
  if (use.garbage_bytes() < garbage_min_ ||
      use.amplification() <= 1 + (amplification_max_ - 1) * kHeadroom) {
    return;
  }
  std::unique_lock lock(mutex_);
  if (is_stopping_ || use.garbage_bytes() < hopeless_until_) return;
  is_wanted_ = true;
  changed_.notify_all();
  if (is_beyond(use)) {
    changed_.wait(lock, [this] { return is_stopping_ || (!is_wanted_ && !is_running_); });
  }
}

void AutoCompaction::stop() {
  std::unique_ptr<BackgroundThread> thread;  // its end is waited for without the lock
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  changed_.notify_all();
  thread.swap(thread_);
}

void AutoCompaction::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || is_wanted_; });
    if (is_stopping_) return;
    is_wanted_ = false;
    is_running_ = true;
    lock.unlock();
    const double target = 1 + (amplification_max_ - 1) * kHeadroom;
    SpaceUse use = store_.space_use();
    bool has_gained = true;
    std::optional<double> ratio = garbage_ratio_for(use, target);
    // The fuller half first; what has less garbage in it only if that is not enough.
    while (ratio && has_gained) {
      const std::optional<bool> gained = compact_once(use, *ratio);
      has_gained = gained && (*gained || *ratio > 0.05);
      use = store_.space_use();
      const std::optional<double> again = garbage_ratio_for(use, target);
      ratio = again ? std::optional(*ratio / 2) : std::nullopt;
    }
    lock.lock();
    is_running_ = false;
    // Where there is nothing to gain, more garbage must come before it is worth looking again.
    hopeless_until_ = has_gained ? 0 : use.garbage_bytes() + use.garbage_bytes() / 8;
    changed_.notify_all();
  }
}

std::optional<bool> AutoCompaction::compact_once(const SpaceUse& use, double ratio) const {
  const Result<CompactionReport> report = store_.compact(ratio);
  if (!report || report->stopped) return std::nullopt;
  return report->bytes_gained() > use.log_bytes / 100;
}

}  // namespace datawal
