// Opening a store whose process was killed.
#include <algorithm>

#include "compare/child.h"
#include "compare/suites.h"

namespace datawal::bench {
namespace {

// Of all puts, this part is made after the last close: 450,000 of a million.
std::uint32_t unclosed_count(const Cell& cell) {
  return static_cast<std::uint32_t>(std::uint64_t{cell.dataset().count()} * 45 / 100);
}

// Puts one by one; for slow stores in batches of 100, for they would take minutes.
void put_all(const Cell& cell, Session& session, std::span<const std::uint32_t> order) {
  if (cell.measures_all()) {
    for (const std::uint32_t index : order) cell.put(session, index, Generation::kPut);
    return;
  }
  for (std::size_t at = 0; at < order.size(); at += kBatchSize) {
    const std::size_t size = std::min(kBatchSize, order.size() - at);
    cell.put_batch(session, order.subspan(at, size), Generation::kPut);
  }
}

void load_and_close(const Cell& cell, const std::filesystem::path& directory,
                    std::span<const std::uint32_t> order) {
  const auto store = cell.open(directory);
  cell.load(*store->session(), order, Generation::kPut);
}

// Never closes the store.
void put_all_unclosed(const Cell& cell, const std::filesystem::path& directory,
                      std::span<const std::uint32_t> order) {
  Store* store = cell.open(directory).release();
  Session* session = store->session().release();
  put_all(cell, *session, order);
}

}  // namespace

void run_kill_suite(Cell& cell) {
  if (cell.kind().is_floor || !cell.kind().recovers) return;
  const std::filesystem::path directory = cell.path("store");
  const std::vector<std::uint32_t> order = cell.shuffled(Purpose::kPut);
  const std::size_t closed_count = order.size() - unclosed_count(cell);
  run_until_killed([&] {
    load_and_close(cell, directory, std::span(order).first(closed_count));
    put_all_unclosed(cell, directory, std::span(order).subspan(closed_count));
  });
  std::unique_ptr<Store> store;
  const double seconds = seconds_of([&] { store = cell.open(directory); });
  cell.add("open after SIGKILL", "ms", seconds * 1e3, 1);
  cell.check_entries(*store);
  const auto session = store->session();
  for (const std::uint32_t index : cell.measured(order)) {
    cell.get(*session, index, Generation::kPut);
  }
}

}  // namespace datawal::bench
