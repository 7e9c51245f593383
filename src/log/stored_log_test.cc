// A log whose records are stored through a mapping, on the real filesystem, with others reading it
// at the same time.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "datawal/maintenance.h"
#include "datawal/record_log.h"
#include "datawal/record_log_reader.h"
#include "file/posix_test_support.h"
#include "format/names.h"

namespace datawal::stored_log_test {
namespace {

constexpr Txid kRecordCount = 60'000;
constexpr std::uint64_t kSegmentSize = std::uint64_t{2} << 20;

std::string payload_of(Txid txid) {
  return "record " + std::to_string(txid) + std::string(txid % 150, '.');
}

class StoredLog : public testing::Test {
 protected:
  StoredLog() : log_(*RecordLog::open(store_, {.segment_size_max = kSegmentSize})) {}

  void write_all() {
    for (Txid txid = 1; txid <= kRecordCount; ++txid) {
      if (!log_.append(as_bytes(payload_of(txid)))) std::abort();
    }
    is_done_ = true;
  }

  // Reads what there is, which must be the beginning of what is written, and gives its length.
  static Txid check_beginning(RecordCursor cursor) {
    Txid count = 0;
    while (true) {
      const auto record = cursor.next();
      EXPECT_TRUE(record) << record.error().to_string();
      if (!record || !*record) return count;
      EXPECT_EQ((*record)->txid, ++count);
      EXPECT_EQ(as_text((*record)->payload), payload_of(count));
      if (testing::Test::HasFailure()) return count;
    }
  }

  const test::ScratchDirectory scratch_;
  const std::filesystem::path store_ = scratch_ / "store";
  RecordLog log_;
  std::atomic<bool> is_done_ = false;
};

TEST_F(StoredLog, ReadersSeeItsBeginning) {
  const std::jthread writer([&] { write_all(); });
  Txid last_count = 0;
  bool was_done = false;
  while (!was_done && !HasFailure()) {
    was_done = is_done_;
    const auto reader = RecordLogReader::open(store_);
    ASSERT_TRUE(reader) << reader.error().to_string();
    const Txid count = check_beginning(reader->scan());
    EXPECT_GE(count, last_count);
    last_count = count;
  }
  EXPECT_EQ(last_count, kRecordCount);
}

TEST_F(StoredLog, AFollowerMissesNothing) {
  const auto reader = RecordLogReader::open(store_);
  auto follower = reader->follow();
  ASSERT_TRUE(follower) << follower.error().to_string();
  const std::jthread writer([&] { write_all(); });
  for (Txid txid = 1; txid <= kRecordCount; ++txid) {
    const auto record = follower->next(std::chrono::minutes(5));
    ASSERT_TRUE(record) << record.error().to_string();
    ASSERT_TRUE(*record) << "nothing came after " << txid - 1;
    ASSERT_EQ((*record)->txid, txid);
    ASSERT_EQ(as_text((*record)->payload), payload_of(txid));
  }
}

TEST_F(StoredLog, IsSoundWhileItIsWritten) {
  const std::jthread writer([&] { write_all(); });
  do {
    const Result<VerifyReport> report = verify(store_);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_FALSE(report->refusal) << report->refusal->to_string();
    for (const Damage& damage : report->damages) EXPECT_TRUE(damage.torn_tail);
  } while (!is_done_ && !HasFailure());
}

// Whoever began to look before there was a watermark asks again where a record is not whole.
TEST_F(StoredLog, AWriterThatCameLaterIsKnown) {
  for (Txid txid = 1; txid <= 5; ++txid) ASSERT_TRUE(log_.append(as_bytes(payload_of(txid))));
  ASSERT_TRUE(log_.close());
  ASSERT_TRUE(std::filesystem::remove(store_ / kWatermarkName));
  const auto reader = RecordLogReader::open(store_);
  ASSERT_TRUE(reader) << reader.error().to_string();
  RecordCursor cursor = reader->scan();
  auto writer = RecordLog::open(store_);
  ASSERT_TRUE(writer) << writer.error().to_string();
  const auto sixth = writer->append(as_bytes(payload_of(6)));
  ASSERT_TRUE(sixth);
  {
    std::fstream segment(store_ / segment_name(sixth->ref.segment),
                         std::ios::binary | std::ios::in | std::ios::out);
    segment.seekp(static_cast<std::streamoff>(sixth->ref.offset));
    segment.put('\0');  // as before it has been published
    ASSERT_TRUE(segment.flush());
  }
  EXPECT_EQ(check_beginning(std::move(cursor)), 5U);
}

TEST_F(StoredLog, HasNothingButFramesOnceItIsClosed) {
  write_all();
  const std::uint64_t end = log_.end().offset;
  const std::filesystem::path active = store_ / segment_name(log_.active_segment());
  EXPECT_GT(std::filesystem::file_size(active), end) << "nothing was reserved";
  ASSERT_TRUE(log_.close());
  EXPECT_EQ(std::filesystem::file_size(active), end);
  const auto reopened = RecordLog::open(store_);
  ASSERT_TRUE(reopened);
  EXPECT_EQ(reopened->recovery_report().tail.kind, TailKind::kClean);
  EXPECT_EQ(reopened->recovery_report().records_replayed, kRecordCount);
}

}  // namespace
}  // namespace datawal::stored_log_test
