// Following a log as it grows, on a simulated machine: what a writer does meanwhile happens while
// the follower waits.
#include <chrono>
#include <functional>
#include <map>

#include "log/log_test_support.h"

namespace datawal::follower_test {
namespace {

using std::chrono::milliseconds;
using test::FailsWith;
using test::must;
using test::raw_frame;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr milliseconds kNoWait{0};
constexpr milliseconds kSecond{1000};

class FollowerTest : public test::SimulatedLog {
 protected:
  static constexpr std::uint64_t kFrameSize = 31;

  Follower follow(Txid from = 0) { return must(open_reader().follow(from)); }
  Follower follow_from_end() { return must(open_reader().follow_from_end()); }

  // The next record's payload, "-" if there is none within `timeout`, or the error's name.
  static std::string next(Follower& follower, milliseconds timeout = kNoWait) {
    const auto record = follower.next(timeout);
    if (!record) return std::string(error_code_name(record.error().code));
    return *record ? std::string(as_text((*record)->payload)) : "-";
  }
  // Does `action` once, in the first wait from now on.
  void while_waiting(std::function<void()> action) {
    filesystem_.on_wait([action = std::move(action), is_done = std::make_shared<bool>(false)] {
      if (!std::exchange(*is_done, true)) action();
    });
  }
  milliseconds duration_of(const std::function<void()>& action) const {
    const auto begin = filesystem_.now();
    action();
    return std::chrono::duration_cast<milliseconds>(filesystem_.now() - begin);
  }
};

TEST_F(FollowerTest, GivesWhatIsThereAndThenNothing) {
  make_log({"one", "two"});
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(next(follower), "two");
  EXPECT_EQ(next(follower), "-");
}

TEST_F(FollowerTest, GivesRecordsWithEverythingAboutThem) {
  {
    RecordLog log = open();
    must(log.append_record(RecordType::kPut, as_bytes("key"), as_bytes("value")));
  }
  Follower follower = follow();
  const auto record = must(follower.next(kNoWait));
  ASSERT_TRUE(record);
  EXPECT_EQ(test::owned(*record),
            (test::OwnedRecord{RecordType::kPut, 1, "key", "value", {SegmentId{1}, 36, 0}}));
}

TEST_F(FollowerTest, SeesWhatIsAppendedLater) {
  RecordLog log = open();
  Follower follower = follow();
  EXPECT_EQ(next(follower), "-");
  must(log.append(as_bytes("one")));
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(next(follower), "-");
  must(log.append(as_bytes("two")));
  must(log.append(as_bytes("six")));
  EXPECT_EQ(next(follower), "two");
  EXPECT_EQ(next(follower), "six");
}

TEST_F(FollowerTest, WaitsForARecord) {
  RecordLog log = open();
  Follower follower = follow();
  while_waiting([&] { must(log.append(as_bytes("one"))); });
  EXPECT_EQ(next(follower, kSecond), "one");
}

TEST_F(FollowerTest, NoticesARecordWithinFiftyMilliseconds) {
  RecordLog log = open();
  Follower follower = follow();
  while_waiting([&] { must(log.append(as_bytes("one"))); });
  EXPECT_LE(duration_of([&] { EXPECT_EQ(next(follower, kSecond), "one"); }), milliseconds(50));
}

TEST_F(FollowerTest, GivesUpAfterItsTimeout) {
  make_log({"one"});
  Follower follower = follow_from_end();
  EXPECT_EQ(duration_of([&] { EXPECT_EQ(next(follower, kSecond), "-"); }), kSecond);
  EXPECT_EQ(duration_of([&] { EXPECT_EQ(next(follower, milliseconds(7)), "-"); }), milliseconds(7));
}

TEST_F(FollowerTest, DoesNotWaitForATimeoutOfZeroOrLess) {
  make_log({"one"});
  Follower follower = follow_from_end();
  for (const milliseconds timeout : {kNoWait, milliseconds(-1), milliseconds::min()}) {
    EXPECT_EQ(duration_of([&] { EXPECT_EQ(next(follower, timeout), "-"); }), kNoWait);
  }
}

TEST_F(FollowerTest, TheLongestTimeoutIsATimeout) {
  RecordLog log = open();
  Follower follower = follow();
  while_waiting([&] { must(log.append(as_bytes("one"))); });
  EXPECT_EQ(next(follower, milliseconds::max()), "one");
}

TEST_F(FollowerTest, GoesOnAcrossRotations) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  must(log.append(as_bytes("two")));
  must(log.rotate());
  must(log.rotate());
  must(log.append(as_bytes("six")));
  EXPECT_EQ(next(follower), "two");
  EXPECT_EQ(next(follower), "six");
  EXPECT_EQ(next(follower), "-");
}

TEST_F(FollowerTest, WaitsInANewSegmentThatIsEmpty) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  must(log.rotate());
  EXPECT_EQ(next(follower), "-");
  while_waiting([&] { must(log.append(as_bytes("two"))); });
  EXPECT_EQ(next(follower, kSecond), "two");
}

TEST_F(FollowerTest, AnEmptyDirectoryIsALogThatWillBegin) {
  filesystem_.plant_directory(kStore);
  Follower follower = follow();
  EXPECT_EQ(next(follower), "-");
  while_waiting([&] { make_log({"one"}); });
  EXPECT_EQ(next(follower, kSecond), "one");
}

TEST_F(FollowerTest, WaitsForAHalfWrittenRecord) {
  write_segment(1, raw_frame(1, "one"));
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  const Bytes frame = raw_frame(2, "two");
  for (std::size_t size = 1; size < frame.size(); ++size) {
    write_segment(1, test::joined({raw_frame(1, "one"), to_bytes(ByteView(frame).first(size))}));
    ASSERT_EQ(next(follower), "-") << size;
  }
  write_segment(1, test::joined({raw_frame(1, "one"), frame}));
  EXPECT_EQ(next(follower), "two");
}

TEST_F(FollowerTest, WaitsInReservedSpace) {
  write_segment(1, test::joined({raw_frame(1, "one"), Bytes(100)}));
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(next(follower), "-");
  write_segment(1, test::joined({raw_frame(1, "one"), raw_frame(2, "two"), Bytes(69)}));
  EXPECT_EQ(next(follower), "two");
}

TEST_F(FollowerTest, GoesOnWithTheWriterThatCutsATornRecord) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("one")));
    filesystem_.kill_process();
  }
  extend_segment(1, ByteView(raw_frame(2, "torn")).first(25));
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(next(follower), "-");
  while_waiting([&] { must(open().append(as_bytes("two"))); });
  EXPECT_EQ(next(follower, kSecond), "two");
}

TEST_F(FollowerTest, GoesOnWhereTheNewRecordIsAsLongAsTheTornOne) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("one")));
    filesystem_.kill_process();
  }
  extend_segment(1, ByteView(raw_frame(2, "a record that was torn")).first(kFrameSize));
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(next(follower), "-");
  while_waiting([&] {
    RecordLog log = open();
    must(log.append(as_bytes("two")));
    must(log.rotate());
    must(log.append(as_bytes("six")));
  });
  EXPECT_EQ(next(follower, kSecond), "two");
  EXPECT_EQ(next(follower, kSecond), "six");
}

TEST_F(FollowerTest, BeginsAtAnyTxid) {
  options_.segment_size_max = 2 * kFrameSize;
  make_log({"one", "two", "six", "ten"});
  for (Txid from = 1; from <= 4; ++from) {
    Follower follower = follow(from);
    EXPECT_EQ(follower.txid(), from - 1);
    EXPECT_EQ(must(follower.next(kNoWait))->txid, from);
    EXPECT_EQ(follower.txid(), from);
  }
}

TEST_F(FollowerTest, BeginsWithTheRecordThatWillComeNext) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  Follower follower = follow(2);
  EXPECT_EQ(next(follower), "-");
  must(log.append(as_bytes("two")));
  EXPECT_EQ(next(follower), "two");
}

TEST_F(FollowerTest, BeginsWithTheFirstRecordOfALogThatIsStillEmpty) {
  RecordLog log = open();
  Follower follower = follow(1);
  must(log.append(as_bytes("one")));
  EXPECT_EQ(next(follower), "one");
}

TEST_F(FollowerTest, ResumesWhereAnotherOneStopped) {
  make_log({"one", "two", "six"});
  Txid seen = 0;
  {
    Follower follower = follow();
    EXPECT_EQ(next(follower), "one");
    seen = follower.txid();
  }
  Follower follower = follow(seen + 1);
  EXPECT_EQ(next(follower), "two");
}

TEST_F(FollowerTest, KnowsNoTxidBeforeTheOldestRecord) {
  make_log({"one"});
  Follower follower = follow();
  EXPECT_EQ(follower.txid(), 0U);
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(follower.txid(), 1U);
}

TEST_F(FollowerTest, BeginsAtTheEnd) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  must(log.rotate());
  Follower follower = follow_from_end();
  EXPECT_EQ(follower.txid(), 1U);
  EXPECT_EQ(next(follower), "-");
  must(log.append(as_bytes("two")));
  EXPECT_EQ(next(follower), "two");
}

TEST_F(FollowerTest, BeginsAtTheEndOfAnEmptyDirectory) {
  filesystem_.plant_directory(kStore);
  Follower follower = follow_from_end();
  make_log({"one"});
  EXPECT_EQ(next(follower), "one");
}

TEST_F(FollowerTest, ATxidOlderThanTheOldestIsAGap) {
  write_segment(3, test::joined({raw_frame(10, "ten"), raw_frame(11, "eleven")}));
  const auto follower = open_reader().follow(9);
  ASSERT_THAT(follower, FailsWith(ErrorCode::kGap));
  EXPECT_THAT(follower.error().message, HasSubstr("the next there is 10"));
  EXPECT_EQ(follower.error().path, kStore);
}

TEST_F(FollowerTest, ATxidThatIsMissingIsAGap) {
  write_segment(1, test::joined({raw_frame(1, "one"), raw_frame(5, "five")}));
  EXPECT_THAT(open_reader().follow(3), FailsWith(ErrorCode::kGap));
}

TEST_F(FollowerTest, ATxidBeyondTheNextIsAGap) {
  make_log({"one", "two"});
  const auto follower = open_reader().follow(4);
  ASSERT_THAT(follower, FailsWith(ErrorCode::kGap));
  EXPECT_THAT(follower.error().message, HasSubstr("ends with txid 2"));
  EXPECT_THAT(open_reader().follow(~Txid{0}), FailsWith(ErrorCode::kGap));
}

TEST_F(FollowerTest, ASegmentThatIsRemovedWhileItIsFollowedIsAGap) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  must(log.rotate());
  filesystem_.remove("store/00000001.dwal");
  const auto record = follower.next(kNoWait);
  ASSERT_THAT(record, FailsWith(ErrorCode::kGap));
  EXPECT_THAT(record.error().message, HasSubstr("removed"));
}

TEST_F(FollowerTest, ASegmentThatIsRemovedBeforeItWasFollowedIsAGap) {
  RecordLog log = open();
  must(log.append(as_bytes("one")));
  must(log.rotate());
  must(log.append(as_bytes("two")));
  must(log.rotate());
  must(log.append(as_bytes("six")));
  Follower follower = must(open_reader().follow(1));
  EXPECT_EQ(next(follower), "one");
  filesystem_.remove("store/00000002.dwal");
  const auto record = follower.next(kNoWait);
  ASSERT_THAT(record, FailsWith(ErrorCode::kGap));
  EXPECT_THAT(record.error().message, HasSubstr("txid 3"));
}

TEST_F(FollowerTest, ASegmentThatIsRemovedBetweenTwoLooksIsAGapOrHasBeenRead) {
  std::map<std::string, int> counts;
  for (int look = 1; look < 12; ++look) {
    if (look > 1) filesystem_.remove(kStore);
    RecordLog log = open();
    for (const char* payload : {"one", "two", "six"}) {
      must(log.append(as_bytes(payload)));
      must(log.rotate());
    }
    Follower follower = must(open_reader().follow(1));
    EXPECT_EQ(next(follower), "one");
    int left = look;
    filesystem_.on_look([&] {
      if (--left == 0) filesystem_.remove(segment_path(2));
    });
    std::string seen = next(follower);
    if (seen != "Gap") seen += next(follower);
    filesystem_.on_look({});
    ++counts[seen];
  }
  EXPECT_GE(counts["Gap"], 1);
  EXPECT_GE(counts["twoGap"], 1);
  EXPECT_GE(counts["twosix"], 1);
  EXPECT_EQ(counts.size(), 3U);
}

TEST_F(FollowerTest, ALogThatIsRemovedIsAGap) {
  make_log({"one"});
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  filesystem_.remove("store/00000001.dwal");
  EXPECT_EQ(next(follower), "Gap");
}

TEST_F(FollowerTest, ALogThatIsBegunAnewAndShorterIsAGap) {
  make_log({"one", "two"});
  Follower follower = follow_from_end();
  filesystem_.remove("store/00000001.dwal");
  remove_watermark();
  make_log({"new"});
  EXPECT_EQ(next(follower), "Gap");
}

TEST_F(FollowerTest, ALogThatIsBegunAnewAndLongerIsAGap) {
  make_log({"one", "two"});
  Follower follower = follow_from_end();
  filesystem_.remove("store/00000001.dwal");
  remove_watermark();
  make_log({"eno", "owt", "xis"});
  EXPECT_EQ(next(follower), "Gap");
}

TEST_F(FollowerTest, ALogThatIsBegunAnewAndAsLongIsAGap) {
  make_log({"one", "two"});
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(next(follower), "two");
  filesystem_.remove("store/00000001.dwal");
  remove_watermark();
  make_log({"eno", "owt"});
  EXPECT_EQ(next(follower), "Gap");
}

TEST_F(FollowerTest, AStoreWhoseDirectoryIsReplacedIsAGap) {
  make_log({"one"});
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  filesystem_.remove("store/00000001.dwal");
  filesystem_.remove("store");
  make_log({"new", "log"});
  EXPECT_EQ(next(follower), "Gap");
}

TEST_F(FollowerTest, DamageInASealedSegmentIsCorruption) {
  write_segment(1, test::joined({raw_frame(1, "one"), raw_frame(2, "two")}));
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  damage_segment(1, kFrameSize + kFrameHeaderSize);
  write_segment(2, raw_frame(3, "six"));
  // The reader may have "two" in memory already, as it was.
  Follower late = follow();
  EXPECT_EQ(next(late), "one");
  const auto record = late.next(kNoWait);
  ASSERT_THAT(record, FailsWith(ErrorCode::kCorruption));
  EXPECT_EQ(record.error().segment, SegmentId{1});
  EXPECT_EQ(record.error().offset, kFrameSize);
}

TEST_F(FollowerTest, DamageBelowTheWatermarkIsCorruption) {
  make_log({"one", "two"});
  damage_segment(1, kFrameSize + kFrameHeaderSize);
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(next(follower), "Corruption");
}

TEST_F(FollowerTest, DamageBeforeIntactRecordsIsCorruption) {
  write_segment(
      1, test::joined({raw_frame(7001, "one"), raw_frame(7002, "two"), raw_frame(7003, "six")}));
  damage_segment(1, kFrameSize + 21);  // in its length
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(next(follower), "Corruption");
}

TEST_F(FollowerTest, AnImpossibleHeaderIsStructural) {
  write_segment(1, test::joined({raw_frame(1, "one"), Bytes(50, std::byte{'X'})}));
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(next(follower), "Structural");
}

TEST_F(FollowerTest, AFailureToReadIsAnError) {
  make_log({"one"});
  Follower follower = follow();
  filesystem_.inject({.call = SimulatedCall::kRead, .path_part = ".dwal"});
  EXPECT_EQ(next(follower), "Io");
}

TEST_F(FollowerTest, AnErrorIsFinal) {
  make_log({"one"});
  Follower follower = follow();
  filesystem_.inject({.call = SimulatedCall::kRead, .path_part = ".dwal"});
  EXPECT_EQ(next(follower), "Io");
  EXPECT_EQ(next(follower), "Io");
  EXPECT_EQ(next(follower, kSecond), "Io");
}

TEST_F(FollowerTest, ADirectoryThatCannotBeWatchedIsAnError) {
  make_log({"one"});
  filesystem_.inject({.call = SimulatedCall::kWatch});
  EXPECT_THAT(open_reader().follow(), FailsWith(ErrorCode::kIo));
}

TEST_F(FollowerTest, AMovedFollowerGoesOn) {
  make_log({"one", "two"});
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  Follower moved = std::move(follower);
  EXPECT_EQ(next(moved), "two");
  moved = follow();
  EXPECT_EQ(next(moved), "one");
}

TEST_F(FollowerTest, ChangesNothing) {
  make_log({"one"});
  filesystem_.reset_counts();
  Follower follower = follow();
  EXPECT_EQ(next(follower), "one");
  EXPECT_EQ(next(follower, kSecond), "-");
  EXPECT_EQ(filesystem_.mutation_count(), 0U);
}

TEST_F(FollowerTest, SegmentsThatComeWhileItLooksAreAllRead) {
  options_.segment_size_max = kFrameSize;
  RecordLog log = open();
  Follower follower = follow();
  std::vector<std::string> seen;
  for (int round = 0; round < 5; ++round) {
    while_waiting([&] {
      for (int index = 0; index < 4; ++index) must(log.append(as_bytes("abc")));
    });
    for (int index = 0; index < 4; ++index) seen.push_back(next(follower, kSecond));
    EXPECT_EQ(next(follower), "-");
  }
  EXPECT_EQ(seen, std::vector<std::string>(20, "abc"));
  EXPECT_EQ(follower.txid(), 20U);
}

}  // namespace
}  // namespace datawal::follower_test
