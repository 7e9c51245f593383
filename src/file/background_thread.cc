#include "file/background_thread.h"

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

#include <algorithm>
#include <thread>
#include <utility>

namespace datawal {
namespace {

// A kernel may let a thread begin where the one that made it runs, and leave it there for several
// milliseconds, in which the two take turns while another processor is idle. It is sent to another,
// and free to go wherever it may from there.
void send_away([[maybe_unused]] std::jthread& thread) noexcept {
#if defined(__linux__)
  cpu_set_t allowed;
  const int processor = ::sched_getcpu();
  if (processor < 0 || ::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  const auto here = static_cast<std::size_t>(processor);
  if (!CPU_ISSET(here, &allowed) || CPU_COUNT(&allowed) < 2) return;
  cpu_set_t others = allowed;
  CPU_CLR(here, &others);
  (void)::pthread_setaffinity_np(thread.native_handle(), sizeof others, &others);
  (void)::pthread_setaffinity_np(thread.native_handle(), sizeof allowed, &allowed);
#endif
}

}  // namespace

class BackgroundThread::Impl {
 public:
  explicit Impl(std::function<void()> work) : thread_(std::move(work)) { send_away(thread_); }

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
