// A mutex that nobody waits for without an end.
//
//   FairMutex mutex;
//   { const std::lock_guard lock(mutex); ... mutex.note_work(size); }
//
// A mutex of the standard library is taken by whoever comes while it is free, and a thread that
// takes it again and again is there long before one that has to be woken. That is what makes it
// fast, so it is so here, too, but within limits: those who sleep are called in the order in which
// they came, and once others have had a whole turn while the first of them slept, they wait behind
// it.
//
// Thread safety: as a mutex.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>

namespace datawal {

class FairMutex {
 public:
  // What others may do before the first who sleeps. In bytes of what is written, of which this many
  // take many times as long as waking a thread.
  static constexpr std::uint64_t kTurn = std::uint64_t{1} << 20;
  // What each taking of it counts, at least.
  static constexpr std::uint64_t kWorkMin = 128;

  void lock() {
    if (!try_lock()) lock_slowly();
  }
  // False also where it is the turn of who sleeps.
  [[nodiscard]] bool try_lock() {
    if (sleeping_.load(std::memory_order_relaxed) > 0) [[unlikely]]
      return try_lock_before_sleeping();
    return mutex_.try_lock();
  }
  void unlock() { mutex_.unlock(); }

  // By who has it: that so much has been done, more than nothing.
  void note_work(std::uint64_t size) noexcept {
    if (sleeping_.load(std::memory_order_relaxed) > 0) [[unlikely]]
      add_work(size);
  }

  // Threads that wait for it, asleep or about to be. Any thread may ask.
  [[nodiscard]] std::size_t sleeping() const noexcept {
    return sleeping_.load(std::memory_order_relaxed);
  }

 private:
  struct Sleeper {
    std::condition_variable is_first;
  };

  [[nodiscard]] bool try_lock_before_sleeping();
  void lock_slowly();
  void add_work(std::uint64_t size) noexcept {
    work_.store(work_.load(std::memory_order_relaxed) + size, std::memory_order_relaxed);
  }

  std::mutex mutex_;
  std::atomic<std::size_t> sleeping_ = 0;
  // While the first of them sleeps; changed by who has mutex_.
  std::atomic<std::uint64_t> work_ = 0;
  std::mutex queue_mutex_;      // guards the next
  std::deque<Sleeper*> queue_;  // the first waits for mutex_, the others for being that
};

}  // namespace datawal
