// Ridding a store of what was overwritten, half of its entries, and reading it meanwhile.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <thread>

#include "compare/suites.h"

namespace datawal::bench {
namespace {

constexpr std::size_t kLatenciesMin = 100;

// Puts one by one; to slow stores in batches.
void put_all(const Cell& cell, Store& store, std::span<const std::uint32_t> order,
             Generation generation) {
  const auto session = store.session();
  if (!cell.measures_all()) return cell.load(*session, order, generation);
  for (const std::uint32_t index : order) cell.put(*session, index, generation);
}

void overwrite_odd(const Cell& cell, Store& store, Generation generation) {
  std::vector<std::uint32_t> order = cell.shuffled(Purpose::kOverwrite);
  std::erase_if(order, [](std::uint32_t index) { return index % 2 == 0; });
  put_all(cell, store, order, generation);
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

double disk_size(const std::filesystem::path& directory) {
  double size = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat facts{};
    if (stat(entry.path().c_str(), &facts) == 0 && S_ISREG(facts.st_mode)) {
      size += 512.0 * static_cast<double>(facts.st_blocks);
    }
  }
  return size;
}

// A store that was not made smaller, and is not small, was not compacted, however fast.
void add_compaction(Cell& cell, double seconds, double size_before, double size_after) {
  constexpr double kSmall = 1.75;  // times the keys and values
  constexpr double kShrunk = 0.9;
  const double count = cell.dataset().count();
  const double data_size = count * static_cast<double>(kKeySize + cell.dataset().value_size());
  cell.add("disk after compaction", "bytes/key", size_after / count, cell.dataset().count());
  if (size_after > kSmall * data_size && size_after > kShrunk * size_before) {
    return cell.note("compact", "the store did not become smaller");
  }
  cell.add_time("compact", "ns/key", seconds, cell.dataset().count());
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
  put_all(cell, *store, cell.shuffled(Purpose::kPut), Generation::kPut);
  overwrite_odd(cell, *store, Generation::kOverwritten);
  Written written = {.even = Generation::kPut, .odd = Generation::kOverwritten};
  std::filesystem::path compacted;
  const double size_before = disk_size(cell.path("store"));
  const double seconds = seconds_of_compaction(cell, *store, cell.path("first"), compacted);
  settle();
  add_compaction(cell, seconds, size_before, disk_size(compacted));
  check_compacted(cell, *store, compacted, written);
  if (!cell.kind().reads_while_compacting || cell.kind().is_floor) return;
  if (compacted == cell.path("store")) {
    written.odd = Generation::kRewritten;
    overwrite_odd(cell, *store, written.odd);
  }
  run_beside(cell, *store, written);
}

}  // namespace datawal::bench
