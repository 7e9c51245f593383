// One operation at a time on a real log or store in a warm page cache.
#include <benchmark/benchmark.h>

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "datawal/datawal.h"
#include "micro/scratch.h"

namespace datawal::bench {
namespace {

constexpr std::uint64_t kStoreEntries = 100'000;
constexpr std::uint64_t kLargeEntries = 2'000;  // of 64 KiB, for the space that they take

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
template <std::uint64_t kEntries = kStoreEntries>
std::uint64_t next_entry(std::uint64_t entry) {
  return (entry + 61'803) % kEntries;  // no common divisor with any number of entries used
}

void count(benchmark::State& state, std::size_t payload_size) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(payload_size));
}

DataWal filled_store(const ScratchDirectory& scratch, ByteView payload,
                     std::uint64_t entry_count = kStoreEntries) {
  DataWal store = checked(DataWal::open(scratch.store()));
  for (std::uint64_t index = 0; index < entry_count; ++index) {
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

template <std::uint64_t kEntries>
void get(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  const DataWal store = filled_store(scratch, payload, kEntries);
  std::uint64_t entry = 0;
  for ([[maybe_unused]] auto _ : state) {
    entry = next_entry<kEntries>(entry);
    const std::optional<Value> value = checked(store.get(key_of(entry)));
    if (!value) return state.SkipWithError("an entry is missing");
    benchmark::DoNotOptimize(value->bytes().data());
  }
  count(state, payload.size());
}
BENCHMARK(get<kStoreEntries>)->Name("get")->Arg(100)->Arg(1024);
BENCHMARK(get<kLargeEntries>)->Name("get")->Arg(65536);

template <std::uint64_t kEntries>
void get_view(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  const DataWal store = filled_store(scratch, payload, kEntries);
  std::uint64_t entry = 0;
  for ([[maybe_unused]] auto _ : state) {
    entry = next_entry<kEntries>(entry);
    const std::optional<PinnedValue> value = checked(store.get_view(key_of(entry)));
    if (!value) return state.SkipWithError("an entry is missing");
    benchmark::DoNotOptimize(value->bytes().data());
  }
  count(state, payload.size());
}
BENCHMARK(get_view<kStoreEntries>)->Name("get_view")->Arg(100)->Arg(1024);
BENCHMARK(get_view<kLargeEntries>)->Name("get_view")->Arg(65536);

template <std::uint64_t kEntries>
void get_into(benchmark::State& state) {
  const ScratchDirectory scratch;
  const Bytes payload = payload_of(state);
  const DataWal store = filled_store(scratch, payload, kEntries);
  Bytes buffer(payload.size());
  std::uint64_t entry = 0;
  for ([[maybe_unused]] auto _ : state) {
    entry = next_entry<kEntries>(entry);
    const std::optional<std::size_t> size = checked(store.get_into(key_of(entry), buffer));
    if (!size) return state.SkipWithError("an entry is missing");
    benchmark::DoNotOptimize(buffer.data());
  }
  count(state, payload.size());
}
BENCHMARK(get_into<kStoreEntries>)->Name("get_into")->Arg(100)->Arg(1024);
BENCHMARK(get_into<kLargeEntries>)->Name("get_into")->Arg(65536);

// A million entries, in an order that no cache follows: one by one, and many at a time.
class LargeStore {
 public:
  static constexpr std::uint64_t kEntries = std::uint64_t{1} << 20;

  // What has been read once is mapped already.
  LargeStore() : store_(filled_store(scratch_, Bytes(100, std::byte{0x5a}), kEntries)) {
    checked(store_.for_each([](const Item&) { return true; }));
  }

  [[nodiscard]] DataWal& store() { return store_; }
  [[nodiscard]] std::array<std::byte, 16> next_key() {
    entry_ = next_entry<kEntries>(entry_);
    return key_of(entry_);
  }

 private:
  const ScratchDirectory scratch_;
  DataWal store_;
  std::uint64_t entry_ = 0;
};

template <typename Store>
void get_all(benchmark::State& state, LargeStore& large, const Store& store) {
  for ([[maybe_unused]] auto _ : state) {
    const std::optional<Value> value = checked(store.get(large.next_key()));
    if (!value) return state.SkipWithError("an entry is missing");
    benchmark::DoNotOptimize(value->bytes().data());
  }
  count(state, 100);
}

template <typename Store>
void multi_get_all(benchmark::State& state, LargeStore& large, const Store& store) {
  std::vector<std::array<std::byte, 16>> keys(static_cast<std::size_t>(state.range(0)));
  const std::vector<ByteView> views(keys.begin(), keys.end());
  for ([[maybe_unused]] auto _ : state) {
    for (auto& key : keys) key = large.next_key();
    const auto values = store.multi_get(views);
    for (const auto& value : values) {
      if (!value || !*value) return state.SkipWithError("an entry is missing");
    }
    benchmark::DoNotOptimize(values.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void get_of_million(benchmark::State& state) {
  LargeStore large;
  get_all(state, large, large.store());
}
BENCHMARK(get_of_million);

void multi_get_of_million(benchmark::State& state) {
  LargeStore large;
  multi_get_all(state, large, large.store());
}
BENCHMARK(multi_get_of_million)->Arg(16)->Arg(128)->Arg(1024);

void snapshot_get_of_million(benchmark::State& state) {
  LargeStore large;
  const Snapshot snapshot = checked(large.store().snapshot());
  get_all(state, large, snapshot);
}
BENCHMARK(snapshot_get_of_million);

void snapshot_multi_get_of_million(benchmark::State& state) {
  LargeStore large;
  const Snapshot snapshot = checked(large.store().snapshot());
  multi_get_all(state, large, snapshot);
}
BENCHMARK(snapshot_multi_get_of_million)->Arg(128);

// The whole pause of a writer, and what belongs to it.
void take_snapshot(benchmark::State& state) {
  LargeStore large;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(checked(large.store().snapshot()).txid());
  }
}
BENCHMARK(take_snapshot);

// An overwrite of a random key, with a snapshot anew every so many; 0 is never.
void overwrite_beside_snapshots(benchmark::State& state) {
  LargeStore large;
  const Bytes payload(100, std::byte{0x5a});
  const auto distance = static_cast<std::uint64_t>(state.range(0));
  std::optional<Snapshot> snapshot;
  std::uint64_t index = 0;
  for ([[maybe_unused]] auto _ : state) {
    if (distance != 0 && index++ % distance == 0) {
      snapshot.emplace(checked(large.store().snapshot()));
    }
    benchmark::DoNotOptimize(checked(large.store().put(large.next_key(), payload)));
  }
  count(state, payload.size());
}
BENCHMARK(overwrite_beside_snapshots)->Arg(0)->Arg(1'000'000)->Arg(10'000);

// The order that the first range() builds, and a walk over all of it.
void build_order(benchmark::State& state) {
  LargeStore large;
  for ([[maybe_unused]] auto _ : state) {
    const Snapshot snapshot = checked(large.store().snapshot());
    benchmark::DoNotOptimize(checked(snapshot.range({})));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(LargeStore::kEntries));
}
BENCHMARK(build_order)->Unit(benchmark::kMillisecond);

template <typename Cursor>
void walk(benchmark::State& state, Cursor cursor) {
  std::uint64_t items = 0;
  while (checked(cursor.next())) ++items;
  if (items != LargeStore::kEntries) state.SkipWithError("items are missing");
}

void walk_in_order(benchmark::State& state) {
  LargeStore large;
  const Snapshot snapshot = checked(large.store().snapshot());
  static_cast<void>(checked(snapshot.range({})));
  for ([[maybe_unused]] auto _ : state) walk(state, checked(snapshot.range({})));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(LargeStore::kEntries));
}
BENCHMARK(walk_in_order)->Unit(benchmark::kMillisecond);

void walk_items(benchmark::State& state) {
  LargeStore large;
  for ([[maybe_unused]] auto _ : state) walk(state, large.store().items());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(LargeStore::kEntries));
}
BENCHMARK(walk_items)->Unit(benchmark::kMillisecond);

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
