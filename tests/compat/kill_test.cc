// A writer killed with SIGKILL while it writes as fast as it can: whatever it had acknowledged is
// there for both implementations, and whichever of them goes on, nothing is lost.

#include <exception>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "driver_process.h"
#include "model.h"
#include "parameters.h"
#include "scratch.h"
#include "workload.h"

namespace datawal::compat::kill_test {
namespace {

constexpr int kKills = 25;
constexpr int kCommandsPerKill = 300;

class KillLoop {
 public:
  KillLoop(const Implementation& crate, std::uint64_t seed)
      : crate_(crate), workload_(seed), directory_(scratch_.fresh("store").string()) {}

  void run() {
    for (kill_ = 0; kill_ < kKills; ++kill_) {
      const Implementation& writer = kill_ % 2 == 0 ? kDatawal : crate_;
      const std::size_t acknowledged = write_and_kill(writer);
      settle(acknowledged);
    }
  }

  [[nodiscard]] int kills() const { return kill_; }
  [[nodiscard]] std::size_t records() const { return model_.records().size(); }
  [[nodiscard]] int torn() const { return torn_; }

 private:
  // Gives how many records the writer had acknowledged, the old ones included. The model holds all
  // that were sent.
  std::size_t write_and_kill(const Implementation& writer) {
    DriverProcess driver(writer);
    if (driver.name() == kDatawal.name) driver.must("option reserve_space 0");
    open_and_compare(driver, Kind::kStore, directory_, model_);
    std::size_t acknowledged = model_.records().size();
    const std::uint64_t replies_wanted = workload_.random().below(kCommandsPerKill);
    for (int index = 0; index < kCommandsPerKill; ++index) {
      if (!driver.send(workload_.append_command(Kind::kStore, model_))) break;
    }
    std::string reply;
    for (std::uint64_t index = 0; index < replies_wanted && driver.receive(reply); ++index) {
      require_equal(reply, "ok", "reply");
      ++acknowledged;
    }
    driver.kill();
    while (driver.receive(reply)) ++acknowledged;
    return acknowledged;
  }

  // What is on disk is a prefix of what was sent, with everything acknowledged in it. The crate
  // looks first, without changing anything; a record that was torn in the middle of its write(2) is
  // for this library to cut before the crate writes again.
  void settle(std::size_t acknowledged) {
    DriverProcess crate(crate_);
    crate.must("open reader " + directory_);
    const std::vector<std::string> records = crate.must_list("dump");
    const bool torn = crate.must("report").find("truncated=0") == std::string::npos;
    if (records.size() < acknowledged || records.size() > model_.records().size()) {
      throw std::runtime_error(std::to_string(records.size()) + " records, acknowledged were " +
                               std::to_string(acknowledged));
    }
    model_.cut(records.size());
    require_equal(records, model_.dump(), "records after the kill");
    if (torn) {
      ++torn_;
      DriverProcess datawal(kDatawal);
      datawal.must("open kv " + directory_);
      require_equal(datawal.must_list("dump"), model_.dump(), "records after the cut");
      datawal.must("close");
    }
  }

  Scratch scratch_;
  const Implementation& crate_;
  Workload workload_;
  std::string directory_;
  Model model_;
  int kill_ = 0;
  int torn_ = 0;
};

class KillTest : public testing::TestWithParam<Implementation> {};

TEST_P(KillTest, AcknowledgedRecordsAreThereForBoth) {
  const Implementation& crate = GetParam();
  constexpr std::uint64_t kSeed = 77;
  KillLoop loop(crate, kSeed);
  try {
    loop.run();
  } catch (const std::exception& error) {
    FAIL() << crate.name << ", seed " << kSeed << ", kill " << loop.kills() << ":\n"
           << error.what();
  }
  std::cout << crate.name << ", seed " << kSeed << ": " << loop.kills() << " kills, "
            << loop.records() << " records, " << loop.torn() << " torn in the middle of a write\n";
}

INSTANTIATE_TEST_SUITE_P(Crates, KillTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::kill_test
