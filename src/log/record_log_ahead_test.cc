// What is done ahead of the end of a segment, so that a rotation has little left to do.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "format/names.h"
#include "log/log_opening.h"
#include "log/log_test_support.h"

namespace datawal::record_log_ahead_test {
namespace {

using test::FailsWith;
using test::must;
using test::read_all;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

constexpr std::uint64_t kFrameSize = 100;
constexpr std::uint64_t kFrames = 200;  // in a segment
constexpr std::uint64_t kBegin = kFrames - kFrames / 4;
constexpr const char* kPrepared = "00000002.dwal.next";

class RecordLogAhead : public test::SimulatedLog {
 protected:
  RecordLogAhead() {
    options_.segment_size_max = kFrames * kFrameSize;
    filesystem_.set_write_through_size(0);
    filesystem_.set_ahead_of_rotation({.segment_size_min = 0, .on_thread = false});
  }
  static Result<Appended> append(RecordLog& log) {
    return log.append(Bytes(kFrameSize - kFrameSizeMin, std::byte{'x'}));
  }
  static void append(RecordLog& log, std::uint64_t count) {
    for (std::uint64_t index = 0; index < count; ++index) must(append(log));
  }
  // A log of which the next segment has just been made ahead.
  RecordLog open_prepared() {
    RecordLog log = open();
    append(log, kBegin);
    EXPECT_THAT(names(), Contains(kPrepared));
    return log;
  }
  [[nodiscard]] std::filesystem::path prepared_path() const {
    return std::filesystem::path(kStore) / kPrepared;
  }
};

TEST_F(RecordLogAhead, TheNextSegmentIsMadeBeforeItIsNeeded) {
  RecordLog log = open();
  append(log, kBegin - 1);
  EXPECT_THAT(names(), Not(Contains(kPrepared)));
  append(log, 1);
  EXPECT_THAT(names(), Contains(kPrepared));
  EXPECT_EQ(filesystem_.read_file(prepared_path())->size(), kFrames * kFrameSize);
  append(log, kFrames - kBegin);
  filesystem_.reset_counts();
  EXPECT_EQ(must(append(log)).ref.segment, SegmentId{2});
  EXPECT_EQ(count(SimulatedCall::kCreate) + count(SimulatedCall::kReserve), 0U);
  EXPECT_EQ(count(SimulatedCall::kRename), 1U);
  EXPECT_THAT(names(), ElementsAre(".lock", "00000001.dwal", "00000002.dwal", "watermark"));
}

TEST_F(RecordLogAhead, TheOldSegmentIsSyncedButForALittle) {
  RecordLog log = open();
  append(log, kFrames);
  EXPECT_EQ(log.active_segment(), SegmentId{1});
  EXPECT_GE(log.durable_txid(), kFrames - kFrames / 64);
}

TEST_F(RecordLogAhead, SegmentsEndWhereTheyWouldOtherwise) {
  {
    RecordLog log = open();
    append(log, 5 * kFrames + 1);
  }
  EXPECT_EQ(segment(1).size(), kFrames * kFrameSize);
  EXPECT_EQ(segment(5).size(), kFrames * kFrameSize);
  RecordLog log = open();
  EXPECT_EQ(log.segments().size(), 6U);
  EXPECT_EQ(read_all(log.scan()).records.size(), 5 * kFrames + 1);
}

TEST_F(RecordLogAhead, TheNameOfTheNewSegmentIsDurableOnceItHasBeenSynced) {
  RecordLog log = open_prepared();
  append(log, kFrames);
  must(log.sync());
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_EQ(open().last_txid(), kBegin + kFrames);
}

TEST_F(RecordLogAhead, OldSegmentsAreWholeWhateverThePowerLeaves) {
  RecordLog log = open_prepared();
  append(log, kFrames);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto machine = filesystem_.clone();
    machine->crash(PowerCut::kTear, seed);
    Options options = options_;
    options.filesystem = machine.get();
    EXPECT_GE(must(RecordLog::open(kStore, options)).last_txid(), kFrames);
  }
}

TEST_F(RecordLogAhead, ARotationBeforeTheEndTakesIt) {
  RecordLog log = open_prepared();
  must(log.rotate());
  EXPECT_THAT(names(), Not(Contains(kPrepared)));
  EXPECT_EQ(segment(1).size(), kBegin * kFrameSize);
  append(log, kBegin);
  EXPECT_THAT(names(), Contains("00000003.dwal.next"));
}

TEST_F(RecordLogAhead, ClosingRemovesIt) {
  RecordLog log = open_prepared();
  must(log.close());
  EXPECT_THAT(names(), ElementsAre(".lock", "00000001.dwal", "watermark"));
}

TEST_F(RecordLogAhead, ClosingAPoisonedLogRemovesIt) {
  RecordLog log = open_prepared();
  filesystem_.inject({.call = SimulatedCall::kSync});
  EXPECT_FALSE(log.sync() && append(log) && log.sync());
  EXPECT_FALSE(log.close());
  EXPECT_THAT(names(), Not(Contains(kPrepared)));
}

TEST_F(RecordLogAhead, OpeningRemovesWhatAKilledWriterHasLeft) {
  {
    const RecordLog log = open_prepared();
    filesystem_.kill_process();
  }
  EXPECT_THAT(names(), Contains(kPrepared));
  const RecordLogReader reader = open_reader();
  EXPECT_EQ(read_all(reader.scan()).records.size(), kBegin);
  const RecordLog log = open();
  EXPECT_THAT(names(), Not(Contains(kPrepared)));
  EXPECT_EQ(log.last_txid(), kBegin);
}

TEST_F(RecordLogAhead, WithoutItARotationMakesTheFile) {
  filesystem_.inject({.call = SimulatedCall::kCreate, .path_part = ".next"});
  RecordLog log = open();
  append(log, kFrames + 1);
  EXPECT_EQ(log.active_segment(), SegmentId{2});
  append(log, kFrames);
  EXPECT_EQ(log.active_segment(), SegmentId{3});
}

TEST_F(RecordLogAhead, ItMayBeRemovedByOthers) {
  RecordLog log = open_prepared();
  filesystem_.remove(prepared_path());
  append(log, kFrames);
  EXPECT_EQ(log.active_segment(), SegmentId{2});
  EXPECT_EQ(read_all(log.scan()).records.size(), kBegin + kFrames);
}

TEST_F(RecordLogAhead, SomethingElseInItsPlaceIsNoHindrance) {
  RecordLog log = open();
  filesystem_.write_file(prepared_path() / "file", as_bytes("in a directory"));
  append(log, kFrames + 1);
  EXPECT_EQ(log.active_segment(), SegmentId{2});
}

TEST_F(RecordLogAhead, AFileThatAppearedUnderTheNextNameIsNotTouched) {
  RecordLog log = open_prepared();
  filesystem_.write_file("store/00000002.dwal", as_bytes("somebody else's"));
  append(log, kFrames - kBegin);
  EXPECT_THAT(append(log), FailsWith(ErrorCode::kAlreadyExists));
  EXPECT_TRUE(log.is_poisoned());
  EXPECT_EQ(as_text(segment(2)), "somebody else's");
  EXPECT_THAT(names(), Not(Contains(kPrepared)));
}

TEST_F(RecordLogAhead, ASyncThatFailsPoisonsAndIsNotTriedAgain) {
  RecordLog log = open();
  append(log, kBegin - 1);
  filesystem_.reset_counts();
  filesystem_.inject({.call = SimulatedCall::kSync});
  EXPECT_TRUE(append(log)) << "it has been appended";
  const auto refused = append(log);
  ASSERT_THAT(refused, FailsWith(ErrorCode::kPoisoned));
  EXPECT_EQ(refused.error().message,
            "datawal: writer poisoned: fsync sync_all failed; drop handle and reopen");
  EXPECT_FALSE(log.close());
  EXPECT_EQ(count(SimulatedCall::kSync), 1U);
}

// Segments that are reserved in several steps, of which the last comes after the next is made.
TEST_F(RecordLogAhead, ItIsNeverWhatAnAppendHasNoRoomFor) {
  options_.segment_size_max = 4'700'000;
  const Bytes payload(30'000, std::byte{'x'});
  for (std::uint64_t capacity = 100'000; capacity < 13'000'000; capacity += 377'777) {
    std::vector<Txid> appended;
    for (const std::uint64_t size_min : {std::uint64_t{0}, ~std::uint64_t{0}}) {
      SimulatedFilesystem filesystem;
      filesystem.set_write_through_size(0);
      filesystem.set_ahead_of_rotation({.segment_size_min = size_min, .on_thread = false});
      Options options = options_;
      options.filesystem = &filesystem;
      RecordLog log = must(RecordLog::open(kStore, options));
      filesystem.set_capacity(capacity);
      Result<Appended> last = log.append(payload);
      while (last) last = log.append(payload);
      ASSERT_THAT(last, FailsWith(ErrorCode::kNoSpace));
      appended.push_back(log.last_txid());
    }
    ASSERT_EQ(appended[0], appended[1]) << capacity;
  }
}

TEST_F(RecordLogAhead, WithoutReservedSpaceTheOldSegmentIsStillSynced) {
  options_.reserve_space = false;
  RecordLog log = open();
  append(log, kFrames);
  EXPECT_THAT(names(), Not(Contains(kPrepared)));
  EXPECT_GE(log.durable_txid(), kFrames - kFrames / 64);
  append(log, kFrames);
  EXPECT_EQ(log.active_segment(), SegmentId{2});
}

TEST_F(RecordLogAhead, WithoutMappingsItIsReservedAllTheSame) {
  options_.map_files = false;
  RecordLog log = open_prepared();
  append(log, kFrames);
  EXPECT_EQ(count(SimulatedCall::kMap), 0U);
  EXPECT_EQ(log.active_segment(), SegmentId{2});
}

TEST_F(RecordLogAhead, AFewRecordsNearTheEndDoWithout) {
  {
    RecordLog log = open();
    append(log, kBegin + 10);
  }
  RecordLog log = open();
  append(log, 1);
  EXPECT_THAT(names(), Not(Contains(kPrepared)));
}

TEST_F(RecordLogAhead, SmallSegmentsDoWithout) {
  filesystem_.set_ahead_of_rotation({.segment_size_min = kFrames * kFrameSize + 1});
  RecordLog log = open();
  append(log, kFrames);
  EXPECT_THAT(names(), Not(Contains(kPrepared)));
  EXPECT_LT(log.durable_txid(), kFrames / 2);
}

TEST_F(RecordLogAhead, TheLastIdHasNoneBehindIt) {
  write_segment(99'999'999, test::raw_frame(1, "a"));
  RecordLog log = open();
  append(log, kFrames - 1);
  EXPECT_THAT(names(), ElementsAre(".lock", "99999999.dwal", "watermark"));
}

// A writer whose work ahead is left to the test.
class LogWriterAhead : public RecordLogAhead {
 protected:
  LogWriterAhead() {
    LogOpening opening = must(LogOpening::begin(kStore, options_));
    while (!must(opening.next_batch()).empty()) continue;
    writer_ = must(opening.finish());
  }
  ~LogWriterAhead() override { EXPECT_TRUE(writer_->close()); }

  void append(std::uint64_t count) {
    const Bytes payload(kFrameSize - kFrameSizeMin);
    for (std::uint64_t index = 0; index < count; ++index) {
      must(writer_->append(RecordType::kRaw, {}, payload));
    }
  }

  std::unique_ptr<LogWriter> writer_;
};

TEST_F(LogWriterAhead, OneThatComesTooLateIsRemoved) {
  append(kBegin);
  ASSERT_TRUE(writer_->is_ahead_due());
  writer_->note_ahead_asked();
  const auto plan = must(writer_->plan_next());
  ASSERT_TRUE(plan);
  EXPECT_FALSE(must(writer_->plan_next())) << "it is being made already";
  auto next = NextSegment::make(writer_->directory(), *plan);
  ASSERT_TRUE(next);
  must(writer_->rotate());
  writer_->offer(std::move(next));
  EXPECT_THAT(names(), Not(Contains(kPrepared)));
}

TEST_F(LogWriterAhead, NoMoreThanOneNameIsNotDurable) {
  append(kFrames);
  filesystem_.reset_counts();
  append(1);
  EXPECT_EQ(writer_->end().segment, SegmentId{2});
  EXPECT_EQ(count(SimulatedCall::kSyncDirectory), 0U);
  EXPECT_FALSE(writer_->is_durable({SegmentId{2}, 0}));
  append(kFrames);
  EXPECT_EQ(writer_->end().segment, SegmentId{3});
  EXPECT_EQ(count(SimulatedCall::kSyncDirectory), 1U) << "before the third";
}

TEST_F(RecordLogAhead, AThreadDoesIt) {
  filesystem_.set_ahead_of_rotation({.segment_size_min = 0, .on_thread = true});
  RecordLog log = open();
  append(log, kBegin);
  while (log.durable_txid() < kBegin) std::this_thread::yield();
  EXPECT_THAT(names(), Contains(kPrepared));
  append(log, 10 * kFrames);
  must(log.close());
  const std::vector<std::string> left = names();
  EXPECT_TRUE(std::ranges::none_of(left, is_prepared_name));
  EXPECT_EQ(open().last_txid(), kBegin + 10 * kFrames);
}

TEST_F(RecordLogAhead, ManyThreadsAppendBesideIt) {
  constexpr int kThreads = 4;
  constexpr int kRecords = 1'000;
  filesystem_.set_ahead_of_rotation({.segment_size_min = 0, .on_thread = true});
  RecordLog log = open();
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        const Bytes payload(kFrameSize - kFrameSizeMin);
        for (int index = 0; index < kRecords; ++index) {
          const bool is_durable = index % 97 == 0;
          const auto appended =
              log.append(payload, is_durable ? Durability::kEveryWrite : Durability::kManual);
          ASSERT_TRUE(appended);
          if (is_durable) {
            ASSERT_GE(log.durable_txid(), appended->txid);
          }
          if (thread == 0 && index % 333 == 0) {
            ASSERT_TRUE(log.rotate());
          }
        }
      });
    }
  }
  must(log.close());
  const std::vector<std::string> left = names();
  EXPECT_TRUE(std::ranges::none_of(left, is_prepared_name));
  const RecordLog reopened = open();
  EXPECT_EQ(reopened.last_txid(), kThreads * kRecords);
  EXPECT_EQ(reopened.recovery_report().txid_gaps, 0U);
}

TEST_F(RecordLogAhead, AFailureOfTheThreadPoisons) {
  filesystem_.set_ahead_of_rotation({.segment_size_min = 0, .on_thread = true});
  RecordLog log = open();
  append(log, kBegin - 1);
  filesystem_.inject({.call = SimulatedCall::kSync});
  must(append(log));
  while (!log.is_poisoned()) std::this_thread::yield();
  EXPECT_THAT(append(log), FailsWith(ErrorCode::kPoisoned));
}

}  // namespace
}  // namespace datawal::record_log_ahead_test
