// The power goes, or the process is killed, at every change that writing the hints of a store makes
// to the disk; and, with hints there, at every change that writing to the store makes. Whatever is
// left of a hint, the log that is read with it is the log that is read without.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "datawal/record_log.h"
#include "format/names.h"
#include "log/hint_file.h"
#include "log/log_scan.h"
#include "support/store_files.h"
#include "support/trace.h"

namespace datawal::test::hint_crash_test {
namespace {

constexpr std::string_view kStore = "store";

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Found {
  std::vector<std::string> records;
  std::uint64_t hints = 0;
};

Found log_of(SimulatedFilesystem& machine, bool uses_hints) {
  auto directory = must(machine.open_directory(kStore));
  LogScan scan(must(load_log_view(std::move(directory), machine, DamagePolicy::kRefuse)),
               DamagePolicy::kRefuse, {});
  scan.read_ahead({.thread_count = 2, .uses_hints = uses_hints});
  Found found;
  while (const auto record = must(scan.next())) {
    found.records.push_back(std::to_string(record->txid) + ' ' + std::string(as_text(record->key)) +
                            ' ' + std::to_string(record->ref.offset));
  }
  found.hints = scan.read_ahead_result().hints;
  return found;
}

void append(RecordLog& log, int count, std::size_t value_size) {
  for (int number = 0; number < count; ++number) {
    const std::string key = "key " + std::to_string(number);
    must(
        log.append_record(RecordType::kPut, as_bytes(key), as_bytes(std::string(value_size, 'v'))));
  }
}

class HintCrash : public ::testing::Test {
 protected:
  // A store with three sealed segments, one of them with a hint of several blocks.
  void make_store() {
    machine_ = std::make_unique<SimulatedFilesystem>(1);
    RecordLog log = must(RecordLog::open(kStore, {.filesystem = machine_.get()}));
    append(log, 100, 300);
    must(log.rotate());
    append(log, 9'000, 120);
    must(log.rotate());
    append(log, 50, 300);
    must(log.rotate());
    append(log, 10, 300);
    must(log.close());
  }

  static void write_all(SimulatedFilesystem& machine) {
    const auto directory = must(machine.open_directory(kStore));
    for (const std::uint32_t id : {1U, 2U, 3U}) {
      (void)write_hint(*directory, SegmentId{id}, [] { return true; });
    }
  }

  void check(SimulatedFilesystem& machine, const std::string& what) {
    const Found with = log_of(machine, true);
    const Found without = log_of(machine, false);
    EXPECT_EQ(with.records, without.records) << what << "\n" << tail_of_trace(machine);
    EXPECT_EQ(without.records.size(), 9'160U) << what;
    hints_seen_ = std::max(hints_seen_, with.hints);
    const RecordLog log = must(RecordLog::open(kStore, {.filesystem = &machine}));
    EXPECT_EQ(log.last_txid(), 9'160U) << what;
  }

  void sweep() {
    std::uint64_t n = 0;
    bool is_stopped = true;
    while (is_stopped && !HasFailure()) {
      ++n;
      const auto begun = machine_->clone();
      begun->stop_at_mutation(n);
      write_all(*begun);
      is_stopped = begun->is_stopped();
      const std::uint64_t size = begun->interrupted_write_size();
      for (std::uint64_t seed = 0; seed < 12; ++seed) {
        const auto machine = begun->clone();
        const PowerCut policy = seed == 0   ? PowerCut::kDropPending
                                : seed == 1 ? PowerCut::kKeepPending
                                : seed == 2 ? PowerCut::kZeroPending
                                            : PowerCut::kTear;
        machine->crash(policy, 100 * n + seed);
        check(*machine, "power cut at change " + std::to_string(n));
      }
      begun->kill_process(size / 2);
      check(*begun, "kill at change " + std::to_string(n));
    }
    EXPECT_GT(n, 5U) << "the scenario has become too small to mean anything";
    EXPECT_EQ(hints_seen_, 3U) << "none of the cuts has left them";
  }

  std::unique_ptr<SimulatedFilesystem> machine_;
  std::uint64_t hints_seen_ = 0;
};

TEST_F(HintCrash, WhileHintsAreWritten) {
  make_store();
  sweep();
}

TEST_F(HintCrash, WhileHintsAreWrittenOverOthers) {
  make_store();
  write_all(*machine_);
  sweep();
}

}  // namespace
}  // namespace datawal::test::hint_crash_test
