// Thousands of random operations on one store, which this library and the crate continue in turn.
// Each turn begins with a check of every record and every live key that the others have left.

#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "driver_process.h"
#include "model.h"
#include "parameters.h"
#include "scratch.h"
#include "workload.h"

namespace datawal::compat::exchange_test {
namespace {

constexpr int kTurns = 40;
constexpr int kOperationsPerTurn = 40;
constexpr std::uint64_t kSmallSegment = 10'000;

enum class Ending { kClosed, kLeft, kSyncedAndKilled, kKilled };

class Exchange {
 public:
  Exchange(const Implementation& crate, std::uint64_t seed)
      : crate_(crate), workload_(seed), directory_(scratch_.fresh("store")) {}

  void run() {
    for (turn_ = 0; turn_ < kTurns; ++turn_) {
      take_turn(workload_.random().chance(50) ? crate_ : kDatawal);
      if (turn_ % 8 == 7) compact();
    }
    // Both agree on what is there at the end, as a log and as a store.
    for (const Implementation* implementation : {&crate_, &kDatawal}) {
      DriverProcess driver(*implementation);
      open_and_compare(driver, Kind::kLog, directory_.string(), model_);
      open_and_compare(driver, Kind::kStore, directory_.string(), model_);
    }
  }

  [[nodiscard]] std::string where() const {
    return "turn " + std::to_string(turn_) + " by " + actor_ + ", operation " +
           std::to_string(workload_.operations());
  }
  [[nodiscard]] std::uint64_t operations() const { return workload_.operations(); }

 private:
  void take_turn(const Implementation& implementation) {
    const Kind kind = workload_.random().chance(50) ? Kind::kLog : Kind::kStore;
    actor_ = std::string(implementation.name) + " as " + kind_name(kind);
    DriverProcess driver(implementation);
    limit_segments(driver);
    const auto ending = static_cast<Ending>(workload_.random().below(4));
    // The zeros of reserved space, which only closing cuts off, are for this library to cut.
    if (driver.name() == kDatawal.name && ending != Ending::kClosed) {
      driver.must("option reserve_space 0");
    }
    open_and_compare(driver, kind, directory_.string(), model_);
    const std::uint64_t count = workload_.random().below(2 * kOperationsPerTurn);
    for (std::uint64_t step = 0; step < count; ++step) workload_.step(driver, kind, model_);
    switch (ending) {
      case Ending::kClosed:
        return (void)driver.must("close");
      case Ending::kLeft:
        return;
      case Ending::kSyncedAndKilled:
        driver.must("sync");
        return driver.kill();
      case Ending::kKilled:
        return driver.kill();
    }
  }

  // This library begins new segments by itself; in half of its turns they are small.
  void limit_segments(DriverProcess& driver) {
    const bool small = driver.name() == kDatawal.name && workload_.random().chance(50);
    model_.set_segment_size_max(small ? kSmallSegment : kSegmentSizeMaxNone);
    if (small) driver.must("option segment_size_max " + std::to_string(kSmallSegment));
  }

  // Both compact the store and export it; the bytes are the same, and one of the two results is
  // the store that the next turns go on with.
  void compact() {
    actor_ = "both";
    const std::filesystem::path by_crate = scratch_.fresh("compacted");
    const std::filesystem::path by_datawal = scratch_.fresh("compacted");
    const std::string crate_stats = compact_and_export(crate_, by_crate);
    const std::string datawal_stats = compact_and_export(kDatawal, by_datawal);
    require_equal(datawal_stats, crate_stats, "compact");
    require_same_file(by_datawal / segment_file(1), by_crate / segment_file(1));
    require_same_file(by_datawal.string() + ".jsonl", by_crate.string() + ".jsonl");
    if (segment_names(by_datawal) != segment_names(by_crate)) {
      throw std::runtime_error("other segments after compaction");
    }
    model_ = model_.compacted();
    import_into_new_store(by_crate.string() + ".jsonl");
    directory_ = workload_.random().chance(50) ? by_crate : by_datawal;
  }

  std::string compact_and_export(const Implementation& implementation,
                                 const std::filesystem::path& target) {
    DriverProcess driver(implementation);
    driver.must("open kv " + directory_.string());
    driver.must("export " + target.string() + ".jsonl");
    return driver.must("compact " + target.string());
  }

  static void require_same_file(const std::filesystem::path& found,
                                const std::filesystem::path& expected) {
    if (read_file(found) != read_file(expected)) {
      throw std::runtime_error(found.string() + " differs from " + expected.string());
    }
  }

  void import_into_new_store(const std::string& file) {
    const std::string imported = scratch_.fresh("imported").string();
    DriverProcess driver(kDatawal);
    driver.must("open kv " + imported);
    driver.must("import " + file);
    require_equal(driver.must_list("state"), model_.state(), "imported state");
    driver.must("close");
    DriverProcess crate(crate_);
    open_and_compare(crate, Kind::kStore, imported, model_);
  }

  Scratch scratch_;
  const Implementation& crate_;
  Workload workload_;
  Model model_;
  std::filesystem::path directory_;
  std::string actor_;
  int turn_ = 0;
};

struct ExchangeCase {
  Implementation crate;
  std::uint64_t seed;

  friend std::ostream& operator<<(std::ostream& out, const ExchangeCase& exchange) {
    return out << exchange.crate << ", seed " << exchange.seed;
  }
};

std::string case_name(const testing::TestParamInfo<ExchangeCase>& info) {
  return implementation_name({info.param.crate, info.index}) + "_seed_" +
         std::to_string(info.param.seed);
}

class ExchangeTest : public testing::TestWithParam<ExchangeCase> {};

TEST_P(ExchangeTest, EachContinuesTheOthersStore) {
  Exchange exchange(GetParam().crate, GetParam().seed);
  try {
    exchange.run();
  } catch (const std::exception& error) {
    FAIL() << GetParam() << ", " << exchange.where() << ":\n" << error.what();
  }
  std::cout << GetParam() << ": " << exchange.operations() << " operations in " << kTurns
            << " turns agree\n";
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExchangeTest,
                         testing::Values(ExchangeCase{kCrates[0], 1}, ExchangeCase{kCrates[0], 2},
                                         ExchangeCase{kCrates[0], 3}, ExchangeCase{kCrates[0], 4},
                                         ExchangeCase{kCrates[1], 5}, ExchangeCase{kCrates[1], 6},
                                         ExchangeCase{kCrates[1], 7}, ExchangeCase{kCrates[1], 8}),
                         case_name);

}  // namespace
}  // namespace datawal::compat::exchange_test
