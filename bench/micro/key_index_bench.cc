// The index by itself, at a million keys of 16 bytes in random order, beside a good hash table that
// holds the keys; then its memory and longest pause as it grows.
#include "store/key_index.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#if __has_include(<boost/unordered/unordered_flat_map.hpp>)
#include <boost/unordered/unordered_flat_map.hpp>
#endif

#include "base/endian.h"
#include "base/siphash.h"
#include "store/key_hash.h"

namespace datawal::bench {
namespace {

constexpr std::uint64_t kKeys = 1 << 20;

using Key = std::array<std::uint64_t, 2>;

// Scattered, and computed rather than loaded, so that no key is in the cache before it is sought.
constexpr Key key_of(std::uint64_t index) {
  const std::uint64_t first = (index + 1) * 0x9e37'79b9'7f4a'7c15;
  return {first ^ first >> 29, first * 0xd6e8'feb8'6659'fd93};
}

ByteView bytes_of(const Key& key) {
  return std::as_bytes(std::span(key));
}

// Goes through all below kKeys in an order that no prefetcher follows.
constexpr std::uint64_t next_index(std::uint64_t index) {
  return (index * 0x5851'f42d + 0x1405'7b7f) % kKeys;
}

KeyHashFunction hash_function() {
  SipHashKey secret{};
  secret.fill(std::byte{0x5a});
  return KeyHashFunction(secret);
}

// The keys at their addresses, which are their numbers: what a log would hold.
const std::vector<Key>& logged_keys() {
  static const std::vector<Key> keys = [] {
    std::vector<Key> all(kKeys);
    for (std::uint64_t index = 0; index < kKeys; ++index) all[index] = key_of(index);
    return all;
  }();
  return keys;
}

class Subject {
 public:
  explicit Subject(std::uint64_t key_count = 0) {
    for (std::uint64_t index = 0; index < key_count; ++index) put(index);
  }

  [[nodiscard]] bool find(std::uint64_t index) const {
    const Key key = key_of(index);
    const IndexAnswer answer = index_.find(hash_(bytes_of(key)), matcher(key));
    return answer && answer->has_value();
  }
  [[nodiscard]] bool holds(std::uint64_t index) const {
    const Key key = key_of(index);
    return index_.holds(hash_(bytes_of(key)), LogAddress{index});
  }
  void put(std::uint64_t index) {
    const Key key = key_of(index);
    benchmark::DoNotOptimize(index_.put(hash_(bytes_of(key)), LogAddress{index}, matcher(key)));
  }
  void erase(std::uint64_t index) {
    const Key key = key_of(index);
    benchmark::DoNotOptimize(index_.erase(hash_(bytes_of(key)), matcher(key)));
  }

 private:
  struct Matcher {
    const std::vector<Key>& keys;
    const Key& key;
    Match operator()(LogAddress address) const {
      return keys[static_cast<std::size_t>(address)] == key ? Match::kYes : Match::kNo;
    }
  };
  [[nodiscard]] Matcher matcher(const Key& key) const { return {keys_, key}; }

  KeyHashFunction hash_ = hash_function();
  KeyIndex index_;
  const std::vector<Key>& keys_ = logged_keys();
};

#if __has_include(<boost/unordered/unordered_flat_map.hpp>)
// A table in memory: keys beside the addresses, a rebuild of everything as it grows.
class Peer {
 public:
  explicit Peer(std::uint64_t key_count = 0) {
    for (std::uint64_t index = 0; index < key_count; ++index) put(index);
  }

  [[nodiscard]] bool find(std::uint64_t index) const { return map_.contains(key_of(index)); }
  void put(std::uint64_t index) { map_.insert_or_assign(key_of(index), index); }
  void erase(std::uint64_t index) { map_.erase(key_of(index)); }

 private:
  struct Hash {
    using is_avalanching = void;
    KeyHashFunction function = hash_function();
    std::size_t operator()(const Key& key) const {
      return static_cast<std::size_t>(function(bytes_of(key)));
    }
  };
  boost::unordered_flat_map<Key, std::uint64_t, Hash> map_;
};
#endif

void hash(benchmark::State& state) {
  const KeyHashFunction function = hash_function();
  Bytes key(static_cast<std::size_t>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) {
    // Each waits for the one before.
    store_le(key.data(), static_cast<std::uint64_t>(function(key)));
  }
}
BENCHMARK(hash)->Arg(8)->Arg(16)->Arg(32)->Arg(64)->Arg(256);

void hash_siphash(benchmark::State& state) {
  Bytes key(static_cast<std::size_t>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) {
    store_le(key.data(), siphash128<1, 3>(SipHashKey{}, key).low);
  }
}
BENCHMARK(hash_siphash)->Arg(8)->Arg(16)->Arg(32)->Arg(64)->Arg(256);

template <typename Index>
void find(benchmark::State& state) {
  const Index index(kKeys);
  std::uint64_t key = 0;
  for ([[maybe_unused]] auto _ : state) {
    key = next_index(key);
    if (!index.find(key)) return state.SkipWithError("a key is missing");
  }
}

template <typename Index>
void find_absent(benchmark::State& state) {
  const Index index(kKeys);
  std::uint64_t key = 0;
  for ([[maybe_unused]] auto _ : state) {
    key = next_index(key);
    if (index.find(key + kKeys)) return state.SkipWithError("found what is not there");
  }
}

// What finding costs without a look at the key.
void holds(benchmark::State& state) {
  const Subject index(kKeys);
  std::uint64_t key = 0;
  for ([[maybe_unused]] auto _ : state) {
    key = next_index(key);
    if (!index.holds(key)) return state.SkipWithError("a record is missing");
  }
}
BENCHMARK(holds);

template <typename Index>
void overwrite(benchmark::State& state) {
  Index index(kKeys);
  std::uint64_t key = 0;
  for ([[maybe_unused]] auto _ : state) {
    key = next_index(key);
    index.put(key);
  }
}

// One iteration puts all keys into a new index, and counts as so many items.
template <typename Index>
void put_new(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    auto index = std::make_unique<Index>();
    state.ResumeTiming();
    for (std::uint64_t key = 0; key < kKeys; ++key) index->put(key);
    state.PauseTiming();
    index.reset();
    state.ResumeTiming();
  }
  const auto keys = static_cast<double>(kKeys * static_cast<std::uint64_t>(state.iterations()));
  state.counters["per_key"] =
      benchmark::Counter(keys, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

template <typename Index>
void erase(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    auto index = std::make_unique<Index>(kKeys);
    state.ResumeTiming();
    std::uint64_t key = 0;
    for (std::uint64_t count = 0; count < kKeys; ++count) index->erase(key = next_index(key));
    state.PauseTiming();
    index.reset();
    state.ResumeTiming();
  }
  const auto keys = static_cast<double>(kKeys * static_cast<std::uint64_t>(state.iterations()));
  state.counters["per_key"] =
      benchmark::Counter(keys, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

#define DATAWAL_BENCH_INDEX(Index)          \
  BENCHMARK(find<Index>);                   \
  BENCHMARK(find_absent<Index>);            \
  BENCHMARK(overwrite<Index>);              \
  BENCHMARK(put_new<Index>)->Iterations(4); \
  BENCHMARK(erase<Index>)->Iterations(4)

DATAWAL_BENCH_INDEX(Subject);
#if __has_include(<boost/unordered/unordered_flat_map.hpp>)
DATAWAL_BENCH_INDEX(Peer);
#endif

// From one to ten million keys: the fewest and the most bytes for each key at any moment, and the
// longest pause for one put, of which the fastest of several rounds counts: each does the same, and
// what else the machine does meanwhile comes at other moments.
void grow(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  constexpr std::uint64_t kMillion = 1'000'000;
  const KeyHashFunction function = hash_function();
  const auto absent = [](LogAddress) { return Match::kNo; };
  std::vector<float> fastest(10 * kMillion, std::numeric_limits<float>::max());
  double least = std::numeric_limits<double>::max();
  double most = 0;
  for ([[maybe_unused]] auto _ : state) {
    KeyIndex index;
    for (std::uint64_t count = 0; count < fastest.size(); ++count) {
      const Key key = key_of(count);
      const Clock::time_point start = Clock::now();
      benchmark::DoNotOptimize(index.put(function(bytes_of(key)), LogAddress{count}, absent));
      const std::chrono::duration<float, std::micro> pause = Clock::now() - start;
      fastest[count] = std::min(fastest[count], pause.count());
      if (count < kMillion || count % 10'000 != 0) continue;
      const double per_key =
          static_cast<double>(index.memory_size()) / static_cast<double>(index.size());
      least = std::min(least, per_key);
      most = std::max(most, per_key);
    }
  }
  state.counters["bytes_per_key_least"] = least;
  state.counters["bytes_per_key_most"] = most;
  state.counters["longest_put_us"] = *std::ranges::max_element(fastest);
}
BENCHMARK(grow)->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace datawal::bench
