// One operation at a time on a real log or store in a warm page cache.
#include <benchmark/benchmark.h>

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

#include "datawal/datawal.h"
#include "micro/scratch.h"

namespace datawal::bench {
namespace {

constexpr std::uint64_t kStoreEntries = 100'000;

template <typename T>
T checked(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Sixteen bytes, scattered over the hash and the order of keys.
std::array<std::byte, 16> key_of(std::uint64_t index) {
  const std::array<std::uint64_t, 2> words = {index * 0x9e3779b97f4a7c15ULL, index};
  return std::bit_cast<std::array<std::byte, 16>>(words);
}

Bytes payload_of(const benchmark::State& state) {
  return Bytes(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
}

// An index that walks all entries in an order without locality.
std::uint64_t next_entry(std::uint64_t entry) {
  return (entry + 61'803) % kStoreEntries;  // the two have no common divisor
}

void count(benchmark::State& state, std::size_t payload_size) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(payload_size));
}

DataWal filled_store(const ScratchDirectory& scratch, ByteView payload) {
  DataWal store = checked(DataWal::open(scratch.store()));
  for (std::uint64_t index = 0; index < kStoreEntries; ++index) {
    static_cast<void>(checked(store.put(key_of(index), payload)));
  }
  return store;
}

void append(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  RecordLog log = checked(RecordLog::open(scratch.store()));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(checked(log.append(payload)));
  count(state, payload.size());
}
BENCHMARK(append)->Arg(64)->Arg(100)->Arg(1024)->Arg(65536);

void append_durable(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  RecordLog log = checked(RecordLog::open(scratch.store()));
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(checked(log.append(payload)));
    checked(log.sync());
  }
  count(state, payload.size());
}
BENCHMARK(append_durable)->Arg(100)->UseRealTime();

void put(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  DataWal store = checked(DataWal::open(scratch.store()));
  std::uint64_t index = 0;
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(checked(store.put(key_of(++index), payload)));
  count(state, payload.size());
}
BENCHMARK(put)->Arg(100)->Arg(1024)->Arg(65536);

// The same in batches, by the record; the second argument says how many are in one.
void fill_batch(WriteBatch& batch, std::int64_t size, ByteView payload, auto next_key) {
  batch.clear();
  for (std::int64_t index = 0; index < size; ++index) {
    checked(batch.put(key_of(next_key()), payload));
  }
}

void put_batch(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  DataWal store = checked(DataWal::open(scratch.store()));
  WriteBatch batch;
  std::uint64_t entry = 0;
  for ([[maybe_unused]] auto _ : state) {
    fill_batch(batch, state.range(1), payload, [&] { return ++entry; });
    benchmark::DoNotOptimize(checked(store.write(batch)));
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(put_batch)->Args({100, 10})->Args({100, 100})->Args({100, 10'000});

void overwrite(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  DataWal store = filled_store(scratch, payload);
  std::uint64_t entry = 0;
  for ([[maybe_unused]] auto _ : state) {
    entry = next_entry(entry);
    benchmark::DoNotOptimize(checked(store.put(key_of(entry), payload)));
  }
  count(state, payload.size());
}
BENCHMARK(overwrite)->Arg(100)->Arg(1024);

void overwrite_batch(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  DataWal store = filled_store(scratch, payload);
  WriteBatch batch;
  std::uint64_t entry = 0;
  for ([[maybe_unused]] auto _ : state) {
    fill_batch(batch, state.range(1), payload, [&] { return entry = next_entry(entry); });
    benchmark::DoNotOptimize(checked(store.write(batch)));
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(overwrite_batch)->Args({100, 10})->Args({100, 100})->Args({100, 10'000});

void get(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  const DataWal store = filled_store(scratch, payload);
  std::uint64_t entry = 0;
  for ([[maybe_unused]] auto _ : state) {
    entry = next_entry(entry);
    const std::optional<Value> value = checked(store.get(key_of(entry)));
    if (!value) return state.SkipWithError("an entry is missing");
    benchmark::DoNotOptimize(value->bytes().data());
  }
  count(state, payload.size());
}
BENCHMARK(get)->Arg(100)->Arg(1024);

void get_missing(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  const DataWal store = filled_store(scratch, payload);
  std::uint64_t entry = kStoreEntries;
  for ([[maybe_unused]] auto _ : state) {
    if (checked(store.get(key_of(++entry)))) return state.SkipWithError("found what is not there");
  }
  count(state, 0);
}
BENCHMARK(get_missing)->Arg(100);

void open_store(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  checked(filled_store(scratch, payload).close());
  for ([[maybe_unused]] auto _ : state) {
    const DataWal store = checked(DataWal::open(scratch.store()));
    if (store.size() != kStoreEntries) return state.SkipWithError("entries are missing");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kStoreEntries));
}
BENCHMARK(open_store)->Name("open")->Arg(100)->Arg(1024)->Unit(benchmark::kMillisecond);

void scan(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  const DataWal store = filled_store(scratch, payload);
  for ([[maybe_unused]] auto _ : state) {
    RecordCursor cursor = store.scan();
    std::uint64_t records = 0;
    while (checked(cursor.next())) ++records;
    if (records != kStoreEntries) return state.SkipWithError("records are missing");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kStoreEntries));
}
BENCHMARK(scan)->Arg(100)->Arg(1024)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace datawal::bench
