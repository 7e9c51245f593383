// Puts that are in the log and not yet in the index: the last few.
//
// What a put replaces is somewhere in memory: its entry first, and then the record that this leads
// to. Taken over at once, a put waits for both; a few puts later both are there. So the writer puts
// into this ring, begins to load, and takes over the put that has been in it the longest.
//
// No two puts in it are of keys with the same hash: who adds one takes the others over first. So
// a put that is found here is newer than anything that the index has of its key.
//
// Thread safety: find() and is_empty() may be called by any thread at any time: it takes no lock,
// and sees every put that its thread knows of, here or, after that, in the index. The other
// functions are for the one thread that changes the index.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "log/log_addresses.h"
#include "store/key_hash.h"

namespace datawal {

struct PendingPut {
  KeyHash hash{};
  LogAddress address{};
};

class PendingPuts {
 public:
  // With their number, a cache line of hashes, which is all that most searches look at.
  static constexpr std::size_t kCapacity = 7;

  [[nodiscard]] bool is_empty() const noexcept {
    return count_.load(std::memory_order_acquire) == 0;
  }
  // The address of the put with this hash. It may be taken over meanwhile, and its place be given
  // to another key's; who compares the key finds out, and finds it in the index then.
  [[nodiscard]] std::optional<LogAddress> find(KeyHash hash) const noexcept {
    for (std::size_t index = 0; index < kCapacity; ++index) {
      if (hashes_[index].load(std::memory_order_acquire) != hash) continue;
      return addresses_[index].load(std::memory_order_acquire);
    }
    return std::nullopt;
  }

  // Whether it can be in here: one hash stands for an empty place.
  [[nodiscard]] static constexpr bool can_hold(KeyHash hash) noexcept { return hash != kNoHash; }
  [[nodiscard]] std::size_t count() const noexcept {
    return count_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_full() const noexcept { return count() == kCapacity; }

  // The put with so many older ones, of which there must be one.
  [[nodiscard]] PendingPut operator[](std::size_t age) const noexcept {
    const std::size_t index = (oldest_ + age) % kCapacity;
    return {hashes_[index].load(std::memory_order_relaxed),
            addresses_[index].load(std::memory_order_relaxed)};
  }

  // Adds one as the newest, where it is not full.
  void push(PendingPut put) noexcept {
    const std::size_t index = (oldest_ + count()) % kCapacity;
    addresses_[index].store(put.address, std::memory_order_release);
    hashes_[index].store(put.hash, std::memory_order_release);
    count_.store(count() + 1, std::memory_order_release);
  }
  // Removes the oldest, which the index has by now.
  void pop() noexcept {
    hashes_[oldest_].store(kNoHash, std::memory_order_release);
    oldest_ = (oldest_ + 1) % kCapacity;
    count_.store(count() - 1, std::memory_order_release);
  }

 private:
  static constexpr KeyHash kNoHash{0};

  alignas(64) std::atomic<std::size_t> count_{0};
  std::array<std::atomic<KeyHash>, kCapacity> hashes_{};
  alignas(64) std::array<std::atomic<LogAddress>, kCapacity> addresses_{};
  std::size_t oldest_ = 0;
};

}  // namespace datawal
