// Puts that are in the log and not yet in the index: the last few.
//
// What a put replaces is somewhere in memory: its entry first, and then the record that this leads
// to. Taken over at once, a put waits for both. So the writer puts into this ring, and each time a
// group of puts is complete, begins to load the entries of all of them, and what the entries of the
// group before lead to, and takes over the group before that. A group, because a processor that has
// to look up where a page of memory is waits for it, even if it was only asked to begin loading;
// but it looks up several at a time.
//
// No two puts in it are of keys with the same hash: a newer one of the same key takes the place of
// the older, and for one of another key the others are taken over first. So a put that is found
// here is newer than anything that the index has of its key.
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
#include "store/by_groups.h"
#include "store/key_hash.h"

namespace datawal {

struct PendingPut {
  KeyHash hash{};
  LogAddress address{};
};

class PendingPuts {
 public:
  static constexpr std::size_t kGroup = kLoadGroup;
  static constexpr std::size_t kCapacity = 3 * kGroup;
  // Where what they replace has to be read from a disk, which does the more at once the more it is
  // asked for.
  static constexpr std::size_t kColdCapacity = 8 * kGroup;

  [[nodiscard]] bool is_empty() const noexcept {
    return count_.load(std::memory_order_acquire) == 0;
  }
  // Whether find() may give anything: for most hashes not, and then it need not be asked.
  [[nodiscard]] bool may_hold(KeyHash hash) const noexcept {
    const FilterBit bit(hash);
    return (filter_[bit.word].load(std::memory_order_acquire) & bit.mask) != 0;
  }
  // The address of the put with this hash. It may be taken over meanwhile, and its place be given
  // to another key's; who compares the key finds out, and finds it in the index then.
  [[nodiscard]] std::optional<LogAddress> find(KeyHash hash) const noexcept {
    return may_hold(hash) ? search(hash) : std::nullopt;
  }
  // Whether it can be in here: one hash stands for an empty place.
  [[nodiscard]] static constexpr bool can_hold(KeyHash hash) noexcept { return hash != kNoHash; }
  [[nodiscard]] std::size_t count() const noexcept {
    return count_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_full() const noexcept { return count() == capacity(); }
  [[nodiscard]] std::size_t capacity() const noexcept {
    return capacity_.load(std::memory_order_relaxed);
  }
  // Makes it another, kCapacity at first, kColdCapacity at most. It must be empty.
  void set_capacity(std::size_t capacity) noexcept {
    oldest_ = 0;
    capacity_.store(capacity, std::memory_order_relaxed);
  }

  // The put with so many older ones, of which there must be one.
  [[nodiscard]] PendingPut operator[](std::size_t age) const noexcept {
    const std::size_t index = index_of(age);
    return {hashes_[index].load(std::memory_order_relaxed),
            addresses_[index].load(std::memory_order_relaxed)};
  }
  // How many older ones there are than that with this hash; for the thread that changes the index.
  [[nodiscard]] std::optional<std::size_t> age_of(KeyHash hash) const noexcept;
  // Gives a put another address, that of a newer one of the same key.
  void replace(std::size_t age, LogAddress address) noexcept {
    addresses_[index_of(age)].store(address, std::memory_order_release);
  }
  // Adds one as the newest, where it is not full.
  void push(PendingPut put) noexcept {
    const std::size_t index = index_of(count());
    addresses_[index].store(put.address, std::memory_order_release);
    hashes_[index].store(put.hash, std::memory_order_release);
    const FilterBit bit(put.hash);
    std::atomic<std::uint64_t>& word = filter_[bit.word];
    word.store(word.load(std::memory_order_relaxed) | bit.mask, std::memory_order_release);
    count_.store(count() + 1, std::memory_order_release);
  }
  // Makes may_hold() give true for every hash, while nothing is pending: who searches then looks at
  // what is beside this, too. And takes that back.
  void open_filter() noexcept { fill_filter(~std::uint64_t{0}); }
  void close_filter() noexcept { fill_filter(0); }
  // Removes so many of the oldest, which the index has by now.
  void pop(std::size_t removed) noexcept;

 private:
  static constexpr KeyHash kNoHash{0};
  static constexpr std::size_t kFilterWords = 4;

  // What says for most hashes that they are not here.
  struct FilterBit {
    explicit FilterBit(KeyHash hash) noexcept
        : word(static_cast<std::uint64_t>(hash) >> 62),
          mask(std::uint64_t{1} << (static_cast<std::uint64_t>(hash) >> 56 & 63)) {}
    std::size_t word;
    std::uint64_t mask;
  };
  static_assert(kFilterWords == 1 << 2);

  void fill_filter(std::uint64_t word) noexcept {
    for (std::atomic<std::uint64_t>& filter : filter_)
      filter.store(word, std::memory_order_release);
  }
  [[nodiscard]] std::size_t index_of(std::size_t age) const noexcept {
    const std::size_t index = oldest_ + age;
    return index < capacity() ? index : index - capacity();
  }
  [[nodiscard]] std::optional<LogAddress> search(KeyHash hash) const noexcept;

  // What most searches look at is one cache line.
  alignas(64) std::atomic<std::size_t> count_{0};
  std::array<std::atomic<std::uint64_t>, kFilterWords> filter_{};
  alignas(64) std::array<std::atomic<KeyHash>, kColdCapacity> hashes_{};
  alignas(64) std::array<std::atomic<LogAddress>, kColdCapacity> addresses_{};
  std::size_t oldest_ = 0;
  std::atomic<std::size_t> capacity_ = kCapacity;
};

}  // namespace datawal
