// Batches in a log: whole for everybody, or not there.
#include <chrono>
#include <functional>

#include "datawal/maintenance.h"
#include "format/batch_frame.h"
#include "log/log_test_support.h"

namespace datawal::test::batch_test {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kBegin = frame_size(0, 6);  // of the batch, behind the record "before"

WriteBatch batch_of(const std::vector<std::string>& payloads) {
  WriteBatch batch;
  for (const std::string& payload : payloads) must(batch.append(as_bytes(payload)));
  return batch;
}

class BatchTest : public SimulatedLog {
 protected:
  // A log with a durable record "before" and, behind it, a batch of three that is not known to be
  // durable; its writer was killed.
  void make_batch() {
    {
      RecordLog log = open();
      must(log.append(as_bytes("before")));
      must(log.sync());
      must(log.append_batch(batch_of({"one", "two", "three"})));
      filesystem_.kill_process();
    }
    whole_ = segment(1);
    watermark_ = *filesystem_.read_file("store/watermark");
  }
  // The same with other bytes in the segment.
  void plant(ByteView bytes) {
    write_segment(1, bytes);
    filesystem_.write_file("store/watermark", watermark_);
  }
  [[nodiscard]] Bytes cut_to(std::uint64_t size, std::uint64_t zeros = 0) const {
    Bytes bytes(whole_.begin(), whole_.begin() + static_cast<std::ptrdiff_t>(size));
    bytes.resize(size + zeros);
    return bytes;
  }
  [[nodiscard]] Bytes flipped(std::uint64_t offset) const {
    Bytes bytes = whole_;
    bytes[offset] ^= std::byte{0x10};
    return bytes;
  }
  [[nodiscard]] std::vector<std::string> payloads() {
    const Scan scan = read_all(open_reader().scan());
    EXPECT_FALSE(scan.error) << scan.error->to_string();
    return scan.payloads();
  }
  [[nodiscard]] std::vector<std::string> payloads_until_error() {
    return read_all(open_reader().scan()).payloads();
  }
  // Nobody sees anything of the batch; opening cuts it, keeps its bytes, and the log goes on.
  void expect_dropped(const std::string& what) {
    SCOPED_TRACE(what);
    const Bytes found = segment(1);
    EXPECT_THAT(payloads(), ElementsAre("before"));
    const auto report = must(verify(kStore, options_));
    EXPECT_TRUE(!report.refusal);
    for (const Damage& damage : report.damages) EXPECT_TRUE(damage.torn_tail);
    {
      RecordLog log = open();
      const TailReport& tail = log.recovery_report().tail;
      EXPECT_EQ(tail.position, (Position{SegmentId{1}, kBegin}));
      if (!tail.quarantine.empty()) {
        EXPECT_EQ(filesystem_.read_file("store/" + tail.quarantine),
                  Bytes(found.begin() + kBegin, found.end()));
        filesystem_.remove("store/" + tail.quarantine);
      }
      EXPECT_EQ(must(log.append(as_bytes("behind"))).txid, 2U);
    }
    EXPECT_THAT(payloads(), ElementsAre("before", "behind"));
  }

  Bytes whole_;
  Bytes watermark_;
};

TEST_F(BatchTest, IsAppendedAndShownWithoutItsAnnouncement) {
  RecordLog log = open();
  must(log.append(as_bytes("before")));
  const AppendedBatch appended = must(log.append_batch(batch_of({"one", "two"})));
  EXPECT_EQ(appended.first_txid, 3U);
  EXPECT_EQ(appended.last_txid, 4U);
  EXPECT_EQ(appended.segment, SegmentId{1});
  EXPECT_EQ(appended.offset, kBegin + kBatchFrameSize);
  must(log.append(as_bytes("behind")));
  const Scan scan = read_all(log.scan());
  EXPECT_THAT(scan.payloads(), ElementsAre("before", "one", "two", "behind"));
  EXPECT_THAT(scan.txids(), ElementsAre(1, 3, 4, 5));
  EXPECT_EQ(scan.report.records_replayed, 5U);
  EXPECT_EQ(scan.report.txid_gaps, 0U);
  EXPECT_EQ(scan.records[1].ref.offset, appended.offset);
  EXPECT_THAT(read_all(log.scan_from(scan.records[2].ref.position())).payloads(),
              ElementsAre("two", "behind"));
  EXPECT_THAT(read_all(log.scan_from_txid(2)).payloads(), ElementsAre("one", "two", "behind"));
}

TEST_F(BatchTest, OfOneRecordIsThatRecord) {
  RecordLog log = open();
  const AppendedBatch appended = must(log.append_batch(batch_of({"one"})));
  EXPECT_EQ(appended.first_txid, 1U);
  EXPECT_EQ(appended.last_txid, 1U);
  EXPECT_EQ(appended.offset, 0U);
  EXPECT_EQ(log.end().offset, frame_size(0, 3));
}

TEST_F(BatchTest, WithoutRecordsIsNothing) {
  RecordLog log = open();
  must(log.append(as_bytes("before")));
  const AppendedBatch appended = must(log.append_batch({}));
  EXPECT_EQ(appended.first_txid, 2U);
  EXPECT_EQ(appended.last_txid, 1U);
  EXPECT_EQ(log.end().offset, kBegin);
}

TEST_F(BatchTest, IsInOneSegment) {
  options_.segment_size_max = 250;
  RecordLog log = open();
  must(log.append(as_bytes(std::string(100, 'x'))));
  const AppendedBatch second = must(log.append_batch(batch_of({"one", "two", "three"})));
  EXPECT_EQ(second.segment, SegmentId{2}) << "it did not fit behind the record";
  const AppendedBatch large =
      must(log.append_batch(batch_of({std::string(200, 'y'), std::string(200, 'z')})));
  EXPECT_EQ(large.segment, SegmentId{3});
  must(log.append(as_bytes("behind")));
  EXPECT_EQ(log.end().segment, SegmentId{4}) << "one above the limit has a segment of its own";
  EXPECT_EQ(read_all(log.scan()).records.size(), 7U);
  must(log.close());
  EXPECT_EQ(open().recovery_report().records_replayed, 9U);
}

TEST_F(BatchTest, IsOneWriteOrOneStore) {
  RecordLog log = open();
  must(log.append(as_bytes("before")));
  const std::uint64_t writes = count(SimulatedCall::kWrite);
  must(log.append_batch(batch_of({"one", "two", "three"})));
  EXPECT_EQ(count(SimulatedCall::kWrite), writes + 1);
  must(log.close());
  filesystem_.set_write_through_size(0);
  RecordLog stored = open();
  must(stored.append(as_bytes("before")));
  const std::uint64_t stores = count(SimulatedCall::kStore);
  must(stored.append_batch(batch_of({"one", "two", "three"})));
  EXPECT_EQ(count(SimulatedCall::kStore), stores + 1);
}

TEST_F(BatchTest, KeysOfRawRecordsThatAreReservedAreRefused) {
  RecordLog log = open();
  EXPECT_THAT(log.append_record(RecordType::kRaw, as_bytes(kBatchKey), {}),
              FailsWith(ErrorCode::kInvalidArgument));
  EXPECT_THAT(log.append_record(RecordType::kRaw, as_bytes(kReservedKeyPrefix), {}),
              FailsWith(ErrorCode::kInvalidArgument));
  must(log.append_record(RecordType::kPut, as_bytes(kBatchKey), {}));
  must(log.append_record(RecordType::kDelete, as_bytes(kBatchKey), {}));
  EXPECT_EQ(log.last_txid(), 2U);
}

TEST_F(BatchTest, CutAtAnyByteIsDropped) {
  make_batch();
  EXPECT_THAT(payloads(), ElementsAre("before", "one", "two", "three"));
  for (std::uint64_t size = kBegin + 1; size < whole_.size(); ++size) {
    plant(cut_to(size));
    expect_dropped("cut to " + std::to_string(size));
  }
}

TEST_F(BatchTest, CutAtAnyByteInReservedSpaceIsDropped) {
  make_batch();
  for (std::uint64_t size = kBegin + 1; size + 4 <= whole_.size(); ++size) {
    plant(cut_to(size, whole_.size() + 9000 - size));
    expect_dropped("cut to " + std::to_string(size));
  }
}

TEST_F(BatchTest, StoredButNotPublishedIsNotThereYet) {
  make_batch();
  Bytes bytes = whole_;
  bytes.resize(bytes.size() + 5000);
  for (const std::uint64_t zeros : {std::uint64_t{1}, std::uint64_t{kBatchFrameSize}}) {
    std::fill_n(bytes.begin() + kBegin, zeros, std::byte{0});
    plant(bytes);
    const Scan scan = read_all(open_reader().scan());
    EXPECT_THAT(scan.payloads(), ElementsAre("before"));
    EXPECT_EQ(scan.report.tail.kind, TailKind::kIncomplete);
    expect_dropped(std::to_string(zeros) + " bytes not stored");
  }
}

// Whoever has opened a closed log for reading, before a writer came and stored a batch.
TEST_F(BatchTest, StoredByAWriterThatCameLaterIsNotThereYet) {
  make_log({"before"});
  const RecordLogReader reader = open_reader();
  ASSERT_TRUE(watermark()->clean);
  RecordLog log = open();
  must(log.append_batch(batch_of({"one", "two", "three"})));
  Bytes bytes = segment(1);
  bytes[kBegin] = std::byte{0};
  bytes.resize(bytes.size() + 5000);
  write_segment(1, bytes);
  const Scan scan = read_all(reader.scan());
  EXPECT_FALSE(scan.error) << scan.error->to_string();
  EXPECT_THAT(scan.payloads(), ElementsAre("before"));
  EXPECT_EQ(scan.report.tail.kind, TailKind::kIncomplete);
}

TEST_F(BatchTest, WithAnyByteDamagedIsDroppedWhole) {
  make_batch();
  // Of its announcement only where a power cut may have done it: behind a frame that a killed
  // process has published there is nothing.
  for (std::uint64_t offset = kBegin + kBatchFrameSize; offset < whole_.size(); ++offset) {
    plant(flipped(offset));
    expect_dropped("flipped at " + std::to_string(offset));
  }
  filesystem_.set_boot_id({std::byte{1}});
  for (std::uint64_t offset = kBegin; offset < whole_.size(); ++offset) {
    plant(flipped(offset));
    expect_dropped("flipped at " + std::to_string(offset) + " in an earlier boot");
  }
}

TEST_F(BatchTest, WithAnyByteDamagedAndRecordsBehindIsCorruptionInTheSameBoot) {
  make_batch();
  const Bytes batch = whole_;
  for (std::uint64_t offset = kBegin + 1; offset < batch.size(); ++offset) {
    whole_ = joined({batch, raw_frame(6, "behind")});
    plant(flipped(offset));
    // A size that is damaged may claim more than there is, as with any frame.
    const Bytes found = segment(1);
    const DecodeOutcome outcome = decode_frame(ByteView(found).subspan(kBegin));
    if (std::holds_alternative<Truncated>(outcome)) continue;
    EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption)) << offset;
  }
}

TEST_F(BatchTest, ThatWasDurableIsCorruptionIfItIsNotWhole) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("before")));
    must(log.append_batch(batch_of({"one", "two", "three"})));
    must(log.sync());
    filesystem_.kill_process();
  }
  whole_ = segment(1);
  watermark_ = *filesystem_.read_file("store/watermark");
  for (std::uint64_t offset = kBegin; offset < whole_.size(); ++offset) {
    plant(flipped(offset));
    EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption)) << offset;
    plant(cut_to(offset));
    EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption)) << offset;
  }
}

TEST_F(BatchTest, InASealedSegmentIsCorruptionIfItIsNotWhole) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("before")));
    must(log.append_batch(batch_of({"one", "two", "three"})));
    must(log.rotate());
    must(log.append(as_bytes("behind")));
  }
  damage_segment(1, kBegin + kBatchFrameSize + 29);
  const Scan scan = read_all(open_reader().scan());
  EXPECT_THAT(scan.payloads(), ElementsAre("before"));
  ASSERT_TRUE(scan.error);
  EXPECT_EQ(scan.error->code, ErrorCode::kCorruption);
  EXPECT_THAT(scan.error->message, HasSubstr("a batch of records of which not all is there"));
  EXPECT_EQ(scan.error->offset, kBegin);
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption));
}

TEST_F(BatchTest, WithoutAWatermarkIsJudgedLikeAFrame) {
  make_batch();
  for (std::uint64_t size = kBegin + 1; size < whole_.size(); ++size) {
    plant(cut_to(size));
    remove_watermark();
    EXPECT_EQ(open().recovery_report().tail.position.offset, kBegin) << size;
  }
  plant(joined({flipped(whole_.size() - 1), raw_frame(6, "behind")}));
  remove_watermark();
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption));
}

// The crate appends behind a torn record with that record's txid.
TEST_F(BatchTest, BehindWhichAnotherWriterWentOnIsRefused) {
  make_batch();
  const std::uint64_t third = whole_.size() - frame_size(0, 5);
  for (std::uint64_t size = third + 1; size < whole_.size(); ++size) {
    plant(joined({cut_to(size), raw_frame(5, "acknowledged"), raw_frame(6, "too")}));
    EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption)) << size;
  }
  // Where it was cut between two frames, nothing is torn for the crate.
  plant(joined({cut_to(third), raw_frame(5, "acknowledged")}));
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption));
  plant(joined({cut_to(third), raw_frame(5, "three")}));
  EXPECT_THAT(payloads(), ElementsAre("before", "one", "two", "three")) << "these very bytes";
}

TEST_F(BatchTest, ThatIsAnnouncedInANewerWayIsRefused) {
  make_batch();
  const Bytes newer = frame_of(
      {RecordType::kRaw, 2, as_bytes(kBatchKey), as_bytes(std::string_view("\x02\0\0\0more", 8))});
  plant(joined({cut_to(kBegin), newer, raw_frame(3, "behind")}));
  const Bytes before = segment(1);
  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kUnsupportedVersion));
  EXPECT_EQ(segment(1), before);
  EXPECT_THAT(payloads_until_error(), ElementsAre("before"));
  const auto report = must(verify(kStore, options_));
  ASSERT_TRUE(report.refusal);
  EXPECT_EQ(report.refusal->code, ErrorCode::kUnsupportedVersion);
  EXPECT_EQ(report.frames_checked, 3U);
  EXPECT_THAT(repair(kStore, Apply::kYes, options_), FailsWith(ErrorCode::kUnsupportedVersion));
  EXPECT_TRUE(watermark());
  Follower follower = must(open_reader().follow());
  EXPECT_TRUE(must(follower.next(milliseconds(0))));
  EXPECT_THAT(follower.next(milliseconds(0)), FailsWith(ErrorCode::kUnsupportedVersion));
}

TEST_F(BatchTest, ARecordWithItsKeyAndOtherFieldsIsARecord) {
  make_batch();
  const Bytes strange = frame_of({RecordType::kRaw, 2, as_bytes(kBatchKey), as_bytes("hello")});
  plant(joined({cut_to(kBegin), strange, raw_frame(3, "behind")}));
  EXPECT_THAT(payloads(), ElementsAre("before", "hello", "behind"));
  EXPECT_EQ(open().recovery_report().tail.kind, TailKind::kClean);
}

TEST_F(BatchTest, ThatClaimsToBeHugeIsATornTail) {
  make_batch();
  std::string payload("\x01\0\0\0\0\0\0\x01\0\0\0\x40\0\0\0\0none", 20);  // 2^24 records, 1 GiB
  const Bytes huge = frame_of({RecordType::kRaw, 2, as_bytes(kBatchKey), as_bytes(payload)});
  ASSERT_TRUE(decode_announcement(std::get<DecodedFrame>(decode_frame(huge)).record));
  plant(joined({cut_to(kBegin), huge, raw_frame(3, "one")}));
  expect_dropped("huge");
}

TEST_F(BatchTest, LargerThanAWindowIsReadAndDroppedLikeOthers) {
  std::vector<std::string> large;
  for (int index = 0; index < 40; ++index) large.push_back(std::string(20'000, 'a'));
  {
    RecordLog log = open();
    must(log.append(as_bytes("before")));
    must(log.sync());
    must(log.append_batch(batch_of(large)));
    filesystem_.kill_process();
  }
  whole_ = segment(1);
  watermark_ = *filesystem_.read_file("store/watermark");
  EXPECT_EQ(payloads().size(), 41U);
  plant(cut_to(whole_.size() - 1));
  expect_dropped("cut");
  plant(flipped(whole_.size() - 1));
  expect_dropped("flipped");
}

TEST_F(BatchTest, AFollowerGivesItOnceItIsWhole) {
  make_batch();
  plant(cut_to(kBegin));
  Follower follower = must(open_reader().follow());
  EXPECT_TRUE(must(follower.next(milliseconds(0))));
  for (std::uint64_t size = kBegin + 1; size < whole_.size(); ++size) {
    plant(cut_to(size));
    ASSERT_FALSE(must(follower.next(milliseconds(0)))) << size;
  }
  Bytes unpublished = whole_;
  unpublished.resize(whole_.size() + 5000);
  unpublished[kBegin] = std::byte{0};
  plant(unpublished);
  ASSERT_FALSE(must(follower.next(milliseconds(0))));
  EXPECT_EQ(follower.txid(), 1U);
  unpublished[kBegin] = std::byte{0x44};
  plant(unpublished);
  for (const Txid txid : {3U, 4U, 5U}) {
    const auto record = must(follower.next(milliseconds(0)));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->txid, txid);
  }
  EXPECT_FALSE(must(follower.next(milliseconds(0))));
}

TEST_F(BatchTest, AFollowerCanBeginAtAnyOfItsTxids) {
  make_batch();
  for (Txid from = 1; from <= 6; ++from) {
    Follower follower = must(open_reader().follow(from));
    const auto record = must(follower.next(milliseconds(0)));
    ASSERT_EQ(record.has_value(), from <= 5) << from;
    EXPECT_EQ(record ? record->txid : 0, from == 2 ? 3 : from == 6 ? 0 : from);
  }
}

TEST_F(BatchTest, VerifyCountsItsFrames) {
  make_batch();
  static_cast<void>(open());
  const auto report = must(verify(kStore, options_));
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.frames_checked, 5U);
  EXPECT_EQ(report.txid_gaps, 0U);
}

TEST_F(BatchTest, RepairCutsOneThatWasNeverFinished) {
  make_batch();
  plant(cut_to(whole_.size() - 1));
  const auto report = must(repair(kStore, Apply::kYes, options_));
  ASSERT_EQ(report.actions.size(), 1U);
  EXPECT_EQ(report.actions[0].offset, kBegin);
  EXPECT_EQ(report.actions[0].frames_kept, 1U);
  EXPECT_EQ(segment(1).size(), kBegin);
}

TEST_F(BatchTest, RepairAndSalvageKeepTheIntactRecordsOfOneThatWasWhole) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("before")));
    must(log.append_batch(batch_of({"one", "two", "three"})));
    must(log.append(as_bytes("behind")));
    must(log.sync());
    filesystem_.kill_process();
  }
  damage_segment(1, kBegin + kBatchFrameSize + frame_size(0, 3) + 25);  // in "two"
  const auto salvaged = must(salvage(kStore, "target", options_));
  EXPECT_EQ(salvaged.frames_recovered, 4U);
  EXPECT_EQ(salvaged.bytes_lost, kBatchFrameSize + frame_size(0, 3));
  const RecordLog copy = must(RecordLog::open("target", options_));
  EXPECT_THAT(read_all(copy.scan()).payloads(), ElementsAre("before", "one", "three", "behind"));

  EXPECT_THAT(try_open(), FailsWith(ErrorCode::kCorruption));
  must(repair(kStore, Apply::kYes, options_));
  EXPECT_THAT(read_all(open().scan()).payloads(), ElementsAre("before", "one", "three", "behind"));
}

TEST_F(BatchTest, SalvageLeavesOutOneThatWasNeverFinished) {
  make_batch();
  for (const std::uint64_t zeros : {std::uint64_t{0}, std::uint64_t{9000}}) {
    plant(cut_to(whole_.size() - 6, zeros));
    const auto report = must(salvage(kStore, "target " + std::to_string(zeros), options_));
    EXPECT_EQ(report.frames_recovered, 1U);
    ASSERT_EQ(report.losses.size(), 1U);
    EXPECT_TRUE(report.losses[0].torn_tail);
    EXPECT_EQ(report.losses[0].position.offset, kBegin);
    EXPECT_EQ(report.losses[0].size, whole_.size() - 6 - kBegin);
  }
}

TEST_F(BatchTest, SalvageCopiesAWholeOneWhole) {
  make_batch();
  const auto report = must(salvage(kStore, "target", options_));
  EXPECT_EQ(report.frames_recovered, 5U);
  EXPECT_EQ(filesystem_.read_file("target/00000001.dwal"), whole_);
}

TEST_F(BatchTest, MembersAreRecordsWithoutTheirAnnouncement) {
  make_batch();
  const Bytes members(whole_.begin() + kBegin + kBatchFrameSize, whole_.end());
  plant(joined({cut_to(kBegin), members}));
  EXPECT_THAT(payloads(), ElementsAre("before", "one", "two", "three"));
  EXPECT_EQ(open().recovery_report().txid_gaps, 1U);
}

}  // namespace
}  // namespace datawal::test::batch_test
