// The power goes, or the process is killed, in the middle of recovering from a power cut: at every
// change that recovery and the first writes after it make. Recovery must end well from there too.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "crash/scenario.h"
#include "crash/survivor.h"
#include "support/soak.h"

namespace datawal::test::recovery_crash_test {
namespace {

struct Crash {
  PowerCut policy;
  std::uint64_t seed;
};

// A program that opens the store after a crash and goes on with it, until the machine stops.
class Recovery {
 public:
  Recovery(SimulatedFilesystem& filesystem, Options options, const LogModel& before)
      : filesystem_(filesystem), options_(std::move(options)), model_(before) {
    options_.filesystem = &filesystem_;
  }

  void run() {
    Result<DataWal> store = DataWal::open(kScenarioStore, options_);
    if (!store) return;
    problem_ = model_.adopt(store->recovery_report().records_replayed, LogModel::Floor::kDurable);
    if (!problem_.empty()) return;
    put(*store, 5000);
    sync(*store);
    put(*store, 10);
    if (store->rotate()) model_.note_synced();
    put(*store, 700);
    if (store->close()) model_.note_synced();
  }

  [[nodiscard]] const LogModel& model() const { return model_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void put(DataWal& store, std::size_t size) {
    const Bytes value = noise(size, size);
    if (store.is_poisoned()) return;
    model_.attempt({put_of("recovered", value)});
    if (store.put(as_bytes("recovered"), value)) model_.succeed();
    model_.note_durable(store.log()->durable_txid());
  }

  void sync(DataWal& store) {
    if (store.sync()) model_.note_synced();
  }

  SimulatedFilesystem& filesystem_;
  Options options_;
  LogModel model_;
  std::string problem_;
};

class RecoveryCrashSweep : public ::testing::TestWithParam<const char*> {
 protected:
  // Crashes again at the k-th change of a recovery on a copy of `machine`. False if it has fewer.
  bool crash_again(const SimulatedFilesystem& machine, const Scenario& scenario, std::uint64_t k) {
    const auto copy = machine.clone();
    copy->stop_at_mutation(k);
    Recovery recovery(*copy, scenario.options(), scenario.model());
    recovery.run();
    const bool was_stopped = copy->is_stopped();
    const LogModel::Floor floor = crash_somehow(*copy, k);
    std::string found = recovery.problem();
    if (found.empty()) found = check_survivor(*copy, recovery.model(), floor, scenario.options());
    ++crash_count_;
    if (!found.empty()) fail(k, found, *copy);
    return was_stopped;
  }

  // Every kind in turn, so that neighbours see different ones.
  static LogModel::Floor crash_somehow(SimulatedFilesystem& machine, std::uint64_t k) {
    const std::vector<PowerCut> policies = {PowerCut::kTear, PowerCut::kDropPending,
                                            PowerCut::kTear, PowerCut::kZeroPending,
                                            PowerCut::kTear, PowerCut::kKeepPending};
    if (k % 7 == 6) {
      machine.kill_process(machine.interrupted_write_size() / 2);
      return LogModel::Floor::kVisible;
    }
    machine.crash(policies[k % policies.size()], k);
    return LogModel::Floor::kDurable;
  }

  void fail(std::uint64_t k, const std::string& what, const SimulatedFilesystem& machine) {
    ADD_FAILURE() << "change " << k << " of the recovery: " << what << "\n"
                  << tail_of_trace(machine);
    ++failure_count_;
  }

  [[nodiscard]] bool has_failed_enough() const { return failure_count_ >= 3; }

  std::uint64_t crash_count_ = 0;
  int failure_count_ = 0;
};

TEST_P(RecoveryCrashSweep, RecoveryEndsWellFromAnywhere) {
  bool is_running = true;
  for (std::uint64_t n = 1; is_running && !has_failed_enough(); n += sweep_stride()) {
    SimulatedFilesystem filesystem(n);
    Scenario scenario(filesystem, shape_named(GetParam()));
    filesystem.stop_at_mutation(n);
    scenario.run();
    is_running = filesystem.is_stopped();
    const std::vector<Crash> crashes = {{PowerCut::kKeepPending, 0},
                                        {PowerCut::kZeroPending, 0},
                                        {PowerCut::kTear, 3 * n},
                                        {PowerCut::kTear, 3 * n + 1},
                                        {PowerCut::kTear, 3 * n + 2}};
    for (const Crash& crash : crashes) {
      SCOPED_TRACE("change " + std::to_string(n) + " seed " + std::to_string(crash.seed));
      const auto machine = filesystem.clone();
      machine->crash(crash.policy, crash.seed);
      std::uint64_t k = 0;
      while (!has_failed_enough() && crash_again(*machine, scenario, ++k)) continue;
    }
  }
  EXPECT_GT(crash_count_, 5000U / sweep_stride()) << "too few to mean anything";
}

INSTANTIATE_TEST_SUITE_P(, RecoveryCrashSweep,
                         ::testing::Values("Small", "Paged", "SmallMapped", "PagedMapped"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace datawal::test::recovery_crash_test
