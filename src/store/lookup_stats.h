// Counts the look-ups of a store, and measures one in 256 of each thread.
//
// Each thread counts in a cache line of its own, without an atomic addition: see ThreadSlot.
// Threads for which there is none share one.
//
// Thread safety: any thread may do anything at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

#include "base/latency_recorder.h"
#include "base/thread_slot.h"
#include "datawal/error.h"
#include "datawal/stats.h"

namespace datawal {

class LookupStats {
  // A cache line for each.
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};
    std::atomic<std::uint64_t> failures{0};
  };

 public:
  static constexpr std::uint64_t kSampleEvery = 256;

  // When a look-up began; the beginning of the clock, if it is not measured. One register: what
  // goes through memory here costs more than the counting.
  using Start = LatencyTimer::Clock::time_point;

  // Around a look-up, on one thread.
  [[nodiscard]] Start begin() const noexcept {
    const Slot& slot = slots_[ThreadSlot::current()];
    const std::uint64_t count =
        slot.hits.load(std::memory_order_relaxed) + slot.misses.load(std::memory_order_relaxed);
    const bool is_measured = count % kSampleEvery == 0;
    return is_measured ? LatencyTimer::Clock::now() : Start{};
  }
  void end(Start start, bool found) const noexcept {
    const std::size_t slot_index = ThreadSlot::current();
    Slot& slot = slots_[slot_index];
    add_one(found ? slot.hits : slot.misses, slot_index);
    if (start != Start{}) latency_.record(LatencyTimer::Clock::now() - start);
  }
  // In place of end(), what a look-up has given: a Result of a bool or of something optional.
  template <typename Found>
  void count(const Result<Found>& found, Start start = {}) const noexcept {
    if (found) {
      end(start, static_cast<bool>(*found));
    } else {
      note_failure();
    }
  }
  void note_failure() const noexcept;

  [[nodiscard]] ReadStats counts() const noexcept;
  [[nodiscard]] LatencyHistogram latency() const noexcept { return latency_.read(); }

 private:
  static void add_one(std::atomic<std::uint64_t>& counter, std::size_t slot_index) noexcept {
    if (slot_index == ThreadSlot::kShared) [[unlikely]] {
      counter.fetch_add(1, std::memory_order_relaxed);
    } else {
      counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  }

  mutable std::array<Slot, ThreadSlot::kCount> slots_{};  // looking up is const
  mutable LatencyRecorder latency_;
};

}  // namespace datawal
