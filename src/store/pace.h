// Holds work that reads and writes to a number of bytes a second, until it is told to end.
//
// Thread safety: one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>

namespace datawal {

class Pace {
 public:
  // A limit of 0 is none.
  Pace(std::uint64_t bytes_per_second_max, std::stop_token stop, std::stop_token also_stop);

  // Waits until `bytes` more may have been read and written; gives whether to go on.
  [[nodiscard]] bool spend(std::uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_stopped() const;

  std::uint64_t bytes_per_second_max_;
  std::stop_token stop_;
  std::stop_token also_stop_;
  Clock::time_point due_;
};

}  // namespace datawal
