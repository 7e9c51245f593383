// Puts each of which outlives a power cut, by one thread and by several at the same time.
#include <numeric>

#include "compare/suites.h"

namespace datawal::bench {
namespace {

struct ThreadPlan {
  unsigned thread_count;
  std::uint32_t put_count_max;
  const char* workload;
};

constexpr std::array<ThreadPlan, 4> kPlans = {{
    {1, 400, "durable put"},
    {2, 800, "durable put, 2 threads"},
    {8, 800, "durable put, 8 threads"},
    {64, 1600, "durable put, 64 threads"},
}};
constexpr std::uint32_t kBatchCountMax = 100;
// Put before measuring, so that the files are there.
constexpr std::uint32_t kFirstIndex = 0;

std::vector<std::uint32_t> some_indices(const Cell& cell, std::uint32_t count_max) {
  std::vector<std::uint32_t> order(std::min(count_max, cell.dataset().count() - 1));
  std::iota(order.begin(), order.end(), kFirstIndex + 1);
  return order;
}

void check_all(const Cell& cell, Session& session, std::span<const std::uint32_t> order) {
  for (const std::uint32_t index : order) cell.get(session, index, Generation::kPut);
}

void run_threads(Cell& cell, const ThreadPlan& plan) {
  const std::filesystem::path directory = cell.path("durable");
  const OpenPlan open_plan = {.durable = true, .thread_count = plan.thread_count};
  auto store = cell.open(directory, open_plan);
  std::vector<std::unique_ptr<Session>> sessions;
  for (unsigned thread = 0; thread < plan.thread_count; ++thread) {
    sessions.push_back(store->session());
  }
  const std::vector<std::uint32_t> order = some_indices(cell, plan.put_count_max);
  cell.put(*sessions[0], kFirstIndex, Generation::kPut);
  const auto work = [&](unsigned thread) {
    for (const std::uint32_t index : share_of(order, thread, plan.thread_count)) {
      cell.put(*sessions[thread], index, Generation::kPut);
    }
  };
  const double seconds = plan.thread_count == 1 ? seconds_of([&] { work(0); })
                                                : seconds_of_threads(plan.thread_count, work);
  cell.add_time(plan.workload, "ns/op", seconds, order.size());
  sessions.clear();
  store.reset();
  store = cell.open(directory, open_plan);
  check_all(cell, *store->session(), order);
  store.reset();
  std::filesystem::remove_all(directory);
  sync_disk(cell.plan().directory);
}

void run_batches(Cell& cell) {
  const auto store = cell.open(cell.path("batches"), {.durable = true});
  const auto session = store->session();
  const std::vector<std::uint32_t> order = some_indices(cell, kBatchCountMax * kBatchSize);
  cell.put(*session, kFirstIndex, Generation::kPut);
  const std::size_t batch_count = order.size() / kBatchSize;
  const double seconds = seconds_of([&] {
    for (std::size_t batch = 0; batch < batch_count; ++batch) {
      const auto indices = std::span(order).subspan(batch * kBatchSize, kBatchSize);
      cell.put_batch(*session, indices, Generation::kPut);
    }
  });
  if (batch_count == 0) return;
  cell.add_time("durable batch of 100", "ns/op", seconds, batch_count);
  check_all(cell, *session, std::span(order).first(batch_count * kBatchSize));
}

}  // namespace

void run_durable_suite(Cell& cell) {
  if (!cell.kind().can_sync) return;
  for (const ThreadPlan& plan : kPlans) run_threads(cell, plan);
  run_batches(cell);
}

}  // namespace datawal::bench
