#include "file/background_thread.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace datawal {

class BackgroundThread::Impl {
 public:
  explicit Impl(std::function<void()> work) : thread_(std::move(work)) {}

 private:
  std::jthread thread_;
};

BackgroundThread::BackgroundThread(std::function<void()> work)
    : impl_(std::make_unique<Impl>(std::move(work))) {}

BackgroundThread::~BackgroundThread() = default;

unsigned processor_count() noexcept {
  return std::max(std::thread::hardware_concurrency(), 1U);
}

void let_others_run() noexcept {
  std::this_thread::yield();
}

}  // namespace datawal
