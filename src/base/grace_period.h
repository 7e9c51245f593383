// Lets one thread wait until no other is using any more what it has taken out of their reach, while
// they wait for nobody.
//
//   GracePeriod grace;
//   { const GracePeriod::Use use(grace); ... }   // a reader: looks up, uses, forgets
//   unlink(thing); grace.wait(); destroy(thing); // who takes something away
//
// A use counts itself in one of two counters, of which the one is being filled while the other runs
// dry. Waiting runs both dry in turn, because a use may have begun to count itself before the
// counters changed roles.
//
// Thread safety: any thread may do anything at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace datawal {

class GracePeriod {
 public:
  class Use {
   public:
    explicit Use(const GracePeriod& grace) noexcept : counter_(grace.counter()) {
      // Either wait() sees this use, or this is behind its look and sees all that was done before
      // it.
      counter_.fetch_add(1, std::memory_order_acquire);
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { counter_.fetch_sub(1, std::memory_order_release); }

   private:
    std::atomic<std::uint32_t>& counter_;
  };

  // Returns when all uses that had begun before the call have ended.
  void wait();

 private:
  static constexpr std::size_t kShardCount = 32;
  // A cache line for each, so that readers on different processors do not get in each other's way.
  struct alignas(64) Shard {
    std::array<std::atomic<std::uint32_t>, 2> uses{};
  };

  [[nodiscard]] std::atomic<std::uint32_t>& counter() const noexcept {
    return shards_[shard_index() % kShardCount].uses[phase_.load(std::memory_order_relaxed) % 2];
  }
  // The same for all calls of a thread.
  [[nodiscard]] static std::size_t shard_index() noexcept;
  void run_dry(std::uint32_t phase);

  mutable std::array<Shard, kShardCount> shards_{};
  std::atomic<std::uint32_t> phase_{0};
  std::mutex waiting_;
};

}  // namespace datawal
