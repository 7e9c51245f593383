#include "compare/dataset.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>

namespace datawal::bench {
namespace {

// Windows of a pool that stays in the processor's second cache level, so that making and checking
// values costs every store the same little.
constexpr std::size_t kPoolWindows = 256UL << 10;

// A bijection of 64-bit numbers that scatters its input (the finalizer of MurmurHash3).
std::uint64_t scatter(std::uint64_t number) {
  number ^= number >> 33;
  number *= 0xff51afd7ed558ccdULL;
  number ^= number >> 33;
  number *= 0xc4ceb9fe1a85ec53ULL;
  return number ^ (number >> 33);
}

std::uint64_t word_at(ByteView bytes, std::size_t offset) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + offset, sizeof(word));
  return word;
}

}  // namespace

Dataset::Dataset(std::size_t value_size, std::uint32_t count, std::uint64_t seed,
                 KeyOrder key_order)
    : value_size_(value_size),
      count_(count),
      seed_(seed),
      key_order_(key_order),
      pool_(kPoolWindows + value_size) {
  std::mt19937_64 random(seed);
  std::generate(pool_.begin(), pool_.end(), [&random] { return static_cast<std::byte>(random()); });
}

Key Dataset::key(std::uint32_t index) const {
  const std::uint64_t first = key_order_ == KeyOrder::kAscending
                                  ? std::byteswap(std::uint64_t{index})
                                  : scatter(index ^ (seed_ << 32));
  const std::array<std::uint64_t, 2> words = {first, index};
  return std::bit_cast<Key>(words);
}

ByteView Dataset::value(std::uint32_t index, Generation generation) const {
  const std::uint64_t version = (std::uint64_t{index} << 8) | static_cast<std::uint8_t>(generation);
  const std::size_t window = scatter(version + seed_) % kPoolWindows;
  return ByteView(pool_).subspan(window, value_size_);
}

void Dataset::check_value(std::uint32_t index, Generation generation, ByteView found) const {
  const ByteView expected = value(index, generation);
  const bool same = found.size() == expected.size() &&
                    std::memcmp(found.data(), expected.data(), expected.size()) == 0;
  if (!same) throw std::runtime_error("wrong value for entry " + std::to_string(index));
}

std::uint32_t Dataset::check_entry(ByteView key_found, Written written,
                                   ByteView value_found) const {
  if (key_found.size() != kKeySize) throw std::runtime_error("a key of a wrong size");
  std::uint64_t index = 0;
  std::memcpy(&index, key_found.data() + 8, sizeof(index));
  if (index >= count_) throw std::runtime_error("a key that was never written");
  const auto entry = static_cast<std::uint32_t>(index);
  const Key expected = key(entry);
  if (std::memcmp(expected.data(), key_found.data(), kKeySize) != 0) {
    throw std::runtime_error("a key that was never written");
  }
  check_value(entry, written.of(entry), value_found);
  return entry;
}

std::vector<std::uint32_t> Dataset::shuffled(std::uint64_t purpose) const {
  std::vector<std::uint32_t> order(count_);
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937_64 random(scatter(seed_ + purpose));
  std::shuffle(order.begin(), order.end(), random);
  return order;
}

void ScanSum::add(ByteView key, ByteView value) {
  ++count;
  if (key.size() == kKeySize) keys += word_at(key, 0) * 31 + word_at(key, kKeySize - 8);
  if (value.size() >= 8) values += word_at(value, 0) * 31 + word_at(value, value.size() - 8);
}

ScanSum sum_of(const Dataset& dataset, Written written, bool has_keys) {
  ScanSum sum;
  for (std::uint32_t index = 0; index < dataset.count(); ++index) {
    const Key key = dataset.key(index);
    sum.add(has_keys ? ByteView(key) : ByteView(), dataset.value(index, written.of(index)));
  }
  return sum;
}

void EntryCheck::visit(ByteView key, ByteView value) {
  const std::uint32_t entry = dataset_.check_entry(key, written_, value);
  if (seen_[entry]) throw std::runtime_error("an entry was visited twice");
  seen_[entry] = true;
  ++seen_count_;
}

void EntryCheck::finish() const {
  if (seen_count_ == dataset_.count()) return;
  throw std::runtime_error("a scan visited " + std::to_string(seen_count_) + " of " +
                           std::to_string(dataset_.count()) + " entries");
}

}  // namespace datawal::bench
