// A store whose last segment ends early, at every byte, or is zeros from some byte on. What was
// acknowledged must be there, or its absence be reported; the rest is a torn tail, and what is
// written behind it survives.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "crash/store_image.h"
#include "datawal/data_wal.h"
#include "datawal/record_log_reader.h"
#include "support/store_files.h"

namespace datawal::test::truncation_test {
namespace {

enum class Damage {
  kCut,     // the segment ends there
  kZeroed,  // it is zeros from there on
};

struct TruncationCase {
  Sidecar sidecar;
  Damage damage;
};

void PrintTo(const TruncationCase& instance, std::ostream* stream) {
  *stream << name_of(instance.sidecar) << (instance.damage == Damage::kCut ? "Cut" : "Zeroed");
}

constexpr std::uint32_t kLastSegment = 3;

class Truncation : public ::testing::TestWithParam<TruncationCase> {
 protected:
  // A copy of the machine on which the last segment is damaged from byte `offset` on.
  [[nodiscard]] std::unique_ptr<SimulatedFilesystem> damaged_at(std::uint64_t offset) const {
    auto machine = image_.machine->clone();
    Bytes bytes = *machine->read_file(segment_path(kLastSegment));
    const std::size_t size = GetParam().damage == Damage::kCut ? offset : bytes.size();
    bytes.resize(offset);
    bytes.resize(size);
    machine->write_file(segment_path(kLastSegment), bytes);
    return machine;
  }

  [[nodiscard]] std::uint64_t segment_size() const {
    return image_.machine->read_file(segment_path(kLastSegment))->size();
  }

  // Records whose frames are whole with the segment damaged from `offset` on. Trailing zeros of a
  // frame are no loss.
  [[nodiscard]] std::size_t whole_count(std::uint64_t offset) const {
    const Bytes bytes = *image_.machine->read_file(segment_path(kLastSegment));
    std::uint64_t begin = offset;
    if (GetParam().damage == Damage::kZeroed) {
      while (begin < bytes.size() && bytes[begin] == std::byte{0}) ++begin;
    }
    const Position place{SegmentId{kLastSegment}, begin};
    std::size_t count = 0;
    while (count < image_.records.size() && image_.starts[count + 1] <= place) ++count;
    // The last frame of an earlier segment ends where the last segment begins.
    while (count < image_.records.size() &&
           image_.starts[count].segment < SegmentId{kLastSegment}) {
      ++count;
    }
    return count;
  }

  StoreImage image_ = make_store_image(GetParam().sidecar);
};

Records first(const Records& records, std::size_t count) {
  return {records.begin(), records.begin() + static_cast<std::ptrdiff_t>(count)};
}

void expect_refused(SimulatedFilesystem& machine) {
  const auto before = files_in(machine, kImageStore);
  const Result<RecordLog> log = RecordLog::open(kImageStore, options_on(machine));
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::kCorruption) << log.error().to_string();
  EXPECT_EQ(log.error().segment, SegmentId{kLastSegment});
  EXPECT_NE(log.error().message.find("datawal repair"), std::string::npos);
  EXPECT_FALSE(DataWal::open(kImageStore, options_on(machine)));
  EXPECT_FALSE(DataWal::open_read_only(kImageStore, options_on(machine)));
  const Result<RecordLogReader> reader = RecordLogReader::open(kImageStore, options_on(machine));
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reading_of(reader->scan()).error);
  EXPECT_EQ(files_in(machine, kImageStore), before) << "something was changed by looking";
}

// With the longest prefix it opens all the same, and from then on without.
void expect_prefix_on_demand(SimulatedFilesystem& machine, const Records& expected) {
  Options options = options_on(machine);
  options.damage = DamagePolicy::kLongestPrefix;
  {
    const Result<RecordLog> log = RecordLog::open(kImageStore, options);
    ASSERT_TRUE(log) << log.error().to_string();
    EXPECT_EQ(reading_of(log->scan()).records, expected);
  }
  const Result<RecordLog> log = RecordLog::open(kImageStore, options_on(machine));
  ASSERT_TRUE(log) << log.error().to_string();
  EXPECT_EQ(reading_of(log->scan()).records, expected);
}

void expect_recovered(SimulatedFilesystem& machine, const Records& expected) {
  const Bytes before = *machine.read_file(segment_path(kLastSegment));
  Records with_new = expected;
  {
    Result<RecordLog> log = RecordLog::open(kImageStore, options_on(machine));
    ASSERT_TRUE(log) << log.error().to_string();
    EXPECT_EQ(reading_of(log->scan()).records, expected);
    const TailReport& tail = log->recovery_report().tail;
    const Bytes kept = *machine.read_file(segment_path(kLastSegment));
    EXPECT_TRUE(tail.cut || kept.size() == before.size());
    Bytes together = kept;
    if (!tail.quarantine.empty()) {
      const Bytes aside = *machine.read_file(std::string(kImageStore) + "/" + tail.quarantine);
      together.insert(together.end(), aside.begin(), aside.end());
    }
    // What is not kept in either is zeros.
    together.resize(before.size());
    EXPECT_EQ(together, before) << "bytes were destroyed";
    with_new.push_back(raw_of(noise(77, 30)));
    const Result<Appended> appended = log->append(with_new.back().payload);
    ASSERT_TRUE(appended) << appended.error().to_string();
    with_new.back().txid = appended->txid;
    EXPECT_EQ(appended->txid, expected.size() + 1);
    ASSERT_TRUE(log->sync());
    machine.crash(PowerCut::kDropPending);
  }
  const Result<RecordLog> log = RecordLog::open(kImageStore, options_on(machine));
  ASSERT_TRUE(log) << log.error().to_string();
  EXPECT_EQ(reading_of(log->scan()).records, with_new);
  EXPECT_EQ(log->recovery_report().tail.kind, TailKind::kClean);
}

TEST_P(Truncation, AtEveryByteLosesNothingThatWasAcknowledged) {
  int refused_count = 0;
  int recovered_count = 0;
  for (std::uint64_t offset = 0; offset <= segment_size(); ++offset) {
    SCOPED_TRACE("offset " + std::to_string(offset));
    const std::size_t count = whole_count(offset);
    const auto machine = damaged_at(offset);
    if (count < image_.durable_count) {
      expect_refused(*machine);
      expect_prefix_on_demand(*machine, first(image_.records, count));
      ++refused_count;
    } else {
      expect_recovered(*machine, first(image_.records, count));
      ++recovered_count;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(refused_count, image_.durable_count > 0 ? 100 : -1);
  EXPECT_GT(recovered_count, GetParam().sidecar == Sidecar::kClean ? 0 : 80);
}

std::vector<TruncationCase> all_cases() {
  std::vector<TruncationCase> cases;
  for (const Sidecar sidecar : kAllSidecars) {
    cases.push_back({sidecar, Damage::kCut});
    cases.push_back({sidecar, Damage::kZeroed});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(, Truncation, ::testing::ValuesIn(all_cases()), [](const auto& instance) {
  return ::testing::PrintToString(instance.param);
});

}  // namespace
}  // namespace datawal::test::truncation_test
