// Ridding a store of what was overwritten, half of its entries, and reading it meanwhile.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <thread>

#include "compare/suites.h"

namespace datawal::bench {
namespace {

constexpr std::size_t kLatenciesMin = 100;

void overwrite_odd(const Cell& cell, Store& store, Generation generation) {
  const auto session = store.session();
  for (const std::uint32_t index : cell.shuffled(Purpose::kOverwrite)) {
    if (index % 2 == 1) cell.put(*session, index, generation);
  }
  settle();
}

// Everything that the compaction wrote is on the disk when the time is taken.
double seconds_of_compaction(const Cell& cell, Store& store, const std::filesystem::path& target,
                             std::filesystem::path& compacted) {
  sync_disk(cell.plan().directory);
  return seconds_of([&] {
    compacted = store.compact(target);
    sync_disk(cell.plan().directory);
  });
}

void check_compacted(const Cell& cell, Store& store, const std::filesystem::path& compacted,
                     Written written) {
  if (compacted == cell.path("store")) return cell.check_entries(store, written);
  cell.check_entries(*cell.open(compacted), written);
}

// Gets random entries until told to stop, and keeps how long each took.
class LatencyReader {
 public:
  LatencyReader(const Cell& cell, Store& store, Written written)
      : thread_([this, &cell, &store, written] { run(cell, store, written); }) {}

  // In nanoseconds, ascending.
  std::vector<double> finish() {
    stop_ = true;
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
    std::sort(latencies_.begin(), latencies_.end());
    return std::move(latencies_);
  }

 private:
  void run(const Cell& cell, Store& store, Written written) try {
    using Clock = std::chrono::steady_clock;
    const std::vector<std::uint32_t> order = cell.shuffled(Purpose::kGet);
    const auto session = store.session();
    for (std::size_t at = 0; !stop_; at = (at + 1) % order.size()) {
      const Clock::time_point begin = Clock::now();
      cell.get(*session, order[at], written.of(order[at]));
      latencies_.push_back(std::chrono::duration<double, std::nano>(Clock::now() - begin).count());
    }
  } catch (...) {
    failure_ = std::current_exception();
  }

  std::atomic<bool> stop_ = false;
  std::vector<double> latencies_;
  std::exception_ptr failure_;
  std::jthread thread_;
};

void run_beside(Cell& cell, Store& store, Written written) {
  constexpr const char* kWorkload = "get beside compaction, p99";
  std::filesystem::path compacted;
  LatencyReader reader(cell, store, written);
  (void)seconds_of_compaction(cell, store, cell.path("second"), compacted);
  const std::vector<double> latencies = reader.finish();
  if (latencies.size() < kLatenciesMin) {
    return cell.note(kWorkload, "over before there were enough gets");
  }
  cell.add(kWorkload, "ns/op", latencies[latencies.size() * 99 / 100], latencies.size());
  check_compacted(cell, store, compacted, written);
}

}  // namespace

void run_compact_suite(Cell& cell) {
  if (!cell.kind().can_compact) return;
  const auto store = cell.open(cell.path("store"), {.thread_count = 2});
  {
    const auto session = store->session();
    for (const std::uint32_t index : cell.shuffled(Purpose::kPut)) {
      cell.put(*session, index, Generation::kPut);
    }
  }
  overwrite_odd(cell, *store, Generation::kOverwritten);
  Written written = {.even = Generation::kPut, .odd = Generation::kOverwritten};
  std::filesystem::path compacted;
  const double seconds = seconds_of_compaction(cell, *store, cell.path("first"), compacted);
  cell.add_time("compact", "ns/key", seconds, cell.dataset().count());
  settle();
  check_compacted(cell, *store, compacted, written);
  if (!cell.kind().reads_while_compacting || cell.kind().is_floor) return;
  if (compacted == cell.path("store")) {
    written.odd = Generation::kRewritten;
    overwrite_odd(cell, *store, written.odd);
  }
  run_beside(cell, *store, written);
}

}  // namespace datawal::bench
