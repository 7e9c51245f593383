// What a batch makes of its keys, for searches while the index takes it over record by record: with
// this, all of it shows at one moment.
//
//   overlay.reserve(count, wait_for_readers);  // before the batch is appended: it may fail
//   overlay.set(hash, address); ...            // or set_deleted(); the last for a hash counts
//   overlay.show();                            // the moment
//   ... the index takes over each record ...
//   overlay.withdraw();
//
// Hashes stand for keys. Who finds an address compares the key, as ever. Who finds that a key has
// been deleted does not: of a key with the same 64 bits of hash under a secret, which a deletion of
// another one would hide for some microseconds, nobody has a pair.
//
// Thread safety: find() may be called by any thread at any time and takes no lock: what it reads
// while another batch is being set is found out, and not believed. The other functions are for the
// one thread that changes the index.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "log/log_addresses.h"
#include "store/key_hash.h"

namespace datawal {

class BatchOverlay {
 public:
  BatchOverlay() = default;
  BatchOverlay(const BatchOverlay&) = delete;
  BatchOverlay& operator=(const BatchOverlay&) = delete;
  ~BatchOverlay() = default;

  // Makes it empty, with room for so many keys. Where memory is exchanged for that,
  // `wait_for_readers` is called first, which returns when no find() from before runs any more.
  void reserve(std::size_t count, const std::function<void()>& wait_for_readers);
  // These give whether it is the first of its hash for sure, and do nothing for the one hash that
  // stands for an empty slot.
  bool set(KeyHash hash, LogAddress address) noexcept {
    if (hash == kNoHash) return false;
    const std::size_t mask = mask_.load(std::memory_order_relaxed);
    std::size_t index = first_slot(hash) & mask;
    while (!is_free_for(hash, slots_[index])) index = (index + 1) & mask;
    const bool is_first = slots_[index].hash.load(std::memory_order_relaxed) == kNoHash;
    slots_[index].address.store(address, std::memory_order_release);
    slots_[index].hash.store(hash, std::memory_order_release);
    return is_first;
  }
  bool set_deleted(KeyHash hash) noexcept { return set(hash, kDeleted); }
  void show() noexcept { shown_.store(slots_.get(), std::memory_order_release); }
  void withdraw() noexcept {
    shown_.store(nullptr, std::memory_order_release);
    version_.fetch_add(1, std::memory_order_acq_rel);
  }

  enum class State { kNone, kPut, kDeleted };
  struct Found {
    State state = State::kNone;
    LogAddress address{};
  };
  [[nodiscard]] Found find(KeyHash hash) const noexcept;

 private:
  static constexpr KeyHash kNoHash{0};
  // Nobody has that address: it is the last of the last unit.
  static constexpr LogAddress kDeleted{(std::uint64_t{1} << kLogAddressBits) - 1};
  static constexpr std::size_t kSlotsMin = 64;
  // More are given back by the next batch.
  static constexpr std::size_t kSlotsKept = std::size_t{1} << 14;

  struct Slot {
    std::atomic<KeyHash> hash{};
    std::atomic<LogAddress> address{};
  };
  [[nodiscard]] static bool is_free_for(KeyHash hash, const Slot& slot) noexcept {
    const KeyHash found = slot.hash.load(std::memory_order_relaxed);
    return found == kNoHash || found == hash;
  }
  [[nodiscard]] static std::size_t first_slot(KeyHash hash) noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(hash) >> 20);
  }

  std::unique_ptr<Slot[]> slots_;
  std::size_t slot_count_ = 0;
  std::atomic<std::size_t> mask_{0};  // of the first so many, minus 1, which are in use
  std::atomic<const Slot*> shown_{nullptr};
  std::atomic<std::uint64_t> version_{0};  // of what is set: raised when it is withdrawn
};

}  // namespace datawal
