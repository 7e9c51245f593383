#include "store/repeated_work.h"

#include <utility>

namespace datawal {

RepeatedWork::RepeatedWork(std::function<void()> work) : work_(std::move(work)) {
  thread_ = std::make_unique<BackgroundThread>([this] { run(); });
}

void RepeatedWork::ask() {
  const std::lock_guard lock(mutex_);
  is_wanted_ = true;
  changed_.notify_one();
}

void RepeatedWork::stop() {
  std::unique_ptr<BackgroundThread> thread;  // its end is waited for without the lock
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  changed_.notify_one();
  thread.swap(thread_);
}

void RepeatedWork::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_wanted_ || is_stopping_; });
    if (is_stopping_) return;
    is_wanted_ = false;
    lock.unlock();
    work_();
    lock.lock();
  }
}

}  // namespace datawal
