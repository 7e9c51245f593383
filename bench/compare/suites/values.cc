// Larger values: put, overwrite and get.
#include "compare/suites.h"

namespace datawal::bench {
namespace {

void run_puts(Cell& cell, Store& store, const char* workload, Purpose purpose,
              Generation generation) {
  const std::vector<std::uint32_t> order = cell.shuffled(purpose);
  const auto session = store.session();
  const double seconds = seconds_of([&] {
    for (const std::uint32_t index : order) cell.put(*session, index, generation);
  });
  cell.add_time(workload, "ns/op", seconds, order.size());
  settle();
}

using Read = void (Cell::*)(Session&, std::uint32_t, Generation) const;

void run_values(Cell& cell, const char* read_workload, Read read) {
  const auto store = cell.open(cell.path("store"));
  run_puts(cell, *store, "put", Purpose::kPut, Generation::kPut);
  run_puts(cell, *store, "overwrite", Purpose::kOverwrite, Generation::kOverwritten);
  cell.check_entries(*store, {Generation::kOverwritten, Generation::kOverwritten});
  const auto session = store->session();
  const std::vector<std::uint32_t> order = cell.shuffled(Purpose::kGet);
  const auto read_all = [&] {
    for (const std::uint32_t index : order) {
      (cell.*read)(*session, index, Generation::kOverwritten);
    }
  };
  read_all();  // to warm the caches
  settle();
  cell.add_time(read_workload, "ns/op", seconds_of(read_all), order.size());
}

}  // namespace

void run_medium_suite(Cell& cell) {
  run_values(cell, "get", &Cell::get);
}

void run_large_suite(Cell& cell) {
  run_values(cell, "get view", &Cell::view);
}

}  // namespace datawal::bench
