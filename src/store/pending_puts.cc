#include "store/pending_puts.h"

namespace datawal {

std::optional<LogAddress> PendingPuts::search(KeyHash hash) const noexcept {
  // A put that this thread knows of came behind the capacity that it was added with.
  for (std::size_t index = 0, end = capacity(); index < end; ++index) {
    if (hashes_[index].load(std::memory_order_acquire) != hash) continue;
    return addresses_[index].load(std::memory_order_acquire);
  }
  return std::nullopt;
}

std::optional<std::size_t> PendingPuts::age_of(KeyHash hash) const noexcept {
  for (std::size_t age = 0; age < count(); ++age) {
    if (hashes_[index_of(age)].load(std::memory_order_relaxed) == hash) return age;
  }
  return std::nullopt;
}

void PendingPuts::pop(std::size_t removed) noexcept {
  for (std::size_t age = 0; age < removed; ++age) {
    hashes_[index_of(age)].store(kNoHash, std::memory_order_release);
  }
  oldest_ = index_of(removed);
  const std::size_t left = count() - removed;
  std::array<std::uint64_t, kFilterWords> words{};
  for (std::size_t age = 0; age < left; ++age) {
    const FilterBit bit(hashes_[index_of(age)].load(std::memory_order_relaxed));
    words[bit.word] |= bit.mask;
  }
  for (std::size_t word = 0; word < kFilterWords; ++word) {
    filter_[word].store(words[word], std::memory_order_release);
  }
  count_.store(left, std::memory_order_release);
}

}  // namespace datawal
