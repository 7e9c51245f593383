#include "base/grace_period.h"

#include <chrono>
#include <condition_variable>

namespace datawal {
namespace {

constexpr std::chrono::microseconds kLookAgainAfter{50};

}  // namespace

void GracePeriod::run_dry(std::uint32_t phase) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable never;
  for (Counters& counters : counters_) {
    while (counters.uses[phase % 2].fetch_add(0, std::memory_order_acq_rel) != 0) {
      never.wait_for(lock, kLookAgainAfter);
    }
  }
}

void GracePeriod::wait() {
  const std::lock_guard lock(waiting_);
  for (int turn = 0; turn < 2; ++turn) {
    run_dry(phase_.fetch_add(1, std::memory_order_relaxed));
  }
}

}  // namespace datawal
