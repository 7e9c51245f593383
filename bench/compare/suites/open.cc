// Opening a store of many keys, and its memory.
#include "compare/memory.h"
#include "compare/suites.h"

namespace datawal::bench {

void run_open_suite(Cell& cell) {
  if (cell.kind().is_floor) return;
  const std::filesystem::path directory = cell.path("store");
  std::unique_ptr<Store> store = cell.open(directory);
  cell.load(*store->session(), cell.shuffled(Purpose::kPut), Generation::kPut);
  store.reset();
  const double seconds = seconds_of([&] { store = cell.open(directory); });
  cell.add("open, 10 M keys", "ms", seconds * 1e3, 1);
  settle();
  cell.check_sum(*store);
  store.reset();
  const OpenMemory memory = memory_after_open(cell.plan(), directory);
  const double count = cell.dataset().count();
  cell.add("memory after open, 10 M keys", "bytes/key", memory.process_bytes / count,
           cell.dataset().count());
  cell.add("memory after reads, 10 M keys", "bytes/key", memory.read_bytes / count,
           cell.dataset().count());
}

}  // namespace datawal::bench
