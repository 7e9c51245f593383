#include "file/simulated_filesystem.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "file/simulated_test_support.h"

namespace datawal::simulated_filesystem_test {
namespace {

using std::chrono::milliseconds;

using SimulatedFaults = SimulatedFilesystemTest;
using SimulatedStop = SimulatedFilesystemTest;
using SimulatedProcesses = SimulatedFilesystemTest;

bool store_byte(File& file) {
  const auto mapping = file.map(1);
  (void)mapping->at(0, 1);
  return mapping->publish(std::byte{1}).has_value();
}

TEST_F(SimulatedFaults, EveryKindOfCallCanFail) {
  const auto file = create("file", "text");
  Bytes buffer(1);
  int name_count = 0;
  const auto fresh_name = [&] { return "/" + std::to_string(++name_count); };
  struct Case {
    SimulatedCall call;
    std::function<bool()> succeeds;
  };
  const std::vector<Case> cases = {
      {SimulatedCall::kOpenDirectory, [&] { return filesystem_.open_directory("/").has_value(); }},
      {SimulatedCall::kCreateDirectory,
       [&] { return filesystem_.create_directory("/").has_value(); }},
      {SimulatedCall::kMakeDirectory,
       [&] { return filesystem_.create_directory(fresh_name()).has_value(); }},
      {SimulatedCall::kSyncParent,
       [&] { return filesystem_.create_directory(fresh_name()).has_value(); }},
      {SimulatedCall::kList, [&] { return directory_->list().has_value(); }},
      {SimulatedCall::kOpen,
       [&] { return directory_->open("file", OpenMode::kReadWrite).has_value(); }},
      {SimulatedCall::kOpen, [&] { return filesystem_.open_file("/store/file").has_value(); }},
      {SimulatedCall::kCreate,
       [&] { return directory_->open("new", OpenMode::kCreateExclusive).has_value(); }},
      {SimulatedCall::kRename,
       [&] { return directory_->rename("new", "newer", Replace::kNo).has_value(); }},
      {SimulatedCall::kRemove, [&] { return directory_->remove("newer").has_value(); }},
      {SimulatedCall::kMakeDirectory, [&] { return directory_->make_directory("d").has_value(); }},
      {SimulatedCall::kSyncDirectory, [&] { return directory_->sync().has_value(); }},
      {SimulatedCall::kSyncParent, [&] { return directory_->sync_parent().has_value(); }},
      {SimulatedCall::kLock, [&] { return directory_->lock(".lock").has_value(); }},
      {SimulatedCall::kWatch, [&] { return directory_->watch().has_value(); }},
      {SimulatedCall::kRead, [&] { return file->read_at(0, buffer).has_value(); }},
      {SimulatedCall::kWrite, [&] { return file->write_at(0, buffer).has_value(); }},
      {SimulatedCall::kSize, [&] { return file->size().has_value(); }},
      {SimulatedCall::kTruncate, [&] { return file->truncate(9).has_value(); }},
      {SimulatedCall::kSync, [&] { return file->sync().has_value(); }},
      {SimulatedCall::kReserve, [&] { return file->reserve(100).has_value(); }},
      {SimulatedCall::kMap, [&] { return file->map(100) != nullptr; }},
      {SimulatedCall::kStore, [&] { return store_byte(*file); }},
      {SimulatedCall::kLink, [&] { return directory_->link(*file, "linked").has_value(); }},
      {SimulatedCall::kExchange, [&] { return directory_->exchange("file", "d").has_value(); }},
      {SimulatedCall::kIdentify, [&] { return file->identity().has_value(); }},
  };
  std::set<SimulatedCall> tested;
  for (const Case& one : cases) {
    SCOPED_TRACE(simulated_call_name(one.call));
    tested.insert(one.call);
    filesystem_.reset_counts();
    filesystem_.inject({.call = one.call});
    EXPECT_FALSE(one.succeeds());
    EXPECT_EQ(filesystem_.count(one.call), 1U);
    filesystem_.clear_faults();
    EXPECT_TRUE(one.succeeds());
    EXPECT_EQ(filesystem_.count(one.call), 2U);
  }
  EXPECT_EQ(tested.size(), kSimulatedCallCount);
}

TEST_F(SimulatedFaults, FailTheNthCallAndAsManyAsAsked) {
  const auto file = create("file", "text");
  const auto sizes = [&] {
    std::string result;
    for (int index = 0; index < 6; ++index) result += file->size() ? 'y' : 'n';
    return result;
  };
  filesystem_.inject({.first = 3});
  EXPECT_EQ(sizes(), "yynyyy");
  filesystem_.clear_faults();
  filesystem_.inject({.first = 2, .count = 3});
  EXPECT_EQ(sizes(), "ynnnyy");
  filesystem_.clear_faults();
  filesystem_.inject({.first = 4, .count = SimulatedFault::kForEver});
  EXPECT_EQ(sizes(), "yyynnn");
  filesystem_.clear_faults();
  filesystem_.inject({.first = 1});
  filesystem_.inject({.first = 3});
  EXPECT_EQ(sizes(), "nynyyy");
}

TEST_F(SimulatedFaults, MatchByKindAndPath) {
  const auto first = create("first");
  const auto second = create("second");
  filesystem_.inject({.call = SimulatedCall::kSync, .path_part = "second"});
  EXPECT_TRUE(first->sync());
  EXPECT_TRUE(second->size());
  const Status status = second->sync();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_EQ(status.error().os_error, EIO);
  EXPECT_EQ(status.error().path, "/store/second");
  EXPECT_TRUE(second->sync());
}

TEST_F(SimulatedFaults, FailingWriteLeavesTheChosenPrefix) {
  const auto file = create("file", "old text");
  filesystem_.inject(
      {.call = SimulatedCall::kWrite, .code = ErrorCode::kNoSpace, .written_prefix = 3});
  const Status status = file->write_at(0, as_bytes("NEW TEXT"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(status.error().os_error, ENOSPC);
  EXPECT_EQ(text(filesystem_, "file"), "NEW text");
}

TEST_F(SimulatedFaults, FailingCallsDoNothingUnlessTheyTakeEffect) {
  filesystem_.inject({.call = SimulatedCall::kCreate});
  filesystem_.inject({.first = 2, .call = SimulatedCall::kCreate, .takes_effect = true});
  EXPECT_FALSE(directory_->open("first", OpenMode::kCreateExclusive));
  EXPECT_FALSE(directory_->open("second", OpenMode::kCreateExclusive));
  EXPECT_EQ(names(filesystem_, {"first", "second"}), (std::set<std::string>{"second"}));
  filesystem_.clear_faults();
  filesystem_.inject({.call = SimulatedCall::kLock, .takes_effect = true});
  EXPECT_FALSE(directory_->lock(".lock"));
  EXPECT_TRUE(directory_->lock(".lock"));  // the failed one holds nothing
  const auto file = create("third", "text");
  filesystem_.inject({.call = SimulatedCall::kSync, .takes_effect = true});
  EXPECT_FALSE(file->sync());
  EXPECT_TRUE(directory_->sync());
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "third"), "text");
}

TEST_F(SimulatedFaults, CapacityCountsEveryByte) {
  const auto file = create("file", "1234");
  (void)create("other", "56");
  filesystem_.set_capacity(10);
  EXPECT_TRUE(file->write_at(0, as_bytes("abcd")));  // in place
  const Status status = file->write_at(2, as_bytes("cdefghijk"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(text(filesystem_, "file"), "abcdefgh");  // as much as there was room for
  EXPECT_FALSE(file->write_at(100, as_bytes("x")));
  EXPECT_TRUE(file->write_at(100, {}));
  EXPECT_EQ(*file->size(), 8U);
  EXPECT_FALSE(file->truncate(9));
  EXPECT_TRUE(directory_->open("empty", OpenMode::kCreateExclusive));
  EXPECT_TRUE(directory_->lock(".lock"));
  EXPECT_EQ(text(filesystem_, ".lock"), "");  // no room for the process id
  ASSERT_TRUE(directory_->remove("other"));
  EXPECT_TRUE(file->write_at(8, as_bytes("ij")));
  EXPECT_FALSE(file->write_at(10, as_bytes("k")));
  filesystem_.set_capacity(std::nullopt);
  EXPECT_TRUE(file->write_at(10, as_bytes("k")));
}

TEST_F(SimulatedFaults, RemovedFilesTakeRoomUntilTheyAreClosed) {
  auto file = create("file", "12345678");
  const auto other = create("other");
  filesystem_.set_capacity(10);
  ASSERT_TRUE(directory_->remove("file"));
  EXPECT_FALSE(other->write_at(0, as_bytes("12345678")));
  file.reset();
  EXPECT_TRUE(other->write_at(0, as_bytes("12345678")));
}

TEST_F(SimulatedFaults, ReadOnlyDiskRefusesEveryChange) {
  const auto file = create("file", "text");
  filesystem_.set_read_only(true);
  const std::vector<Status> refused = {
      file->write_at(0, as_bytes("x")),
      file->truncate(0),
      directory_->rename("file", "new", Replace::kNo),
      directory_->rename("file", "new", Replace::kYes),
      directory_->remove("file"),
      directory_->make_directory("new"),
  };
  for (const Status& status : refused) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kIo);
    EXPECT_EQ(status.error().os_error, EROFS);
  }
  EXPECT_FALSE(directory_->open("file", OpenMode::kReadWrite));
  EXPECT_FALSE(directory_->open("new", OpenMode::kCreateExclusive));
  EXPECT_FALSE(directory_->lock(".lock"));
  EXPECT_FALSE(filesystem_.create_directory("/store/new"));
  EXPECT_TRUE(filesystem_.create_directory("/store"));
  EXPECT_TRUE(directory_->open("file", OpenMode::kRead));
  EXPECT_TRUE(directory_->list());
  EXPECT_EQ(text(filesystem_, "file"), "text");
  filesystem_.set_read_only(false);
  EXPECT_TRUE(file->write_at(0, as_bytes("T")));
}

// Six changes: make, write, sync, rename, sync the directory, truncate.
void run_scenario(SimulatedFilesystem& filesystem) {
  const auto directory = filesystem.open_directory("/store");
  if (!directory) return;
  const auto file = (*directory)->open("staged", OpenMode::kCreateExclusive);
  if (!file || !(*file)->write_at(0, as_bytes("text")) || !(*file)->sync()) return;
  if (!(*directory)->rename("staged", "final", Replace::kNo) || !(*directory)->sync()) return;
  (void)(*file)->truncate(2);
}

TEST_F(SimulatedStop, MachineStopsAtEveryChangeInTurn) {
  std::vector<std::string> found;
  std::uint64_t n = 0;
  bool is_stopped = true;
  while (is_stopped) {
    auto machine = filesystem_.clone();
    machine->stop_at_mutation(++n);
    run_scenario(*machine);
    is_stopped = machine->is_stopped();
    if (is_stopped) {
      EXPECT_FALSE(machine->open_directory("/store"));
      EXPECT_EQ(machine->mutation_count(), n);
    }
    machine->crash(PowerCut::kDropPending);
    EXPECT_FALSE(machine->is_stopped());
    const std::string name = machine->exists("/store/final") ? "final" : "staged";
    found.push_back(name + "=" + text(*machine, name.c_str()).value_or("none"));
  }
  EXPECT_EQ(found,
            (std::vector<std::string>{"staged=none", "staged=none", "staged=none", "staged=none",
                                      "staged=none", "final=text", "final=text"}));
}

TEST_F(SimulatedStop, WriteInTheMiddleOfWhichAProcessIsKilledIsTorn) {
  for (std::uint64_t prefix = 0; prefix <= 4; ++prefix) {
    auto machine = filesystem_.clone();
    machine->stop_at_mutation(2);
    run_scenario(*machine);
    EXPECT_EQ(machine->interrupted_write_size(), 4U);
    EXPECT_EQ(text(*machine, "staged"), "");
    machine->kill_process(prefix);
    EXPECT_EQ(text(*machine, "staged"), std::string("text").substr(0, prefix));
    EXPECT_EQ(machine->interrupted_write_size(), 0U);
    EXPECT_FALSE(machine->is_stopped());
  }
}

TEST_F(SimulatedStop, StopDoesNotMarkAnythingClean) {
  const auto file = create("file", "text");
  ASSERT_TRUE(directory_->sync());
  (void)create("name");
  filesystem_.stop_at_mutation(1);
  EXPECT_FALSE(file->sync());
  EXPECT_FALSE(file->sync());
  EXPECT_FALSE(directory_->sync());
  filesystem_.kill_process();
  const auto again = open_directory(filesystem_)->open("file", OpenMode::kReadWrite);
  ASSERT_TRUE(again);
  EXPECT_TRUE((*again)->sync());
  EXPECT_FALSE(crashed(PowerCut::kDropPending)->exists("/store/name"));
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "file"), "text");
  EXPECT_TRUE(open_directory(filesystem_)->sync());
  EXPECT_TRUE(crashed(PowerCut::kDropPending)->exists("/store/name"));
}

TEST_F(SimulatedProcesses, KilledOnesLoseHandlesAndLocksAndNoBytes) {
  const auto boot_id = filesystem_.boot_id();
  const auto file = create("file", "text");
  const auto lock = directory_->lock(".lock");
  ASSERT_TRUE(lock);
  const auto other = filesystem_.new_process();
  const auto others_directory = open_directory(*other);
  EXPECT_FALSE(others_directory->lock(".lock"));
  filesystem_.kill_process();
  EXPECT_FALSE(file->size());
  EXPECT_EQ(text(filesystem_, "file"), "text");
  EXPECT_EQ(filesystem_.boot_id(), boot_id);
  const auto others_lock = others_directory->lock(".lock");
  EXPECT_TRUE(others_lock);
  const auto refused = open_directory(filesystem_)->lock(".lock");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLocked);
}

TEST_F(SimulatedProcesses, KillingOneLeavesTheOthersAlone) {
  const auto other = filesystem_.new_process();
  const auto others_lock = open_directory(*other)->lock(".lock");
  ASSERT_TRUE(others_lock);
  filesystem_.kill_process();
  EXPECT_FALSE(open_directory(filesystem_)->lock(".lock"));
  other->kill_process();
  EXPECT_TRUE(open_directory(filesystem_)->lock(".lock"));
}

TEST_F(SimulatedProcesses, HandlesOutliveTheObjectThatMadeThem) {
  auto other = filesystem_.new_process();
  const auto directory = open_directory(*other);
  other.reset();
  EXPECT_TRUE(directory->list());
}

TEST_F(SimulatedProcesses, CloneIsAMachineOfItsOwn) {
  const auto file = create("file", "text");
  const auto lock = directory_->lock(".lock");
  ASSERT_TRUE(lock);
  filesystem_.inject({.count = SimulatedFault::kForEver});
  const auto copy = filesystem_.clone();
  filesystem_.clear_faults();
  const auto copied = open_directory(*copy);
  ASSERT_TRUE(copied);
  EXPECT_TRUE(copied->lock(".lock"));  // nobody runs there
  EXPECT_EQ(copy->boot_id(), filesystem_.boot_id());
  ASSERT_TRUE(copied->remove("file"));
  ASSERT_TRUE(file->write_at(0, as_bytes("T")));
  EXPECT_EQ(text(filesystem_, "file"), "Text");
  EXPECT_FALSE(copy->exists("/store/file"));
}

TEST_F(SimulatedProcesses, WaitLetsOthersWorkAndMovesTheClock) {
  const auto watch = directory_->watch();
  ASSERT_TRUE(watch);
  int wait_count = 0;
  filesystem_.on_wait([&] {
    if (++wait_count == 2) (void)create("file");
  });
  const auto begin = filesystem_.now();
  (*watch)->wait(milliseconds(500));
  EXPECT_EQ(filesystem_.now() - begin, milliseconds(500));
  (*watch)->wait(milliseconds(500));
  EXPECT_EQ(filesystem_.now() - begin, milliseconds(501));
  EXPECT_TRUE(filesystem_.exists("/store/file"));
  filesystem_.advance(milliseconds(9));
  EXPECT_EQ(filesystem_.now() - begin, milliseconds(510));
}

TEST_F(SimulatedProcesses, CallsAreCountedAndTraced) {
  filesystem_.reset_counts();
  const std::size_t earlier = filesystem_.trace().size();
  const auto file = create("file", "text");
  Bytes buffer(8);
  EXPECT_TRUE(file->read_at(1, buffer));
  EXPECT_TRUE(file->sync());
  EXPECT_FALSE(directory_->remove("missing"));
  filesystem_.crash(PowerCut::kTear, 7);
  EXPECT_EQ(filesystem_.call_count(), 5U);
  EXPECT_EQ(filesystem_.mutation_count(), 4U);
  EXPECT_EQ(filesystem_.count(SimulatedCall::kSync), 1U);
  EXPECT_EQ(filesystem_.bytes_written(), 4U);
  std::vector<std::string> trace = filesystem_.trace();
  trace.erase(trace.begin(), trace.begin() + static_cast<std::ptrdiff_t>(earlier));
  EXPECT_EQ(trace, (std::vector<std::string>{
                       "create /store/file: ok", "write /store/file offset=0 size=4: ok",
                       "read /store/file offset=1 size=8: ok", "sync /store/file: ok",
                       "remove /store/missing: NotFound", "-- power cut: tear, seed 7"}));
}

TEST_F(SimulatedProcesses, SeedsDecideRandomBytesAndBootIds) {
  const auto random_bytes = [](SimulatedFilesystem& filesystem) {
    std::array<std::byte, 16> bytes = {};
    filesystem.fill_random(bytes);
    return bytes;
  };
  SimulatedFilesystem first(7);
  SimulatedFilesystem second(7);
  SimulatedFilesystem third(8);
  EXPECT_EQ(first.boot_id(), second.boot_id());
  EXPECT_NE(first.boot_id(), third.boot_id());
  const auto bytes = random_bytes(first);
  EXPECT_EQ(bytes, random_bytes(second));
  EXPECT_NE(bytes, random_bytes(third));
  first.set_boot_id({std::byte{1}});
  EXPECT_EQ(first.boot_id(), (std::array<std::byte, 16>{std::byte{1}}));
}

TEST_F(SimulatedProcesses, BackDoorReachesOpenFiles) {
  const auto file = create("file", "text");
  filesystem_.write_file("/store/file", as_bytes("damaged"));
  EXPECT_EQ(*file->size(), 7U);
  EXPECT_EQ(text(*crashed(PowerCut::kDropPending), "file"), std::nullopt);  // the name is pending
  filesystem_.write_file("/elsewhere/deep/file", as_bytes("new"));
  EXPECT_TRUE(crashed(PowerCut::kDropPending)->exists("/elsewhere/deep/file"));
  filesystem_.remove("/elsewhere/deep/file");
  EXPECT_FALSE(filesystem_.exists("/elsewhere/deep/file"));
  (void)create("pending");
  filesystem_.remove("/store/pending");
  EXPECT_FALSE(crashed(PowerCut::kKeepPending)->exists("/store/pending"));
  EXPECT_THROW(filesystem_.remove("/nothing"), std::invalid_argument);
  EXPECT_THROW(filesystem_.write_file("/store/file/below", {}), std::invalid_argument);
  EXPECT_THROW(filesystem_.plant_directory("/"), std::invalid_argument);
  EXPECT_THROW(filesystem_.plant_hard_link("/nothing", "/name"), std::invalid_argument);
  EXPECT_EQ(filesystem_.read_file("/store"), std::nullopt);
}

TEST_F(SimulatedProcesses, ThreadsMayCallTogether) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      const auto file = directory_->open(std::to_string(thread), OpenMode::kCreateExclusive);
      for (std::uint64_t index = 0; index < 200; ++index) {
        EXPECT_TRUE((*file)->write_at(index, as_bytes("x")));
        EXPECT_TRUE((*file)->sync());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int thread = 0; thread < 4; ++thread) {
    EXPECT_EQ(text(filesystem_, std::to_string(thread).c_str()), std::string(200, 'x'));
  }
  EXPECT_EQ(filesystem_.count(SimulatedCall::kSync), 800U);
}

}  // namespace
}  // namespace datawal::simulated_filesystem_test
