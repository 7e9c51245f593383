#include "file/background_thread.h"

#if defined(__linux__)
#include <sched.h>
#endif

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

// Those that this thread may run on. The standard library tells the number of all, and opens and
// reads a file for it each time.
unsigned processor_count() noexcept {
#if defined(__linux__)
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    return static_cast<unsigned>(std::max(CPU_COUNT(&allowed), 1));
  }
#endif
  return std::max(std::thread::hardware_concurrency(), 1U);
}

void let_others_run() noexcept {
  std::this_thread::yield();
}

}  // namespace datawal
