#include "store/pace.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace datawal {
namespace {

// Whoever asks for an end does not wait longer.
constexpr std::chrono::milliseconds kLookUpAfter{10};
// Less is not waited for one by one.
constexpr std::chrono::milliseconds kDebtMin{2};

}  // namespace

Pace::Pace(std::uint64_t bytes_per_second_max, std::stop_token stop, std::stop_token also_stop)
    : bytes_per_second_max_(bytes_per_second_max),
      stop_(std::move(stop)),
      also_stop_(std::move(also_stop)),
      due_(Clock::now()) {}

bool Pace::is_stopped() const {
  return stop_.stop_requested() || also_stop_.stop_requested();
}

bool Pace::spend(std::uint64_t bytes) {
  if (bytes_per_second_max_ == 0) return !is_stopped();
  const Clock::time_point now = Clock::now();
  const std::chrono::duration<double> cost(static_cast<double>(bytes) /
                                           static_cast<double>(bytes_per_second_max_));
  due_ = std::max(due_, now) + std::chrono::duration_cast<Clock::duration>(cost);
  if (due_ - now < kDebtMin) return !is_stopped();
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable never;
  while (!is_stopped() && Clock::now() < due_) {
    never.wait_until(lock, std::min(due_, Clock::now() + kLookUpAfter));
  }
  return !is_stopped();
}

}  // namespace datawal
