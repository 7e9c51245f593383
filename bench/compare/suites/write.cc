// Putting new entries in other ways than one by one in random order.
#include <algorithm>
#include <chrono>

#include "compare/suites.h"

namespace datawal::bench {
namespace {

constexpr unsigned kThreadCount = 2;

void run_ascending(const CellPlan& plan, Cell& cell) {
  Cell ascending(plan, KeyOrder::kAscending);
  const auto store = ascending.open(cell.path("ascending"));
  const auto session = store->session();
  const std::uint32_t count = plan.count;
  const double seconds = seconds_of([&] {
    for (std::uint32_t index = 0; index < count; ++index) {
      ascending.put(*session, index, Generation::kPut);
    }
  });
  ascending.add_time("put, ascending keys", "ns/op", seconds, count);
  settle();
  ascending.check_sum(*store);
  cell.append(ascending);
}

void run_threads(Cell& cell) {
  const auto store = cell.open(cell.path("threads"), {.thread_count = kThreadCount});
  std::vector<std::unique_ptr<Session>> sessions;
  for (unsigned thread = 0; thread < kThreadCount; ++thread) sessions.push_back(store->session());
  const std::vector<std::uint32_t> order = cell.shuffled(Purpose::kPut);
  const double seconds = seconds_of_threads(kThreadCount, [&](unsigned thread) {
    for (const std::uint32_t index : share_of(order, thread, kThreadCount)) {
      cell.put(*sessions[thread], index, Generation::kPut);
    }
  });
  cell.add_time("put, 2 threads", "ns/op", seconds, order.size());
  settle();
  cell.check_sum(*store);
}

void run_batches(Cell& cell) {
  const auto store = cell.open(cell.path("batches"));
  const auto session = store->session();
  const std::vector<std::uint32_t> order = cell.shuffled(Purpose::kPut);
  const double seconds = seconds_of([&] {
    for (std::size_t at = 0; at < order.size(); at += kBatchSize) {
      const std::size_t size = std::min(kBatchSize, order.size() - at);
      cell.put_batch(*session, std::span(order).subspan(at, size), Generation::kPut);
    }
  });
  cell.add_time("put, batches of 100", "ns/key", seconds, order.size());
  settle();
  cell.check_sum(*store);
}

// The longest that a single put took. Includes what the system did to the thread meanwhile.
void run_pauses(Cell& cell) {
  using Clock = std::chrono::steady_clock;
  const auto store = cell.open(cell.path("pauses"));
  const auto session = store->session();
  const std::vector<std::uint32_t> order = cell.shuffled(Purpose::kPut);
  Clock::duration longest{};
  Clock::time_point before = Clock::now();
  for (const std::uint32_t index : order) {
    cell.put(*session, index, Generation::kPut);
    const Clock::time_point after = Clock::now();
    longest = std::max(longest, after - before);
    before = after;
  }
  const double milliseconds = std::chrono::duration<double, std::milli>(longest).count();
  cell.add("longest put pause", "ms", milliseconds, order.size());
  settle();
  cell.check_sum(*store);
}

}  // namespace

// These stores are only put to: they hold no more than is measured.
void run_write_suite(Cell& cell) {
  CellPlan plan = cell.plan();
  plan.count = std::min(plan.count, plan.measured_count_max);
  Cell smaller(plan);
  run_ascending(plan, smaller);
  std::filesystem::remove_all(cell.path("ascending"));
  sync_disk(plan.directory);
  run_threads(smaller);
  std::filesystem::remove_all(cell.path("threads"));
  sync_disk(plan.directory);
  run_batches(smaller);
  std::filesystem::remove_all(cell.path("batches"));
  sync_disk(plan.directory);
  run_pauses(smaller);
  cell.append(smaller);
}

}  // namespace datawal::bench
