// What a killed process has left of reserved space is cut by the next without a sync: the zeros may
// come back with a power cut, but never to where they would be taken for anything else.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "log/log_test_support.h"

namespace datawal::reserved_tail_test {
namespace {

using test::FailsWith;
using test::must;
using test::read_all;
using test::Succeeds;
using ::testing::ElementsAre;

class ReservedTail : public test::SimulatedLog {
 protected:
  static constexpr std::uint64_t kFrameSize = 31;  // of a payload of three letters
  static constexpr std::uint64_t kEnd = 3 * kFrameSize;

  // A log whose records "one" and "two" are durable, and "six" is not; its process is dead, and has
  // left zeros behind them, which are durable.
  ReservedTail() {
    filesystem_.set_write_through_size(0);
    RecordLog log = open();
    must(log.append(as_bytes("one")));
    must(log.append(as_bytes("two")));
    must(log.sync());
    must(log.append(as_bytes("six")));
    filesystem_.kill_process();
    if (segment(1).size() <= kEnd) throw std::logic_error("nothing is reserved");
    filesystem_.reset_counts();
  }

  static std::vector<std::string> payloads(SimulatedFilesystem& machine) {
    const RecordLog log = must(RecordLog::open(kStore, {.filesystem = &machine}));
    return read_all(log.scan()).payloads();
  }
  [[nodiscard]] static std::uint64_t size_of_segment(const SimulatedFilesystem& machine) {
    return machine.read_file(segment_path(1))->size();
  }
  // Calls `check` with the machine after power cuts of every kind, beside the one that goes on.
  template <typename Check>
  void after_power_cuts(const Check& check) const {
    for (std::uint64_t seed = 0; seed <= 30; ++seed) {
      SCOPED_TRACE(seed);
      const auto machine = filesystem_.clone();
      machine->crash(seed == 0 ? PowerCut::kDropPending : PowerCut::kTear, seed);
      check(*machine);
    }
  }
};

TEST_F(ReservedTail, IsCutByOpeningWithoutASync) {
  const RecordLog log = open();
  EXPECT_EQ(log.recovery_report().tail.kind, TailKind::kUnused);
  EXPECT_TRUE(log.recovery_report().tail.cut);
  EXPECT_EQ(segment(1).size(), kEnd);
  EXPECT_EQ(count(SimulatedCall::kSync), 0U);
  EXPECT_THAT(read_all(log.scan()).payloads(), ElementsAre("one", "two", "six"));
}

TEST_F(ReservedTail, ComesBackUnusedWithAPowerCut) {
  {
    const RecordLog log = open();
  }
  ASSERT_EQ(segment(1).size(), kEnd);
  bool has_come_back = false;
  after_power_cuts([&](SimulatedFilesystem& machine) {
    has_come_back = has_come_back || size_of_segment(machine) > kEnd;
    std::vector<std::string> expected = payloads(machine);
    ASSERT_GE(expected.size(), 2U) << "they were durable";
    EXPECT_LE(size_of_segment(machine), kEnd) << "cut once more";
    RecordLog log = must(RecordLog::open(kStore, {.filesystem = &machine}));
    must(log.append(as_bytes("new")));
    must(log.sync());
    machine.crash(PowerCut::kDropPending);
    expected.emplace_back("new");
    EXPECT_EQ(payloads(machine), expected);
  });
  EXPECT_TRUE(has_come_back);
}

TEST_F(ReservedTail, IsGoneForGoodOnceSomethingIsAppended) {
  RecordLog log = open();
  must(log.append(as_bytes("new")));  // not synced, but what is before it is
  EXPECT_GE(count(SimulatedCall::kSync), 1U);
  after_power_cuts([&](SimulatedFilesystem& machine) {
    const std::vector<std::string> found = payloads(machine);
    ASSERT_GE(found.size(), 3U);
    EXPECT_EQ(found[2], "six");
  });
}

// Even where all of the log is durable, and nothing of it is in doubt but the cut.
TEST_F(ReservedTail, ThatCameBackIsSyncedAwayBeforeTheFirstAppend) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("new")));
    must(log.sync());
    filesystem_.kill_process();
  }
  ASSERT_GT(segment(1).size(), 4 * kFrameSize);
  filesystem_.crash(PowerCut::kKeepPending);
  RecordLog log = open();
  ASSERT_TRUE(log.recovery_report().tail.cut);
  ASSERT_EQ(log.recovery_report().durable, log.end()) << "nothing else is to be synced";
  const std::size_t begin = filesystem_.trace().size();
  must(log.append(as_bytes("new")));
  const std::vector<std::string> trace = filesystem_.trace();
  const auto line_of = [&](std::string_view call) {
    const std::string start = std::string(call) + " store/00000001.dwal";
    const auto line =
        std::find_if(trace.begin() + static_cast<std::ptrdiff_t>(begin), trace.end(),
                     [&](const std::string& text) { return text.starts_with(start); });
    EXPECT_NE(line, trace.end()) << call;
    return line;
  };
  EXPECT_LT(line_of("sync"), line_of("store"));
}

TEST_F(ReservedTail, IsGoneForGoodOnceTheLogIsSynced) {
  {
    RecordLog log = open();
    must(log.sync());
  }
  after_power_cuts([&](SimulatedFilesystem& machine) {
    EXPECT_EQ(size_of_segment(machine), kEnd);
    EXPECT_THAT(payloads(machine), ElementsAre("one", "two", "six"));
  });
}

// A sealed segment with zeros in it would be refused.
TEST_F(ReservedTail, IsNotInASegmentThatIsRotatedAwayAtOnce) {
  RecordLog log = open();
  must(log.rotate());
  after_power_cuts([&](SimulatedFilesystem& machine) {
    EXPECT_EQ(size_of_segment(machine), kEnd);
    EXPECT_THAT(payloads(machine), ElementsAre("one", "two", "six"));
  });
}

TEST_F(ReservedTail, IsNotInASegmentThatIsRotatedAwayByTheOneAfterNext) {
  {
    const RecordLog log = open();
    filesystem_.kill_process();  // when it has cut, and synced nothing
  }
  RecordLog log = open();
  EXPECT_EQ(log.recovery_report().tail.kind, TailKind::kClean);
  must(log.rotate());
  after_power_cuts([&](SimulatedFilesystem& machine) {
    EXPECT_EQ(size_of_segment(machine), kEnd);
    EXPECT_THAT(payloads(machine), ElementsAre("one", "two", "six"));
  });
}

// Whichever change is the last before the power goes.
TEST_F(ReservedTail, IsNeverTakenForAnythingElse) {
  bool was_stopped = true;
  for (std::uint64_t stop = 1; was_stopped; ++stop) {
    const auto before = filesystem_.clone();
    Txid acknowledged = 2;
    {
      before->stop_at_mutation(stop);
      const Options options = {.filesystem = before.get()};
      Result<RecordLog> log = RecordLog::open(kStore, options);
      if (log && log->append(as_bytes("new")) && log->sync()) acknowledged = 4;
      if (log && log->rotate() && log->append(as_bytes("end")) && log->sync()) acknowledged = 5;
      was_stopped = before->is_stopped();
    }
    for (std::uint64_t seed = 0; seed <= 10; ++seed) {
      const auto machine = before->clone();
      machine->crash(seed == 0 ? PowerCut::kDropPending : PowerCut::kTear, seed);
      const Result<RecordLog> log = RecordLog::open(kStore, {.filesystem = machine.get()});
      ASSERT_THAT(log, Succeeds()) << stop << " " << seed;
      EXPECT_GE(log->last_txid(), acknowledged) << stop << " " << seed;
      if (machine->exists(segment_path(2))) {
        EXPECT_EQ(size_of_segment(*machine), 4 * kFrameSize);
      }
    }
  }
}

TEST_F(ReservedTail, WhatASyncHasFailedOnIsCutAgainByTheNextProcess) {
  {
    RecordLog log = open();
    filesystem_.inject({.call = SimulatedCall::kSync});
    EXPECT_THAT(log.append(as_bytes("new")), FailsWith(ErrorCode::kIo));
    EXPECT_TRUE(log.is_poisoned());
    filesystem_.kill_process();
  }
  RecordLog log = open();
  must(log.rotate());
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_EQ(segment(1).size(), kEnd);
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("one", "two", "six"));
}

}  // namespace
}  // namespace datawal::reserved_tail_test
