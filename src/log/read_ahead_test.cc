// Going through a log that other threads read is as going through it alone: the same records, facts
// and refusals, with hints and without.
#include "log/read_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "datawal/data_wal.h"
#include "format/names.h"
#include "log/hint_file.h"
#include "log/log_scan.h"
#include "log/log_test_support.h"

namespace datawal::read_ahead_test {
namespace {

using test::must;

struct SeenRecord {
  RecordType type;
  Txid txid;
  std::string key;  // but of Raw records
  RecordRef ref;

  friend bool operator==(const SeenRecord&, const SeenRecord&) = default;
};

// All that a scan has to say.
struct Seen {
  std::vector<SeenRecord> records;
  std::optional<Error> error;
  RecoveryReport report;
  LogFacts facts;
  LogScan::ReadAheadResult ahead;
};

Seen see(LogScan& scan) {
  Seen seen;
  while (true) {
    const auto record = scan.next();
    if (!record) seen.error = record.error();
    if (!record || !*record) break;
    const bool is_raw = (*record)->type == RecordType::kRaw;
    seen.records.push_back({(*record)->type, (*record)->txid,
                            is_raw ? "" : std::string(as_text((*record)->key)), (*record)->ref});
  }
  seen.report = scan.report();
  seen.facts = scan.facts();
  seen.ahead = scan.read_ahead_result();
  return seen;
}

void expect_same(const Seen& found, const Seen& expected) {
  EXPECT_EQ(found.records, expected.records);
  ASSERT_EQ(found.error.has_value(), expected.error.has_value())
      << (found.error ? *found.error : *expected.error).to_string();
  if (found.error) {
    EXPECT_EQ(found.error->to_string(), expected.error->to_string());
  }
  EXPECT_EQ(found.report.files_scanned, expected.report.files_scanned);
  EXPECT_EQ(found.report.records_replayed, expected.report.records_replayed);
  EXPECT_EQ(found.report.last_txid_seen, expected.report.last_txid_seen);
  EXPECT_EQ(found.report.txid_gaps, expected.report.txid_gaps);
  EXPECT_EQ(found.report.first_txid_gap, expected.report.first_txid_gap);
  EXPECT_EQ(found.report.tail_truncated, expected.report.tail_truncated);
  EXPECT_EQ(found.report.tail_bytes_discarded, expected.report.tail_bytes_discarded);
  EXPECT_EQ(found.report.tail.kind, expected.report.tail.kind);
  EXPECT_EQ(found.report.durable, expected.report.durable);
  EXPECT_EQ(found.facts.end, expected.facts.end);
  EXPECT_EQ(found.facts.last_frame_txid, expected.facts.last_frame_txid);
  EXPECT_EQ(found.facts.last_frame_crc, expected.facts.last_frame_crc);
  EXPECT_EQ(found.facts.first_segment, expected.facts.first_segment);
  EXPECT_EQ(found.facts.first_frame_crc, expected.facts.first_frame_crc);
  EXPECT_EQ(found.facts.watermark.has_value(), expected.facts.watermark.has_value());
  EXPECT_EQ(found.facts.segments, expected.facts.segments);
}

class ReadingAhead : public test::SimulatedLog {
 protected:
  ReadingAhead() { options_.segment_size_max = 150'000; }

  // Puts, removals, Raw records and batches, large and small, in several segments.
  void fill(int count) {
    RecordLog log = open();
    for (int number = 0; number < count; ++number) {
      const std::string key = "key " + std::to_string(number % 300);
      must(log.append_record(
          RecordType::kPut, as_bytes(key),
          as_bytes(std::string(700 + static_cast<std::size_t>(number) % 50, 'v'))));
      if (number % 7 == 0) must(log.append_record(RecordType::kDelete, as_bytes(key), {}));
      if (number % 11 == 0) must(log.append(as_bytes("event " + std::to_string(number))));
      if (number % 90 == 0) {
        must(log.append_record(RecordType::kPut, as_bytes(key),
                               as_bytes(std::string(140'000, 'w'))));
      }
      if (number % 23 == 0) append_batch(log, number);
    }
    must(log.close());
    ASSERT_GT(log.segments().size(), 5U);
  }

  static void append_batch(RecordLog& log, int number) {
    WriteBatch batch;
    for (int index = 0; index < 5; ++index) {
      must(batch.put(as_bytes("batched " + std::to_string(number + index)), as_bytes("value")));
    }
    must(log.append_batch(batch));
  }

  LogScan scan(std::optional<Position> begin = {}) {
    auto directory = must(filesystem_.open_directory(kStore));
    return LogScan(must(load_log_view(std::move(directory), filesystem_, options_.damage)),
                   options_.damage, {.begin = begin});
  }
  Seen alone(std::optional<Position> begin = {}) {
    LogScan all = scan(begin);
    return see(all);
  }
  Seen ahead(const ReadAhead::Settings& settings, std::optional<Position> begin = {}) {
    LogScan all = scan(begin);
    all.read_ahead(settings);
    return see(all);
  }

  void expect_the_same(const char* what, std::optional<Position> begin = {}) {
    SCOPED_TRACE(what);
    const Seen expected = alone(begin);
    for (const unsigned threads : {1U, 3U}) {
      for (const std::size_t buffer_size : {std::size_t{1}, std::size_t{4} << 20}) {
        for (const bool uses_hints : {false, true}) {
          expect_same(ahead({threads, buffer_size, uses_hints}, begin), expected);
        }
      }
    }
  }

  std::size_t write_hints() {
    const auto directory = must(filesystem_.open_directory(kStore));
    std::size_t count = 0;
    for (std::uint32_t id = 1; has_segment(id + 1); ++id) {
      if (write_hint(*directory, SegmentId{id}, [] { return true; })) ++count;
    }
    return count;
  }
  static std::filesystem::path hint_path(std::uint32_t id) {
    return std::filesystem::path(kStore) / hint_name(SegmentId{id});
  }
};

TEST_F(ReadingAhead, IsAsReadingAlone) {
  fill(1'000);
  expect_the_same("whole");
  ASSERT_GT(write_hints(), 5U);
  expect_the_same("whole, with hints");
  EXPECT_GT(ahead({.thread_count = 2, .uses_hints = true}).ahead.hints, 5U);
}

TEST_F(ReadingAhead, BeginsInTheMiddle) {
  fill(1'000);
  write_hints();
  const std::vector<SeenRecord> records = alone().records;
  for (const std::size_t at : {std::size_t{1}, records.size() / 3, records.size() - 1}) {
    expect_the_same("from a record", records[at].ref.position());
  }
  const Position end = alone().facts.end;
  expect_the_same("from the end", end);
}

TEST_F(ReadingAhead, AnEmptyLogAndAnEmptySegmentAreNoObstacle) {
  {
    RecordLog log = open();
  }
  expect_the_same("no record");
  fill(500);
  RecordLog log = open();
  must(log.rotate());
  must(log.close());
  write_hints();
  expect_the_same("an empty last segment");
}

TEST_F(ReadingAhead, TheFirstDamageInTheOrderOfTheLogIsWhatIsRefused) {
  fill(1'000);
  write_hints();
  const auto frames = alone().records;
  // In a later segment first, so that both are there in the end.
  for (const std::size_t at :
       {frames.size() - 2, 2 * frames.size() / 3, frames.size() / 2, std::size_t{0}}) {
    const RecordRef& ref = frames[at].ref;
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{20}, std::uint64_t{30}}) {
      damage_segment(std::to_underlying(ref.segment), ref.offset + offset);
      expect_the_same("damaged");
      if (offset < 30) damage_segment(std::to_underlying(ref.segment), ref.offset + offset);
    }
  }
}

TEST_F(ReadingAhead, ACutSegmentIsRefusedAndACutTailIsNot) {
  fill(1'000);
  write_hints();
  const std::uint32_t last = std::to_underlying(alone().facts.segments.back().id);
  remove_watermark();
  cut_segment(last, segment(last).size() - 5);
  expect_the_same("a torn tail");
  extend_segment(last, Bytes(50'000));
  expect_the_same("zeros behind it");
  cut_segment(3, segment(3).size() - 5);
  expect_the_same("a torn sealed segment");
  filesystem_.remove(segment_path(3));
  expect_the_same("a missing segment");
}

TEST_F(ReadingAhead, AReadThatFailsIsTriedAgainByWhoeverReportsIt) {
  fill(300);
  const Seen expected = alone();
  LogScan all = scan();
  filesystem_.inject({.count = 3, .call = SimulatedCall::kRead, .path_part = "00000002"});
  all.read_ahead({.thread_count = 1});
  Seen found = see(all);
  filesystem_.clear_faults();
  if (found.error) {
    EXPECT_EQ(found.error->code, ErrorCode::kIo);
  } else {
    expect_same(found, expected);
  }
  filesystem_.inject(
      {.count = SimulatedFault::kForEver, .call = SimulatedCall::kRead, .path_part = "00000002"});
  expect_the_same("for ever");
}

TEST_F(ReadingAhead, MayBeGivenUpAtAnyTime) {
  fill(300);
  for (std::size_t count = 0; count < 40; count += 7) {
    LogScan all = scan();
    all.read_ahead({.thread_count = 3, .buffer_size = 1});
    for (std::size_t index = 0; index < count; ++index) (void)must(all.next());
  }
}

TEST_F(ReadingAhead, AWatermarkInsideASealedSegmentIsHeldAgainstItsFrames) {
  fill(300);
  const auto directory = must(filesystem_.open_directory(kStore));
  RecordLog log = open();
  must(log.append(as_bytes("last")));
  must(log.sync());
  filesystem_.kill_process();  // its watermark stays
  const std::uint32_t last = std::to_underlying(alone().facts.segments.back().id);
  write_segment(last + 1, test::put_frame(9'999, "key", "value"));  // as another implementation
  write_hints();
  ASSERT_TRUE(alone().report.durable);
  expect_the_same("known to be durable up to a sealed segment");
}

TEST_F(ReadingAhead, WhereMuchIsLookedAtHintsAreNotUsedAnyMore) {
  options_.segment_size_max = 500'000;
  fill(3'000);
  const std::size_t count = write_hints();
  ASSERT_GT(count, 3U);
  const Seen expected = alone();
  LogScan all = scan();
  all.read_ahead({.thread_count = 1, .buffer_size = 1, .uses_hints = true});
  (void)must(all.next());
  all.note_looks(1'000'000);
  Seen found = see(all);
  found.records.insert(found.records.begin(), expected.records.front());
  expect_same(found, expected);
  EXPECT_LT(found.ahead.hints, count);
}

TEST_F(ReadingAhead, SegmentsWithoutAWholeHintAreNamed) {
  fill(1'000);
  const std::size_t count = write_hints();
  filesystem_.remove(hint_path(2));
  Bytes cut = *filesystem_.read_file(hint_path(4));
  cut.resize(cut.size() - 1);
  filesystem_.write_file(hint_path(4), cut);
  const Seen found = ahead({.thread_count = 2, .uses_hints = true});
  EXPECT_THAT(found.ahead.lacking_hint, testing::IsSupersetOf({SegmentId{2}, SegmentId{4}}));
  EXPECT_EQ(found.ahead.lacking_hint.size() + count, found.facts.segments.size() + 1);
  EXPECT_THAT(ahead({.thread_count = 2}).ahead.lacking_hint, testing::IsEmpty());
}

}  // namespace
}  // namespace datawal::read_ahead_test
