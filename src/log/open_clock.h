// Counts and times an opening.
#pragma once

#include <chrono>

#include "datawal/stats.h"

namespace datawal {

class OpenClock {
 public:
  void note_records(std::size_t count) noexcept { records_replayed_ += count; }

  [[nodiscard]] std::uint64_t records_replayed() const noexcept { return records_replayed_; }

  // Up to now.
  [[nodiscard]] OpenStats stats(CheckpointUse checkpoint = CheckpointUse::kUnused) const noexcept {
    return {.elapsed = Clock::now() - start_,
            .records_replayed = records_replayed_,
            .checkpoint = checkpoint};
  }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point start_ = Clock::now();
  std::uint64_t records_replayed_ = 0;
};

}  // namespace datawal
