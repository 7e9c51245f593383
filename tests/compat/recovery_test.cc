// Recovery: whatever the tail of a store looks like that this library opens, what it leaves is a
// store that the crate opens too, with the same records, and that both can go on with.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datawal/datawal.h"
#include "driver_process.h"
#include "library.h"
#include "model.h"
#include "parameters.h"
#include "scratch.h"

namespace datawal::compat::recovery_test {
namespace {

namespace fs = std::filesystem;

// Records of all shapes; the last four are the ones that are torn.
void write_records(DriverProcess& writer, const std::string& directory, Model& model) {
  writer.must("open log " + directory);
  const auto add = [&](RecordType type, const Blob& key, const Blob& payload) {
    model.append(type, key, payload);
    writer.must("append_record " + std::string(record_type_name(type)) + ' ' + key.word + ' ' +
                payload.word);
  };
  add(RecordType::kPut, make_key(1, 8), make_payload(2, 40));
  writer.must("rotate");
  model.rotate();
  add(RecordType::kRaw, {}, make_payload(3, 10));
  add(RecordType::kPut, {}, {});
  add(RecordType::kDelete, make_key(1, 8), {});
  add(RecordType::kRaw, make_key(4, 3), make_payload(5, 60));
  add(RecordType::kPut, make_key(6, 20), make_payload(7, 100));
}

class RecoveryTest : public testing::TestWithParam<Implementation> {
 protected:
  // Of the records in `model`, those that are whole in the first `size` bytes of segment 2.
  static std::size_t whole_records(const Model& model, std::size_t size) {
    std::size_t count = 0;
    for (const ModelRecord& record : model.records()) {
      count += record.segment < 2 || record.offset + record.frame_size() <= size ? 1U : 0U;
    }
    return count;
  }

  // A copy of the store whose last segment is `bytes`.
  fs::path copy_with_tail(const fs::path& store, ByteView bytes) {
    const fs::path copy = scratch_.fresh("copy");
    copy_store(store, copy);
    write_file(copy / segment_file(2), bytes);
    return copy;
  }

  // Opens `copy` with this library, checks what it did, and continues with both.
  void expect_recovered(const fs::path& copy, Model model, std::size_t count) {
    const Bytes before = read_segment(copy, 2);
    model.cut(count);
    const std::size_t end = segment_size(model);
    {
      RecordLog log = must(RecordLog::open(copy));
      EXPECT_EQ(dump(log.scan()), model.dump());
      expect_set_aside(log.recovery_report(), copy, ByteView(before).subspan(end));
    }
    crate_.must("open log " + copy.string());
    EXPECT_EQ(crate_.must("report"), model.report());
    EXPECT_EQ(crate_.must_list("dump"), model.dump());
    model.append(RecordType::kRaw, {}, make_payload(8, 50));
    EXPECT_EQ(crate_.must("append 8:50"), model.records().back().place());
    crate_.must("close");
    RecordLog log = must(RecordLog::open(copy));
    EXPECT_EQ(dump(log.scan()), model.dump());
    fs::remove_all(copy);
  }

  static std::size_t segment_size(const Model& model) {
    const ModelRecord& last = model.records().back();
    return last.segment < 2 ? 0 : last.offset + last.frame_size();
  }

  static void expect_set_aside(const RecoveryReport& report, const fs::path& store, ByteView torn) {
    const bool zeros = std::ranges::all_of(torn, [](std::byte b) { return b == std::byte{0}; });
    EXPECT_EQ(report.tail.size, torn.size());
    EXPECT_EQ(report.tail.cut, !torn.empty());
    EXPECT_EQ(report.tail_bytes_discarded, zeros ? 0 : torn.size());
    const std::vector<fs::path> files = quarantine_files(store);
    ASSERT_EQ(files.size(), zeros ? 0U : 1U);
    if (!zeros) {
      EXPECT_EQ(files.front().filename().string(), report.tail.quarantine);
      EXPECT_EQ(hex(read_file(files.front())), hex(torn));
    }
  }

  Scratch scratch_{Medium::kMemory};
  fs::path store_ = scratch_.fresh("store");
  DriverProcess crate_{GetParam()};
};

TEST_P(RecoveryTest, EveryCutOfTheCratesLastFrames) {
  Model model;
  write_records(crate_, store_.string(), model);
  crate_.must("close");
  const Bytes whole = read_segment(store_, 2);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    SCOPED_TRACE("cut to " + std::to_string(size));
    expect_recovered(copy_with_tail(store_, ByteView(whole).first(size)), model,
                     whole_records(model, size));
  }
}

TEST_P(RecoveryTest, EveryCutOfWhatAKilledDatawalHadNotSynced) {
  Model model;
  DriverProcess datawal(kDatawal);
  write_records(datawal, store_.string(), model);
  datawal.kill();
  const Bytes whole = read_segment(store_, 2);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    SCOPED_TRACE("cut to " + std::to_string(size));
    expect_recovered(copy_with_tail(store_, ByteView(whole).first(size)), model,
                     whole_records(model, size));
  }
}

// What a power cut can leave behind the last whole frame of a store, and the crate stumbles over:
// zeros, and a header whose rest is zeros.
TEST_P(RecoveryTest, ZerosBehindTheLastFrame) {
  Model model;
  write_records(crate_, store_.string(), model);
  crate_.must("close");
  const Bytes whole = read_segment(store_, 2);
  for (const std::size_t count : {1U, 23U, 24U, 28U, 100U, 4096U, 100000U}) {
    SCOPED_TRACE(std::to_string(count) + " zeros");
    Bytes tail = whole;
    tail.resize(whole.size() + count);
    const fs::path copy = copy_with_tail(store_, tail);
    if (count >= 24) {
      EXPECT_TRUE(crate_.ask("open log " + copy.string()).starts_with("err "));
    }
    expect_recovered(copy, model, model.records().size());
  }
}

TEST_P(RecoveryTest, TornFramesFilledUpWithZeros) {
  Model model;
  write_records(crate_, store_.string(), model);
  crate_.must("close");
  const Bytes whole = read_segment(store_, 2);
  const std::size_t last = model.records().back().offset;
  for (std::size_t size = last + 1; size < whole.size(); ++size) {
    SCOPED_TRACE("cut to " + std::to_string(size) + ", then zeros");
    Bytes tail(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    tail.resize(whole.size() + 300);
    expect_recovered(copy_with_tail(store_, tail), model, model.records().size() - 1);
  }
}

// Below what is known durable a cut is not a crash but a loss: refused, and gone on with only when
// asked; the crate then opens what is left.
TEST_P(RecoveryTest, ACutBelowTheWatermarkIsRefused) {
  Model model;
  DriverProcess datawal(kDatawal);
  write_records(datawal, store_.string(), model);
  datawal.must("close");
  const Bytes whole = read_segment(store_, 2);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    SCOPED_TRACE("cut to " + std::to_string(size));
    const fs::path copy = copy_with_tail(store_, ByteView(whole).first(size));
    const Result<RecordLog> refused = RecordLog::open(copy);
    EXPECT_EQ(refused ? "opened" : error_code_name(refused.error().code), "Corruption");
    Model prefix = model;
    prefix.cut(whole_records(model, size));
    const Options longest_prefix = {.damage = DamagePolicy::kLongestPrefix};
    EXPECT_EQ(dump(must(RecordLog::open(copy, longest_prefix)).scan()), prefix.dump());
    crate_.must("open log " + copy.string());
    EXPECT_EQ(crate_.must("report"), prefix.report());
    EXPECT_EQ(crate_.must_list("dump"), prefix.dump());
    crate_.must("close");
    EXPECT_EQ(dump(must(RecordLog::open(copy)).scan()), prefix.dump());
    fs::remove_all(copy);
  }
}

INSTANTIATE_TEST_SUITE_P(Crates, RecoveryTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::recovery_test
