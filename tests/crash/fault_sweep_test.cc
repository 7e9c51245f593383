// Every call of the filesystem fails in turn: alone, and with all that follow; as a broken disk, as
// a full one; with a part of a write done, and with all of the work done. Everything must be done
// or cleanly refused, nothing read may be wrong, and the store must then open with nothing durable
// lost.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "crash/scenario.h"
#include "crash/survivor.h"
#include "support/soak.h"

namespace datawal::test::fault_sweep_test {
namespace {

struct FaultKind {
  const char* name;
  SimulatedFault fault;
};

void PrintTo(const FaultKind& kind, std::ostream* stream) {
  *stream << kind.name;
}

std::string first_problem(const Scenario& scenario) {
  return scenario.problems().empty() ? "" : scenario.problems().front();
}

class FaultSweep : public ::testing::TestWithParam<FaultKind> {
 protected:
  static void sweep(const ScenarioShape& shape);
};

TEST_P(FaultSweep, EveryCallIsDoneOrCleanlyRefused) {
  sweep(small_shape());
}

TEST_P(FaultSweep, EveryCallIsDoneOrCleanlyRefusedWhereRecordsAreStored) {
  sweep(shape_named("SmallMapped"));
}

TEST_P(FaultSweep, EveryCallIsDoneOrCleanlyRefusedAheadOfRotations) {
  sweep(shape_named("SmallAhead"));
}

void FaultSweep::sweep(const ScenarioShape& shape) {
  std::uint64_t call_count = 0;
  std::uint64_t failure_count = 0;
  for (std::uint64_t n = 1;; n += sweep_stride()) {
    SimulatedFilesystem filesystem;
    Scenario scenario(filesystem, shape);
    SimulatedFault fault = GetParam().fault;
    fault.first = n;
    filesystem.inject(fault);
    filesystem.reset_counts();
    scenario.run();
    call_count = filesystem.call_count();
    std::string found = first_problem(scenario);
    filesystem.clear_faults();
    // Nobody closes the store: what is there then has to do, also if the power goes.
    const auto machine = filesystem.clone();
    machine->crash(PowerCut::kDropPending);
    if (found.empty()) found = check_survivors(*machine, scenario, LogModel::Floor::kDurable);
    filesystem.kill_process();
    if (found.empty()) found = check_survivors(filesystem, scenario, LogModel::Floor::kVisible);
    if (!found.empty()) {
      ADD_FAILURE() << "call " << n << ": " << found << "\n" << tail_of_trace(filesystem);
      if (++failure_count == 3) return;
    }
    if (n <= call_count) continue;
    for (const auto& [path, artifact] : scenario.artifacts()) {
      EXPECT_TRUE(artifact.must_exist) << path << " was not made although nothing has failed";
    }
    break;
  }
  EXPECT_GT(call_count, 500U) << "the scenario has become too small to mean anything";
}

constexpr std::uint64_t kForEver = SimulatedFault::kForEver;

INSTANTIATE_TEST_SUITE_P(
    , FaultSweep,
    ::testing::Values(
        FaultKind{"IoOnce", {.code = ErrorCode::kIo}},
        FaultKind{"IoOnceThoughDone", {.code = ErrorCode::kIo, .takes_effect = true}},
        FaultKind{"IoFromThereOn", {.count = kForEver, .code = ErrorCode::kIo}},
        FaultKind{"NoSpaceOnce", {.code = ErrorCode::kNoSpace}},
        FaultKind{"NoSpaceFromThereOn", {.count = kForEver, .code = ErrorCode::kNoSpace}},
        FaultKind{"ShortWriteOnce", {.code = ErrorCode::kNoSpace, .written_prefix = 17}},
        FaultKind{"LongShortWriteOnce", {.code = ErrorCode::kIo, .written_prefix = 1 << 20}}),
    [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace datawal::test::fault_sweep_test
