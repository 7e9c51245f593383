// The life of a store of many small entries: put, open, read, export, overwrite, remove.
#include <algorithm>

#include "compare/export_check.h"
#include "compare/jsonl.h"
#include "compare/memory.h"
#include "compare/suites.h"

namespace datawal::bench {
namespace {

constexpr unsigned kThreadCount = 2;
// Of the keys that are removed, every so many-th is not there.
constexpr std::uint32_t kAbsentStride = 8;

void run_puts(Cell& cell, Store& store, const char* workload, Purpose purpose,
              Generation generation) {
  const std::vector<std::uint32_t> order = cell.shuffled(purpose);
  const std::span<const std::uint32_t> measured = cell.measured(order);
  const auto session = store.session();
  const double seconds = seconds_of([&] {
    for (const std::uint32_t index : measured) cell.put(*session, index, generation);
  });
  cell.add_time(workload, "ns/op", seconds, measured.size());
  cell.load(*session, std::span(order).subspan(measured.size()), generation);
  settle();
}

// Every store's cache, and the page cache, have seen every entry once.
void warm(const Cell& cell, Session& session) {
  for (std::uint32_t index = 0; index < cell.dataset().count(); ++index) {
    cell.get(session, index, Generation::kPut);
  }
  settle();
}

void run_gets(Cell& cell, Store& store) {
  const auto session = store.session();
  warm(cell, *session);
  const std::vector<std::uint32_t> order = cell.shuffled(Purpose::kGet);
  const double seconds = seconds_of([&] {
    for (const std::uint32_t index : cell.measured(order)) {
      cell.get(*session, index, Generation::kPut);
    }
  });
  cell.add_time("get", "ns/op", seconds, cell.measured(order).size());

  const std::vector<std::uint32_t> absent = cell.shuffled(Purpose::kAbsent);
  const std::uint32_t first = cell.dataset().count();
  const double absent_seconds = seconds_of([&] {
    for (const std::uint32_t index : cell.measured(absent)) {
      cell.expect_absent(*session, first + index);
    }
  });
  cell.add_time("get absent", "ns/op", absent_seconds, cell.measured(absent).size());
}

void run_scan(Cell& cell, Store& store) {
  ScanSum sum;
  const double seconds = seconds_of(
      [&] { store.scan([&sum](ByteView key, ByteView value) { sum.add(key, value); }); });
  cell.add_time("scan", "ns/key", seconds, cell.dataset().count());
  if (sum != sum_of(cell.dataset(), {}, cell.kind().has_keys)) {
    fail(cell.kind().name, "a scan showed wrong entries");
  }
  cell.check_entries(store);
}

void export_in_order(Store& store, const std::filesystem::path& file) {
  JsonlWriter writer(file);
  store.scan([&writer](ByteView key, ByteView value) { writer.add(key, value); });
  writer.finish();
}

void run_export(Cell& cell, Store& store) {
  if (!cell.kind().exports && !cell.kind().is_ordered) return;
  const std::filesystem::path file = cell.path("export.jsonl");
  sync_disk(cell.plan().directory);
  const double seconds = seconds_of([&] {
    if (cell.kind().exports) return store.export_jsonl(file);
    export_in_order(store, file);
  });
  cell.add_time("export", "ns/key", seconds, cell.dataset().count());
  check_export(file, cell.dataset(), Generation::kPut);
  std::filesystem::remove(file);
}

void run_gets_of_threads(Cell& cell, const std::filesystem::path& directory) {
  const auto store = cell.open(directory, {.thread_count = kThreadCount});
  std::vector<std::unique_ptr<Session>> sessions;
  for (unsigned thread = 0; thread < kThreadCount; ++thread) sessions.push_back(store->session());
  const std::vector<std::uint32_t> order = cell.shuffled(Purpose::kGet);
  const auto read = [&](std::span<const std::uint32_t> indices) {
    return seconds_of_threads(kThreadCount, [&](unsigned thread) {
      for (const std::uint32_t index : share_of(indices, thread, kThreadCount)) {
        cell.get(*sessions[thread], index, Generation::kPut);
      }
    });
  };
  (void)read(order);  // to warm the caches
  settle();
  const double seconds = read(cell.measured(order));
  cell.add_time("get, 2 threads", "ns/op", seconds, cell.measured(order).size());
}

void run_memory(Cell& cell, const std::filesystem::path& directory) {
  if (cell.kind().is_floor) return;
  const OpenMemory memory = memory_after_open(cell.plan(), directory);
  const double count = cell.dataset().count();
  cell.add("memory after open", "bytes/key", memory.process_bytes / count, cell.dataset().count());
  cell.add("memory, heap trimmed", "bytes/key", memory.trimmed_bytes / count,
           cell.dataset().count());
  cell.add("memory after reads", "bytes/key", memory.read_bytes / count, cell.dataset().count());
}

void run_removals(Cell& cell, Store& store) {
  const std::vector<std::uint32_t> all = cell.shuffled(Purpose::kDelete);
  const std::span<const std::uint32_t> order = cell.measured(all);
  const auto session = store.session();
  const std::uint32_t count = cell.dataset().count();
  std::size_t existed_count = 0;
  const double seconds = seconds_of([&] {
    for (const std::uint32_t index : order) {
      const bool is_there = index % kAbsentStride != 0;
      const Key key = cell.dataset().key(is_there ? index : count + index);
      if (session->remove(key)) ++existed_count;
    }
  });
  cell.add_time("delete", "ns/op", seconds, order.size());
  const auto absent_count = static_cast<std::size_t>(
      std::ranges::count_if(order, [](std::uint32_t index) { return index % kAbsentStride == 0; }));
  if (existed_count != order.size() - absent_count) {
    fail(cell.kind().name, "removals told wrong things");
  }
  for (const std::uint32_t index : order) {
    if (index % kAbsentStride != 0) {
      cell.expect_absent(*session, index);
    } else {
      cell.get(*session, index, Generation::kOverwritten);
    }
  }
}

}  // namespace

void run_store_suite(Cell& cell) {
  const std::filesystem::path directory = cell.path("store");
  auto store = cell.open(directory);
  run_puts(cell, *store, "put", Purpose::kPut, Generation::kPut);
  store.reset();
  const double open_seconds = seconds_of([&] { store = cell.open(directory); });
  if (!cell.kind().is_floor) cell.add("open", "ms", open_seconds * 1e3, 1);
  settle();
  run_gets(cell, *store);
  run_scan(cell, *store);
  run_export(cell, *store);
  store.reset();
  run_gets_of_threads(cell, directory);
  run_memory(cell, directory);
  store = cell.open(directory);
  run_puts(cell, *store, "overwrite", Purpose::kOverwrite, Generation::kOverwritten);
  run_removals(cell, *store);
}

}  // namespace datawal::bench
