// Every bit of a small store, inverted: in its segments and in its sidecar, before it is opened and
// while it is open. Whatever is read is right or a typed error; nothing is missing without a
// report.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "crash/store_image.h"
#include "datawal/data_wal.h"
#include "datawal/maintenance.h"
#include "datawal/record_log_reader.h"
#include "format/names.h"
#include "format/watermark_slot.h"
#include "support/soak.h"

namespace datawal::test::bit_flip_test {
namespace {

constexpr std::uint32_t kSegmentCount = 3;

std::string sidecar_path() {
  return std::string(kImageStore) + "/" + std::string(kWatermarkName);
}

void flip(SimulatedFilesystem& machine, const std::string& path, std::uint64_t bit) {
  Bytes bytes = *machine.read_file(path);
  bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  machine.write_file(path, bytes);
}

bool is_about_damage(ErrorCode code) {
  constexpr ErrorCode kCodes[] = {ErrorCode::kCorruption, ErrorCode::kCrcMismatch,
                                  ErrorCode::kStructural, ErrorCode::kUnsupportedVersion,
                                  ErrorCode::kTruncated};
  return std::ranges::find(kCodes, code) != std::end(kCodes);
}

// What opening a flipped store has come to.
struct Opened {
  std::optional<Error> error = {};
  Records records = {};
  RecoveryReport report = {};
};

template <typename Store>
Opened outcome_of(const Result<Store>& store) {
  if (!store) return {.error = store.error()};
  Reading reading = reading_of(store->scan());
  return {.error = std::move(reading.error),
          .records = std::move(reading.records),
          .report = std::move(reading.report)};
}

class BitFlip : public ::testing::TestWithParam<Sidecar> {
 protected:
  // Whether the store has lost nothing but what it reports, and nothing acknowledged.
  void expect_honest(const char* how, const Opened& opened, bool is_whole) const {
    SCOPED_TRACE(how);
    if (opened.error) {
      EXPECT_TRUE(is_about_damage(opened.error->code)) << opened.error->to_string();
      EXPECT_TRUE(opened.error->segment && opened.error->offset) << opened.error->to_string();
      EXPECT_FALSE(is_whole) << opened.error->to_string();
      return;
    }
    const std::size_t count = opened.records.size();
    ASSERT_LE(count, image_.records.size());
    EXPECT_TRUE(std::equal(opened.records.begin(), opened.records.end(), image_.records.begin()));
    EXPECT_GE(count, image_.durable_count);
    EXPECT_TRUE(!is_whole || count == image_.records.size());
  }

  void expect_gets(const DataWal& store, const Records& records) const {
    const KeyValues expected = fold(records);
    EXPECT_EQ(store.size(), expected.size());
    for (const auto& [key, value] : expected) {
      const auto found = store.get(as_bytes(key));
      ASSERT_TRUE(found) << found.error().to_string();
      ASSERT_TRUE(*found);
      EXPECT_EQ((*found)->text(), value);
    }
  }

  // Looks at the store from all sides; all that can open it must agree.
  void check(SimulatedFilesystem& machine, bool is_whole) const {
    const Options options = options_on(machine);
    const Result<VerifyReport> verified = verify(kImageStore, options);
    ASSERT_TRUE(verified) << verified.error().to_string();
    EXPECT_EQ(verified->damage_count > 0, !is_whole);
    const Result<RecordLogReader> reader = RecordLogReader::open(kImageStore, options);
    ASSERT_TRUE(reader) << reader.error().to_string();
    const Opened read = outcome_of(reader);
    expect_honest("reader", read, is_whole);
    const Result<DataWal> looked_at = DataWal::open_read_only(kImageStore, options);
    const Opened looked = outcome_of(looked_at);
    expect_honest("read-only", looked, is_whole);
    if (looked_at) expect_gets(*looked_at, looked.records);
    const Result<DataWal> store = DataWal::open(kImageStore, options);
    const Opened opened = outcome_of(store);
    expect_honest("open", opened, is_whole);
    if (store) expect_gets(*store, opened.records);
    EXPECT_EQ(opened.error.has_value(), looked.error.has_value());
    EXPECT_EQ(opened.error.has_value(), read.error.has_value());
    EXPECT_EQ(opened.error.has_value(), verified->refusal.has_value());
    EXPECT_EQ(opened.records, looked.records);
    if (!store || opened.records.size() == image_.records.size()) return;
    EXPECT_EQ(store->recovery_report().tail_truncated, 1U);
    EXPECT_FALSE(store->recovery_report().tail.quarantine.empty());
  }

  StoreImage image_ = make_store_image(GetParam());
};

TEST_P(BitFlip, InASegmentIsFoundByEverybody) {
  std::uint64_t flip_count = 0;
  for (std::uint32_t id = 1; id <= kSegmentCount; ++id) {
    const std::string path = segment_path(id);
    const std::uint64_t bit_count = image_.machine->read_file(path)->size() * 8;
    for (std::uint64_t bit = 0; bit < bit_count && !HasFailure(); bit += decode_stride()) {
      ++flip_count;
      SCOPED_TRACE(path + " bit " + std::to_string(bit));
      const auto machine = image_.machine->clone();
      flip(*machine, path, bit);
      check(*machine, false);
    }
  }
  EXPECT_GT(flip_count, 4000U / decode_stride());
}

class SidecarBitFlip : public BitFlip {};

TEST_P(SidecarBitFlip, ChangesNothingThatIsRead) {
  for (std::uint64_t bit = 0; bit < kWatermarkFileSize * 8 && !HasFailure(); ++bit) {
    const std::uint64_t in_slot = bit / 8 % kWatermarkSlotStride;
    if (in_slot >= kWatermarkSlotSize + 4) continue;  // padding that nobody reads
    SCOPED_TRACE("bit " + std::to_string(bit));
    const auto machine = image_.machine->clone();
    flip(*machine, sidecar_path(), bit);
    check(*machine, true);
  }
}

// Both slots gone leave a store without a sidecar.
TEST_P(SidecarBitFlip, InBothSlotsChangesNothingThatIsRead) {
  const auto machine = image_.machine->clone();
  flip(*machine, sidecar_path(), 100);
  flip(*machine, sidecar_path(), kWatermarkSlotStride * 8 + 100);
  check(*machine, true);
}

// The record that a key has its value from.
struct LiveRecord {
  std::string key;
  std::string value;
  RecordRef ref;
};

class LiveFlip : public ::testing::Test {
 protected:
  LiveFlip() {
    Result<DataWal> opened = DataWal::open(kImageStore, options_on(*image_.machine));
    store_.emplace(*std::move(opened));
    for (const auto& [key, value] : fold(image_.records)) {
      live_.push_back({key, value, **store_->ref_of(as_bytes(key))});
    }
  }

  // Whether the bit lies in the record's frame.
  static bool hits(const RecordRef& ref, std::uint32_t segment, std::uint64_t bit) {
    return ref.segment == SegmentId{segment} && bit / 8 >= ref.offset &&
           bit / 8 < ref.offset + ref.size;
  }

  void check_gets(std::uint32_t segment, std::uint64_t bit) {
    for (const LiveRecord& record : live_) {
      const auto found = store_->get(as_bytes(record.key));
      if (!hits(record.ref, segment, bit)) {
        ASSERT_TRUE(found) << found.error().to_string();
        ASSERT_TRUE(*found);
        EXPECT_EQ((*found)->text(), record.value);
        continue;
      }
      ASSERT_FALSE(found) << "a damaged record was given";
      EXPECT_EQ(found.error().segment, record.ref.segment) << found.error().to_string();
      EXPECT_EQ(found.error().offset, record.ref.offset);
      EXPECT_NE(found.error().message.find("datawal verify"), std::string::npos);
      EXPECT_FALSE(store_->contains_key(as_bytes(record.key)));
    }
  }

  // What is written out of a damaged store is whole, or is not there.
  void check_copies(bool is_live) {
    const Result<CompactionStats> compacted = store_->compact_to("/compact");
    const Result<ExportStats> exported = store_->export_jsonl("/export.jsonl");
    EXPECT_EQ(compacted.has_value(), !is_live);
    EXPECT_EQ(exported.has_value(), !is_live);
    EXPECT_EQ(image_.machine->exists("/compact"), !is_live);
    EXPECT_EQ(image_.machine->exists("/export.jsonl"), !is_live);
    if (exported) image_.machine->remove("/export.jsonl");
    if (compacted) image_.machine->remove("/compact");
  }

  StoreImage image_ = make_store_image(Sidecar::kClean);
  std::optional<DataWal> store_;
  std::vector<LiveRecord> live_;
};

TEST_F(LiveFlip, UnderAnOpenStoreIsFoundByGetAndByNoOther) {
  for (std::uint32_t id = 1; id <= kSegmentCount; ++id) {
    const std::uint64_t bit_count = image_.machine->read_file(segment_path(id))->size() * 8;
    for (std::uint64_t bit = 0; bit < bit_count && !HasFailure(); ++bit) {
      SCOPED_TRACE(segment_path(id) + " bit " + std::to_string(bit));
      flip(*image_.machine, segment_path(id), bit);
      check_gets(id, bit);
      const Reading reading = reading_of(store_->scan());
      EXPECT_TRUE(reading.error);
      EXPECT_TRUE(
          std::equal(reading.records.begin(), reading.records.end(), image_.records.begin()));
      const bool is_live = std::ranges::any_of(
          live_, [&](const LiveRecord& record) { return hits(record.ref, id, bit); });
      if (bit % 5 == 0) check_copies(is_live);
      flip(*image_.machine, segment_path(id), bit);
    }
  }
  EXPECT_FALSE(reading_of(store_->scan()).error);
}

std::string name_of_case(const ::testing::TestParamInfo<Sidecar>& instance) {
  return std::string(name_of(instance.param));
}

INSTANTIATE_TEST_SUITE_P(, BitFlip, ::testing::ValuesIn(kAllSidecars), name_of_case);
INSTANTIATE_TEST_SUITE_P(, SidecarBitFlip,
                         ::testing::Values(Sidecar::kCurrent, Sidecar::kRebooted, Sidecar::kStale,
                                           Sidecar::kClean),
                         name_of_case);

}  // namespace
}  // namespace datawal::test::bit_flip_test
