// Checkpoints, backups and restored stores, with every call failing in turn, and with the process
// killed or the power cut at every change: the target is whole or not there, or what it was before,
// and the source is untouched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "datawal/backup.h"
#include "datawal/data_wal.h"
#include "file/simulated_filesystem.h"
#include "support/records.h"
#include "support/soak.h"
#include "support/store_files.h"
#include "support/trace.h"

namespace datawal::test::copy_crash_test {
namespace {

constexpr std::string_view kSource = "source";
constexpr std::string_view kTarget = "place/target";

struct Machine {
  explicit Machine(std::uint64_t seed) : filesystem(seed) {
    options.filesystem = &filesystem;
    options.segment_size_max = 3'000;
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Appends `count` records to the store in `path`, in segments of about five.
  void write(std::string_view path, int count) {
    DataWal store = open(path);
    for (int index = 0; index < count; ++index) {
      const std::string key = "key " + std::to_string(index % 7);
      const auto txid = store.put(as_bytes(key), noise(store.log()->last_txid(), 500));
      if (!txid) throw std::runtime_error(txid.error().to_string());
    }
    if (!store.close()) throw std::runtime_error("close");
  }
  DataWal open(std::string_view path) {
    Result<DataWal> store = DataWal::open(path, options);
    if (!store) throw std::runtime_error(store.error().to_string());
    return *std::move(store);
  }

  SimulatedFilesystem filesystem;
  Options options;
};

struct Operation {
  const char* name;
  std::function<void(Machine&)> prepare;  // once everything is on the disk
  std::function<Status(Machine&)> run;
  Txid before = 0;  // how far the target reaches; 0: there is none
  Txid after = 0;
};

void PrintTo(const Operation& operation, std::ostream* stream) {
  *stream << operation.name;
}

Status status_of(const Result<CopyStats>& made) {
  return made ? Status{} : std::unexpected(made.error());
}

// As a step of a compaction: the second segment without its first record, in a new file.
void compact_second_segment(Machine& machine) {
  const std::string path = std::string(kSource) + "/00000002.dwal";
  const Bytes segment = machine.filesystem.read_file(path).value();
  const std::size_t size = frames_of(segment).front().size();
  machine.filesystem.remove(path);
  machine.filesystem.write_file(path, ByteView(segment).subspan(size));
}

std::vector<Operation> operations() {
  const auto no_link = [](Machine& machine) { machine.filesystem.set_linking(false); };
  const auto nothing = [](Machine&) {};
  const auto live = [](Machine& machine) -> Status {
    Result<DataWal> store = DataWal::open(kSource, machine.options);
    if (!store) return std::unexpected(store.error());
    return status_of(store->checkpoint(kTarget));
  };
  const auto from_beside = [](Machine& machine) {
    return status_of(checkpoint(kSource, kTarget, machine.options));
  };
  const auto back_up = [](Machine& machine) {
    return status_of(backup(kSource, kTarget, machine.options));
  };
  const auto back_up_before = [back_up](Machine& machine) {
    if (!back_up(machine)) throw std::runtime_error("the first backup");
    machine.write(kSource, 8);
  };
  const auto compact_after = [back_up_before](Machine& machine) {
    back_up_before(machine);
    compact_second_segment(machine);
  };
  const auto restore_to = [](std::optional<Txid> txid) {
    return [txid](Machine& machine) {
      return status_of(restore(kSource, kTarget, {.to_txid = txid}, machine.options));
    };
  };
  return {{"LiveCheckpoint", nothing, live, 0, 12},
          {"LiveCheckpointWithoutLinks", no_link, live, 0, 12},
          {"Checkpoint", nothing, from_beside, 0, 12},
          {"FirstBackup", nothing, back_up, 0, 12},
          {"NextBackup", back_up_before, back_up, 12, 20},
          {"NextBackupAfterACompaction", compact_after, back_up, 12, 20},
          {"Restore", nothing, restore_to({}), 0, 12},
          {"RestoreToATxid", nothing, restore_to(8), 0, 8}};
}

class CopyCrash : public ::testing::TestWithParam<Operation> {
 protected:
  // A machine that is ready for the operation, all of it on the disk.
  std::unique_ptr<Machine> prepared(std::uint64_t seed) {
    auto machine = std::make_unique<Machine>(seed);
    machine->filesystem.plant_directory("place");
    machine->write(kSource, 12);
    GetParam().prepare(*machine);
    source_ = segments_of(machine->filesystem);
    return machine;
  }
  static Files segments_of(SimulatedFilesystem& filesystem) {
    Files files = files_in(filesystem, kSource);
    std::erase_if(files, [](const auto& file) { return !file.first.ends_with(".dwal"); });
    return files;
  }

  // Everything that must hold after a failure or a crash; says what does not.
  std::string check(SimulatedFilesystem& filesystem, bool is_done) {
    if (segments_of(filesystem) != source_) return "the source has changed";
    Options options = options_for(filesystem);
    const Result<DataWal> source = DataWal::open(kSource, options);
    if (!source) return "source: " + source.error().to_string();
    if (!filesystem.exists(kTarget)) {
      return is_done || GetParam().before != 0 ? "there is no target" : "";
    }
    // An empty directory is as good as none.
    if (names_in(filesystem, kTarget).empty()) return is_done ? "an empty target" : "";
    const Result<DataWal> target = DataWal::open_read_only(kTarget, options);
    if (!target) return "target: " + target.error().to_string();
    const Txid last = target->recovery_report().last_txid_seen;
    const bool is_old = last == GetParam().before && last != 0;
    if (last != GetParam().after && (!is_old || is_done)) {
      return "the target ends with txid " + std::to_string(last);
    }
    const Result<DataWal> writable = DataWal::open(kTarget, options);
    return writable ? "" : "target, for writing: " + writable.error().to_string();
  }

  void sweep_faults(const SimulatedFault& kind);

  Files source_;
  int failure_count_ = 0;
};

void CopyCrash::sweep_faults(const SimulatedFault& kind) {
  for (std::uint64_t n = 1;; n += sweep_stride()) {
    const std::unique_ptr<Machine> machine = prepared(n);
    SimulatedFilesystem& filesystem = machine->filesystem;
    SimulatedFault fault = kind;
    fault.first = n;
    filesystem.inject(fault);
    filesystem.reset_counts();
    const Status done = GetParam().run(*machine);
    const bool was_hit = filesystem.call_count() >= n;
    filesystem.clear_faults();
    std::string found;
    if (!done && !was_hit) found = done.error().to_string();
    const auto cut = filesystem.clone();
    cut->crash(PowerCut::kDropPending);
    if (found.empty()) found = check(*cut, done.has_value());
    if (found.empty()) found = check(filesystem, done.has_value());
    if (!found.empty()) {
      ADD_FAILURE() << "call " << n << ": " << found << "\n" << tail_of_trace(filesystem);
      if (++failure_count_ == 3) return;
    }
    if (was_hit) continue;
    EXPECT_GT(n, 60U) << "the operation has become too small to mean anything";
    break;
  }
}

constexpr std::uint64_t kForEver = SimulatedFault::kForEver;

TEST_P(CopyCrash, EveryCallIsDoneOrCleanlyRefused) {
  sweep_faults({.code = ErrorCode::kIo});
}

TEST_P(CopyCrash, EveryCallIsDoneOrCleanlyRefusedThoughItIsDone) {
  sweep_faults({.code = ErrorCode::kIo, .takes_effect = true});
}

TEST_P(CopyCrash, EveryCallIsDoneOrCleanlyRefusedWithAllThatFollow) {
  sweep_faults({.count = kForEver, .code = ErrorCode::kNoSpace, .written_prefix = 100});
}

TEST_P(CopyCrash, KilledOrCutOffAnywhereTheTargetIsWholeOrWhatItWas) {
  bool is_running = true;
  for (std::uint64_t n = 1; is_running && failure_count_ < 3; n += sweep_stride()) {
    const std::unique_ptr<Machine> machine = prepared(n);
    machine->filesystem.stop_at_mutation(n);
    const bool is_done = GetParam().run(*machine).has_value();
    is_running = machine->filesystem.is_stopped();
    EXPECT_TRUE(is_done || is_running);
    const auto look = [&](SimulatedFilesystem& filesystem, const std::string& how) {
      const std::string found = check(filesystem, is_done);
      if (found.empty()) return;
      ADD_FAILURE() << "change " << n << ", " << how << ": " << found << "\n"
                    << tail_of_trace(filesystem);
      ++failure_count_;
    };
    for (const PowerCut policy :
         {PowerCut::kDropPending, PowerCut::kKeepPending, PowerCut::kZeroPending}) {
      const auto cut = machine->filesystem.clone();
      cut->crash(policy);
      look(*cut, "power cut " + std::to_string(static_cast<int>(policy)));
    }
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const auto cut = machine->filesystem.clone();
      cut->crash(PowerCut::kTear, seed);
      look(*cut, "torn with seed " + std::to_string(seed));
    }
    machine->filesystem.kill_process(machine->filesystem.interrupted_write_size() / 2);
    look(machine->filesystem, "killed");
  }
}

// Whatever has been left by a kill, the next attempt ends well.
TEST_P(CopyCrash, AfterAKillTheNextAttemptSucceeds) {
  bool is_running = true;
  for (std::uint64_t n = 1; is_running && failure_count_ < 3; n += sweep_stride()) {
    const std::unique_ptr<Machine> machine = prepared(n);
    machine->filesystem.stop_at_mutation(n);
    const bool is_done = GetParam().run(*machine).has_value();
    is_running = machine->filesystem.is_stopped();
    machine->filesystem.kill_process();
    const bool is_there =
        machine->filesystem.exists(kTarget) && !names_in(machine->filesystem, kTarget).empty();
    const bool is_backup = std::string_view(GetParam().name).contains("Backup");
    if (is_there && !is_backup) continue;  // it is refused because it is whole
    const Status again = GetParam().run(*machine);
    std::string found = again ? "" : again.error().to_string();
    if (found.empty()) found = check(machine->filesystem, true);
    if (found.empty() || is_done) continue;
    ADD_FAILURE() << "change " << n << ": " << found << "\n" << tail_of_trace(machine->filesystem);
    ++failure_count_;
  }
}

INSTANTIATE_TEST_SUITE_P(, CopyCrash, ::testing::ValuesIn(operations()),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace datawal::test::copy_crash_test
