// Random operations on a store, against a list of the records and a std::map of the values.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "file/posix_test_support.h"
#include "file/simulated_filesystem.h"
#include "model/random_session.h"
#include "support/soak.h"
#include "support/trace.h"

namespace datawal::test::model_test {
namespace {

constexpr std::uint64_t kFirstSeed = 20'000;

SessionShape base_shape_for(std::uint64_t seed) {
  switch (seed % 4) {
    case 0:
      return {.segment_size_max = 1, .value_size_max = 60, .key_count = 6};  // a record a segment
    case 1:
      return {.segment_size_max = 2'000, .value_size_max = 300, .key_count = 12};
    case 2:
      return {.segment_size_max = 60'000, .value_size_max = 6'000, .key_count = 20};
    default:
      return {.segment_size_max = 1U << 20, .value_size_max = 900, .key_count = 40};
  }
}

SessionShape shape_for(std::uint64_t seed) {
  SessionShape shape = base_shape_for(seed);
  shape.saves_index = seed % 3 != 0;
  return shape;
}

// For half of the seeds every record is stored through a mapping, for the others written; and for
// half of each rotations are prepared ahead.
void choose_way(SimulatedFilesystem& machine, std::uint64_t seed) {
  if (seed / 4 % 2 == 0) machine.set_write_through_size(0);
  if (seed / 8 % 2 == 0) {
    machine.set_ahead_of_rotation({.segment_size_min = 0, .on_thread = false});
  }
}

TEST(Model, RandomOperationsOnAMachineThatNeverFails) {
  const std::uint64_t end = kFirstSeed + 24 * soak_factor();
  for (std::uint64_t seed = kFirstSeed; seed < end; seed += model_stride()) {
    SimulatedFilesystem machine(seed);
    choose_way(machine, seed);
    RandomSession session(machine, "/base", seed, shape_for(seed), nullptr);
    ASSERT_EQ(session.run(600), "") << "seed " << seed << "\n" << session.history();
  }
}

TEST(Model, RandomOperationsFaultsKillsAndPowerCuts) {
  const std::uint64_t end = kFirstSeed + 160 * soak_factor();
  for (std::uint64_t seed = kFirstSeed; seed < end; seed += model_stride()) {
    SimulatedFilesystem machine(seed);
    choose_way(machine, seed);
    RandomSession session(machine, "/base", seed, shape_for(seed), &machine);
    ASSERT_EQ(session.run(400), "") << "seed " << seed << "\n"
                                    << session.history() << tail_of_trace(machine);
  }
}

TEST(Model, RandomOperationsInARealDirectory) {
  for (std::uint64_t seed = kFirstSeed; seed < kFirstSeed + 8 * soak_factor(); ++seed) {
    const test::ScratchDirectory scratch;
    RandomSession session(posix_filesystem(), scratch.path(), seed, shape_for(seed), nullptr);
    ASSERT_EQ(session.run(250), "") << "seed " << seed << "\n" << session.history();
  }
}

}  // namespace
}  // namespace datawal::test::model_test
