#include "file/second_thread.h"

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <utility>

#include "file/background_thread.h"

namespace datawal {

class SecondThread::Impl {
 public:
  Impl() : thread_([this] { run(); }) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    changed_.notify_all();
  }

  void begin(std::function<void()> work) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !work_; });
    work_ = std::move(work);
    changed_.notify_all();
  }

  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !work_; });
  }
  bool is_idle() {
    const std::lock_guard lock(mutex_);
    return !work_;
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return work_ || is_ending_; });
      if (!work_) return;
      lock.unlock();
      work_();
      lock.lock();
      work_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  // until it is done
  bool is_ending_ = false;
  BackgroundThread thread_;
};

SecondThread::SecondThread() = default;
SecondThread::~SecondThread() = default;

void SecondThread::begin(std::function<void()> work) {
  if (!impl_) {
    try {
      impl_ = std::make_unique<Impl>();
    } catch (const std::system_error&) {  // there are too many threads
      return work();
    }
  }
  impl_->begin(std::move(work));
}

bool SecondThread::is_idle() const {
  return !impl_ || impl_->is_idle();
}

void SecondThread::wait() {
  if (impl_) impl_->wait();
}

}  // namespace datawal
