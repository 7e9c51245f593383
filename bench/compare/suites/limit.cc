// A store of four times as much data as the memory that its process, and its part of the page
// cache, may have.
#include "compare/suites/limit.h"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <random>
#include <sstream>

#include "compare/child.h"
#include "compare/limits.h"
#include "compare/suites.h"

namespace datawal::bench {
namespace {

constexpr std::uint64_t kDataPerMemory = 4;
constexpr unsigned kProcessSecondsMax = 60;
constexpr double kWorkloadSeconds = 1;
constexpr std::uint64_t kOperationsMax = 200'000;
constexpr std::uint64_t kOperationsPerLook = 16;  // at the clock
constexpr const char* kGetUniform = "get, data 4x memory, uniform";
constexpr const char* kGetSkewed = "get, data 4x memory, skewed";
constexpr const char* kPutUniform = "put, data 4x memory, uniform";
constexpr const char* kPutSkewed = "put, data 4x memory, skewed";

// Draws entries: all alike, or 80 % of the draws from 20 % of the entries, and so on within those.
class Draw {
 public:
  Draw(std::uint32_t count, bool is_skewed, std::uint64_t seed)
      : count_(count), exponent_(is_skewed ? std::log(0.2) / std::log(0.8) : 1), random_(seed) {}

  std::uint32_t operator()() {
    const double share = std::pow(uniform_(random_), exponent_);
    return std::min(static_cast<std::uint32_t>(share * count_), count_ - 1);
  }

 private:
  std::uint32_t count_;
  double exponent_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> uniform_;
};

void run_for_a_while(const char* workload, const std::function<void()>& operation) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  std::uint64_t count = 0;
  double seconds = 0;
  while (seconds < kWorkloadSeconds && count < kOperationsMax) {
    for (std::uint64_t step = 0; step < kOperationsPerLook; ++step) operation();
    count += kOperationsPerLook;
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  std::printf("%s\t%.6g\t%llu\n", workload, seconds * 1e9 / static_cast<double>(count),
              static_cast<unsigned long long>(count));
  std::fflush(stdout);
}

std::string reason_of(int signal) {
  if (signal == SIGKILL) return "needs more memory than there is: killed by the system";
  if (signal == SIGALRM) return "took longer than " + std::to_string(kProcessSecondsMax) + " s";
  return "died of signal " + std::to_string(signal);
}

void take_over(Cell& cell, const ChildEnd& end) {
  std::vector<std::string> missing = {kGetUniform, kGetSkewed, kPutUniform, kPutSkewed};
  std::istringstream lines(end.text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    const std::string workload = line.substr(0, first);
    cell.add(workload, "ns/op", std::stod(line.substr(first + 1)), std::stoul(line.substr(second)));
    std::erase(missing, workload);
  }
  for (const std::string& workload : missing) cell.note(workload, reason_of(end.signal));
}

}  // namespace

void run_limit_suite(Cell& cell) {
  if (cell.kind().is_floor) return;
  const CellPlan& plan = cell.plan();
  const std::uint64_t limit = plan.count * (kKeySize + plan.value_size) / kDataPerMemory;
  std::string reason;
  const auto group = MemoryGroup::make(limit, reason);
  if (group == nullptr) return cell.note(kGetUniform, reason);
  const std::filesystem::path directory = cell.path("store");
  // Not in this process, which keeps no memory of it.
  (void)output_of_fork([&] {
    const auto store = cell.open(directory);
    cell.load(*store->session(), cell.shuffled(Purpose::kPut), Generation::kPut);
    return std::string();
  });
  sync_disk(plan.directory);
  forget_pages(directory);
  take_over(cell, end_of_self({std::string(kLimitedRunArgument), std::string(plan.kind.name),
                               directory.string(), std::to_string(plan.value_size),
                               std::to_string(plan.count), std::to_string(plan.seed),
                               std::to_string(limit), group->directory().string()}));
}

void run_limited(const std::vector<std::string>& arguments) {
  const std::filesystem::path directory = arguments.at(1);
  const Cell cell({.kind = store_kind_named(arguments.at(0)),
                   .directory = directory,
                   .value_size = std::stoul(arguments.at(2)),
                   .count = static_cast<std::uint32_t>(std::stoul(arguments.at(3))),
                   .seed = std::stoul(arguments.at(4))});
  const std::size_t limit = std::stoul(arguments.at(5));
  join_memory_group(arguments.at(6));
  alarm(kProcessSecondsMax);
  const auto store =
      cell.open(directory,
                {.cache_size = limit / 4, .write_buffer_size = limit / 16, .exceeds_memory = true});
  const auto session = store->session();
  for (const bool is_skewed : {false, true}) {
    Draw draw(cell.dataset().count(), is_skewed, cell.plan().seed);
    run_for_a_while(is_skewed ? kGetSkewed : kGetUniform,
                    [&] { cell.get(*session, draw(), Generation::kPut); });
  }
  for (const bool is_skewed : {false, true}) {
    Draw draw(cell.dataset().count(), is_skewed, cell.plan().seed + 1);
    run_for_a_while(is_skewed ? kPutSkewed : kPutUniform,
                    [&] { cell.put(*session, draw(), Generation::kPut); });
  }
  // What is still to be written back or merged is nobody's business.
  std::_Exit(EXIT_SUCCESS);
}

}  // namespace datawal::bench
