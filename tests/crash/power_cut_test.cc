// The power goes, or the process is killed, at every change that the scenario makes to the disk.
// Then the store must open: what a crash leaves is no reason to refuse it. Every record that a sync
// has acknowledged must be there, in order and unchanged; what is there beyond them, is the
// beginning of what was appended.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crash/scenario.h"
#include "crash/survivor.h"
#include "support/soak.h"

namespace datawal::test::power_cut_test {
namespace {

struct Cut {
  PowerCut policy;
  std::uint64_t seed;
};

std::vector<Cut> cuts(std::uint64_t first_seed, std::uint64_t tear_count) {
  std::vector<Cut> result = {
      {PowerCut::kDropPending, 0}, {PowerCut::kKeepPending, 0}, {PowerCut::kZeroPending, 0}};
  for (std::uint64_t index = 0; index < tear_count; ++index) {
    result.push_back({PowerCut::kTear, first_seed + index});
  }
  return result;
}

class PowerCutSweep : public ::testing::TestWithParam<const char*> {
 protected:
  // Runs the scenario until its n-th change. False if it has fewer.
  bool run_until(std::uint64_t n) {
    filesystem_ = std::make_unique<SimulatedFilesystem>(n);
    scenario_.emplace(*filesystem_, shape_named(GetParam()));
    filesystem_->stop_at_mutation(n);
    scenario_->run();
    for (const std::string& problem : scenario_->problems()) fail(n, problem, *filesystem_);
    return filesystem_->is_stopped();
  }

  void fail(std::uint64_t n, const std::string& what, const SimulatedFilesystem& machine) {
    ADD_FAILURE() << "change " << n << ": " << what << "\n" << tail_of_trace(machine);
    ++failure_count_;
  }

  [[nodiscard]] bool has_failed_enough() const { return failure_count_ >= 3; }

  std::unique_ptr<SimulatedFilesystem> filesystem_;
  std::optional<Scenario> scenario_;
  int failure_count_ = 0;
};

TEST_P(PowerCutSweep, WhatWasSyncedIsThere) {
  constexpr std::uint64_t kTearCount = 60;
  std::uint64_t n = 0;
  bool is_running = true;
  while (is_running && !has_failed_enough()) {
    n += sweep_stride();
    is_running = run_until(n);
    for (const Cut& cut : cuts(1000 * n, kTearCount)) {
      const auto machine = filesystem_->clone();
      machine->crash(cut.policy, cut.seed);
      const std::string found = check_survivors(*machine, *scenario_, LogModel::Floor::kDurable);
      if (!found.empty()) fail(n, found, *machine);
    }
  }
  EXPECT_GT(n, 100U) << "the scenario has become too small to mean anything";
}

TEST_P(PowerCutSweep, WhatWasWrittenOutlivesTheProcess) {
  std::uint64_t n = 0;
  bool is_running = true;
  while (is_running && !has_failed_enough()) {
    n += sweep_stride();
    is_running = run_until(n);
    const std::uint64_t size = filesystem_->interrupted_write_size();
    for (std::uint64_t part = 0; part <= 4 && part <= size; ++part) {
      if (part > 0) run_until(n);
      filesystem_->kill_process(size * part / 4);
      const std::string found =
          check_survivors(*filesystem_, *scenario_, LogModel::Floor::kVisible);
      if (!found.empty()) fail(n, found, *filesystem_);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, PowerCutSweep,
                         ::testing::Values("Small", "Paged", "SmallMapped", "PagedMapped",
                                           "SmallAhead", "PagedAhead"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace datawal::test::power_cut_test
