#include "format/segment_facts.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "datawal/data_wal.h"
#include "format/batch_frame.h"
#include "format/compaction_mark.h"
#include "format/frame_encoding.h"
#include "log/log_opening.h"
#include "log/log_test_support.h"
#include "log/log_writer.h"

namespace datawal::segment_facts_test {
namespace {

using test::must;
using test::put_frame;
using test::raw_frame;

SegmentFacts facts_of(std::uint32_t id, const std::vector<Bytes>& frames) {
  SegmentFacts facts{.id = SegmentId{id}};
  for (const Bytes& frame : frames) {
    const DecodeOutcome outcome = decode_frame(frame);
    const auto& decoded = std::get<DecodedFrame>(outcome);
    facts.add(decoded.record, decoded.size, decoded.crc);
  }
  return facts;
}

Bytes delete_frame(Txid txid, std::string_view key) {
  return test::frame_of({RecordType::kDelete, txid, as_bytes(key), {}});
}

Bytes mark_frame(Txid txid, Txid horizon) {
  const CompactionMarkFrame frame = encode_compaction_mark(txid, {horizon});
  return {frame.begin(), frame.end()};
}

TEST(SegmentFactsOfFrames, SaysWhatThereIs) {
  const std::vector<Bytes> frames = {put_frame(4, "key", "value"), delete_frame(5, "key"),
                                     raw_frame(6, "event"), delete_frame(7, "other key")};
  std::uint64_t size = 0;
  for (const Bytes& frame : frames) size += frame.size();
  const SegmentFacts facts = facts_of(3, frames);
  EXPECT_EQ(facts.size, size);
  EXPECT_EQ(facts.records, 4U);
  EXPECT_EQ(facts.first_txid, 4U);
  EXPECT_EQ(facts.last_txid, 7U);
  EXPECT_EQ(facts.highest_txid, 7U);
  EXPECT_EQ(facts.first_crc, std::get<DecodedFrame>(decode_frame(frames.front())).crc);
  EXPECT_EQ(facts.raw_records, 1U);
  EXPECT_EQ(facts.tombstone_bytes, frames[1].size() + frames[3].size());
  EXPECT_EQ(facts.txid_gaps, 0U);
  EXPECT_EQ(facts.horizon, 0U);
}

TEST(SegmentFactsOfFrames, MarksAndAnnouncementsAreNotRawRecords) {
  SegmentFacts facts = facts_of(1, {mark_frame(1, 9), mark_frame(12, 20), mark_frame(13, 11)});
  EXPECT_EQ(facts.raw_records, 0U);
  EXPECT_EQ(facts.horizon, 20U);
  WriteBatch batch;
  must(batch.put(as_bytes("a"), as_bytes("1")));
  must(batch.remove(as_bytes("b")));
  Bytes announced(batch.byte_size());
  (void)encode_unpublished_batch(announced, batch, 14);
  announced.front() = kFrameFirstByte;
  ByteView rest = announced;
  for (; !rest.empty(); rest = rest.subspan(std::get<DecodedFrame>(decode_frame(rest)).size)) {
    const DecodeOutcome outcome = decode_frame(rest);
    const auto& frame = std::get<DecodedFrame>(outcome);
    facts.add(frame.record, frame.size, frame.crc);
  }
  EXPECT_EQ(facts.records, 6U);
  EXPECT_EQ(facts.raw_records, 0U);
  facts.add({.txid = 17, .key = as_bytes("key"), .payload = as_bytes("event")}, 40, 0);
  EXPECT_EQ(facts.raw_records, 1U) << "a Raw record with a key";
}

TEST(SegmentFactsOfFrames, CountsFramesThatDoNotFollow) {
  const Bytes first = raw_frame(1, "one");
  const SegmentFacts facts = facts_of(1, {first, raw_frame(3, "three"), raw_frame(4, "four"),
                                          raw_frame(4, "again"), raw_frame(2, "back")});
  EXPECT_EQ(facts.txid_gaps, 3U);
  EXPECT_EQ(facts.first_gap_offset, first.size());
  EXPECT_EQ(facts.last_txid, 2U);
  EXPECT_EQ(facts.highest_txid, 4U);
}

TEST(SegmentFactsOfALog, AddUpOverSegments) {
  const std::vector<SegmentFacts> segments = {
      facts_of(2, {}), facts_of(3, {raw_frame(1, "a"), raw_frame(2, "b")}), facts_of(4, {}),
      facts_of(5, {raw_frame(3, "c"), mark_frame(4, 8)}), facts_of(9, {raw_frame(9, "d")})};
  const LogTotals log = add_up(segments);
  EXPECT_EQ(log.records, 5U);
  EXPECT_EQ(log.highest_txid, 9U);
  EXPECT_EQ(log.txid_gaps, 1U);
  EXPECT_EQ(log.first_txid_gap, (Position{SegmentId{9}, 0}));
  EXPECT_EQ(log.first_segment, SegmentId{3});
  EXPECT_EQ(log.first_frame_crc, segments[1].first_crc);
  EXPECT_EQ(log.horizon, 8U);
}

TEST(SegmentFactsOfALog, TheBeginningIsNoGapWhereverItIs) {
  EXPECT_EQ(add_up(std::vector{facts_of(1, {raw_frame(5, "a")})}).txid_gaps, 0U);
}

TEST(SegmentFactsOfALog, ARestartedCounterIsAGapAndKeepsTheHighest) {
  const Bytes first = raw_frame(7, "g");
  const std::vector<SegmentFacts> segments = {
      facts_of(1, {raw_frame(6, "f"), first}), facts_of(2, {raw_frame(1, "a"), raw_frame(2, "b")}),
      facts_of(3, {raw_frame(3, "c"), raw_frame(1, "anew")})};
  const LogTotals log = add_up(segments);
  EXPECT_EQ(log.highest_txid, 7U);
  EXPECT_EQ(log.txid_gaps, 2U);
  EXPECT_EQ(log.first_txid_gap, (Position{SegmentId{2}, 0}));
}

TEST(SegmentFactsOfALog, OfNothingAreNothing) {
  EXPECT_EQ(add_up({}).records, 0U);
  EXPECT_FALSE(add_up({}).first_segment);
  EXPECT_FALSE(add_up(std::vector{facts_of(1, {})}).first_segment);
}

// What a writer has noted record by record is what a scan of the files says.
class SegmentFactsOfAStore : public test::SimulatedLog {
 protected:
  static std::vector<std::uint64_t> numbers_of(const RecoveryReport& report) {
    return {report.records_replayed, report.last_txid_seen, report.txid_gaps,
            report.first_txid_gap ? report.first_txid_gap->offset + 1 : 0};
  }
  [[nodiscard]] bool has_saved_index() const { return filesystem_.exists("store/keydir.ckpt"); }
  // The log, opened by reading all of it.
  std::unique_ptr<LogWriter> open_writer() {
    LogOpening opening = must(LogOpening::begin(kStore, options_));
    while (!must(opening.next_batch()).empty()) {
    }
    return must(opening.finish());
  }
  // What a scan of all of the log says.
  std::vector<std::uint64_t> scanned() {
    RecordCursor cursor = open_reader().scan();
    while (must(cursor.next())) {
    }
    return numbers_of(cursor.report());
  }
};

TEST_F(SegmentFactsOfAStore, AddUpToWhatAScanReports) {
  options_.segment_size_max = 300;
  options_.checkpoint_log_size = 0;
  // The counter of the log before goes back, and a record of it is gone.
  write_segment(1, test::joined({put_frame(7, "a", "7"), put_frame(9, "a", "9")}));
  write_segment(2, test::joined({put_frame(1, "b", "1"), put_frame(2, "a", "2")}));
  for (int round = 0; round < 6; ++round) {
    {
      DataWal store = must(DataWal::open(kStore, options_));
      EXPECT_EQ(numbers_of(store.recovery_report()), scanned()) << "round " << round;
      for (int number = 0; number < 10; ++number) {
        const std::string key = "key " + std::to_string(number % 4);
        must(store.put(as_bytes(key), as_bytes(std::to_string(round))));
        if (number == 7) must(store.remove(as_bytes(key)));
        if (number == 8 && round == 2) must(store.append(as_bytes("raw")));
      }
      if (round % 2 == 1) must(store.compact());
      if (round == 3) must(store.compact({.garbage_ratio_min = 0.3}));
    }
    // From the saved index, and from all of the log.
    const auto reported = numbers_of(must(DataWal::open(kStore, options_)).recovery_report());
    if (has_saved_index()) filesystem_.remove("store/keydir.ckpt");
    EXPECT_EQ(reported, numbers_of(must(DataWal::open(kStore, options_)).recovery_report()));
  }
}

TEST_F(SegmentFactsOfAStore, OfBatchesAreTheSameAsTheyAreWritten) {
  WriteBatch batch;
  must(batch.put(as_bytes("a"), as_bytes("1")));
  must(batch.remove(as_bytes("a")));
  const auto facts_as_written = [&] {
    const std::unique_ptr<LogWriter> writer = open_writer();
    must(writer->append_batch(batch));
    must(batch.append(as_bytes("raw")));
    must(writer->append_batch(batch));
    must(writer->close());
    return writer->segment_facts();
  };
  const std::vector<SegmentFacts> written = facts_as_written();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written.front().raw_records, 1U) << "an announcement is none";
  EXPECT_EQ(open_writer()->segment_facts(), written);
}

}  // namespace
}  // namespace datawal::segment_facts_test
