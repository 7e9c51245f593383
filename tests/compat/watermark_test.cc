// The sidecars that this library leaves, in stores that the crate then writes to: the crate ignores
// them, and a watermark that its writes have overtaken neither refuses nor loses anything.

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datawal/datawal.h"
#include "driver_process.h"
#include "format/names.h"
#include "format/watermark_slot.h"
#include "library.h"
#include "log/hint_file.h"
#include "model.h"
#include "parameters.h"
#include "scratch.h"

namespace datawal::compat::watermark_test {
namespace {

namespace fs = std::filesystem;

class WatermarkTest : public testing::TestWithParam<Implementation> {
 protected:
  // `count` records by `driver`, which has a log open.
  void append(DriverProcess& driver, int count) {
    for (int index = 0; index < count; ++index) {
      const Blob key = make_key(static_cast<std::uint64_t>(index), 5);
      const Blob payload = make_payload(model_.records().size(), 30);
      model_.append(RecordType::kPut, key, payload);
      driver.must("append_record Put " + key.word + ' ' + payload.word);
    }
  }

  void rotate(DriverProcess& driver) {
    driver.must("rotate");
    model_.rotate();
  }

  // One process of this library that writes `count` records and ends by close() or SIGKILL.
  enum class End { kClose, kSyncAndKill, kKill };
  void datawal_writes(int count, End end) {
    DriverProcess datawal(kDatawal);
    datawal.must("open log " + store_.string());
    append(datawal, count);
    if (end == End::kClose) datawal.must("close");
    if (end == End::kSyncAndKill) datawal.must("sync");
    datawal.kill();
  }

  void crate_writes(int count) {
    crate_.must("open log " + store_.string());
    append(crate_, count);
    crate_.must("sync");
    crate_.must("close");
  }

  // For every cut within the frames behind the first `safe` records: what is whole opens with this
  // library, which then appends, and after it with the crate.
  void expect_every_cut_recovers(std::size_t safe) {
    const ModelRecord& last = model_.records().back();
    const Bytes whole = read_segment(store_, last.segment);
    const ModelRecord& first = model_.records().at(safe);
    for (std::size_t size = whole.size(); size > first.offset; --size) {
      SCOPED_TRACE("segment " + std::to_string(last.segment) + " cut to " + std::to_string(size));
      const fs::path copy = scratch_.fresh("copy");
      copy_store(store_, copy);
      fs::resize_file(copy / segment_file(last.segment), size);
      Model model = model_;
      model.cut(whole_records(size));
      append_with_datawal(copy, model);
      crate_.must("open log " + copy.string());
      EXPECT_EQ(crate_.must("report"), model.report());
      EXPECT_EQ(crate_.must_list("dump"), model.dump());
      crate_.must("close");
      fs::remove_all(copy);
    }
  }

  // Makes the watermark one of an earlier boot of the machine.
  void pretend_reboot() {
    const fs::path sidecar = store_ / kWatermarkName;
    Bytes bytes = read_file(sidecar);
    std::optional<Watermark> watermark = decode_watermark(bytes);
    ASSERT_TRUE(watermark);
    watermark->boot_id[0] ^= std::byte{1};
    ++watermark->sequence;
    std::ranges::copy(
        encode_watermark(*watermark),
        bytes.begin() + static_cast<std::ptrdiff_t>(watermark_slot_offset(watermark->sequence)));
    write_file(sidecar, bytes);
  }

  // On a copy: the last record loses `cut` bytes, and the crate appends two more behind it.
  void expect_refused_and_salvaged(std::uint64_t cut) {
    const fs::path copy = scratch_.fresh("copy");
    copy_store(store_, copy);
    const fs::path segment = copy / segment_file(1);
    fs::resize_file(segment, fs::file_size(segment) - cut);
    crate_.must("open log " + copy.string());
    crate_.must("append 77:30");
    crate_.must("append 78:30");
    crate_.must("sync");
    crate_.must("close");
    EXPECT_FALSE(RecordLog::open(copy));
    EXPECT_TRUE(quarantine_files(copy).empty());
    Model expected = model_;
    expected.cut(model_.records().size() - 1);
    expected.append(RecordType::kRaw, {}, make_payload(77, 30));
    expected.append(RecordType::kRaw, {}, make_payload(78, 30));
    const fs::path target = scratch_.fresh("salvaged");
    (void)must(salvage(copy, target));
    EXPECT_EQ(dump(must(RecordLog::open(target)).scan()), expected.dump());
    fs::remove_all(copy);
    fs::remove_all(target);
  }

  static void append_with_datawal(const fs::path& store, Model& model) {
    RecordLog log = must(RecordLog::open(store));
    EXPECT_EQ(dump(log.scan()), model.dump());
    model.append(RecordType::kRaw, {}, make_payload(99, 20));
    EXPECT_EQ(show(must(log.append(generated_bytes(99, 20))).ref), model.records().back().place());
    must(log.close());
  }

  // Of all records, those that are whole where the last segment is cut to `size` bytes.
  [[nodiscard]] std::size_t whole_records(std::size_t size) const {
    std::size_t count = 0;
    for (const ModelRecord& record : model_.records()) {
      const bool sealed = record.segment < model_.records().back().segment;
      count += sealed || record.offset + record.frame_size() <= size ? 1U : 0U;
    }
    return count;
  }

  Scratch scratch_{Medium::kMemory};
  fs::path store_ = scratch_.fresh("store");
  Model model_;
  DriverProcess crate_{GetParam()};
};

TEST_P(WatermarkTest, TheCrateIgnoresSidecars) {
  datawal_writes(5, End::kClose);
  std::vector<std::string> names = all_names(store_);
  std::erase_if(names,
                [](const std::string& name) { return name == ".lock" || name.ends_with(".dwal"); });
  EXPECT_FALSE(names.empty()) << "no sidecar to ignore";
  crate_.must("open log " + store_.string());
  EXPECT_EQ(crate_.must("report"), model_.report());
  EXPECT_EQ(crate_.must_list("dump"), model_.dump());
}

TEST_P(WatermarkTest, TheCrateIgnoresHints) {
  {
    DriverProcess datawal(kDatawal);
    datawal.must("open log " + store_.string());
    append(datawal, 5);
    rotate(datawal);
    append(datawal, 3);
    datawal.must("close");
  }
  const auto directory = must(posix_filesystem().open_directory(store_));
  ASSERT_TRUE(write_hint(*directory, SegmentId{1}, [] { return true; }, 0));
  ASSERT_TRUE(fs::exists(store_ / hint_name(SegmentId{1})));
  crate_.must("open log " + store_.string());
  EXPECT_EQ(crate_.must("report"), model_.report());
  EXPECT_EQ(crate_.must_list("dump"), model_.dump());
  crate_.must("close");
  crate_writes(3);
  EXPECT_TRUE(fs::exists(store_ / hint_name(SegmentId{1})));
  append_with_datawal(store_, model_);
}

TEST_P(WatermarkTest, SidecarsCanBeDeletedAtAnyTime) {
  datawal_writes(5, End::kClose);
  for (const std::string& name : all_names(store_)) {
    if (!name.ends_with(".dwal")) fs::remove(store_ / name);
  }
  crate_writes(3);
  append_with_datawal(store_, model_);
}

TEST_P(WatermarkTest, AfterACloseTheCratesTornTail) {
  datawal_writes(6, End::kClose);
  crate_writes(3);
  expect_every_cut_recovers(6);
}

TEST_P(WatermarkTest, AfterACloseTheCratesTornTailInItsOwnSegment) {
  datawal_writes(6, End::kClose);
  crate_.must("open log " + store_.string());
  append(crate_, 2);
  rotate(crate_);
  append(crate_, 3);
  crate_.must("close");
  expect_every_cut_recovers(8);
}

TEST_P(WatermarkTest, AfterASyncAndAKillTheCratesTornTail) {
  datawal_writes(6, End::kSyncAndKill);
  crate_writes(3);
  expect_every_cut_recovers(6);
}

TEST_P(WatermarkTest, AfterAKillTheCratesTornTail) {
  datawal_writes(2, End::kClose);
  datawal_writes(4, End::kKill);
  crate_writes(3);
  expect_every_cut_recovers(2);
}

TEST_P(WatermarkTest, AfterTheCrateOurOwnTornTail) {
  crate_writes(4);
  datawal_writes(3, End::kKill);
  expect_every_cut_recovers(4);
}

TEST_P(WatermarkTest, BetweenTwoOfOursTheCrateAndATornTail) {
  datawal_writes(3, End::kClose);
  crate_writes(3);
  datawal_writes(3, End::kKill);
  expect_every_cut_recovers(6);
}

// The tail of a foreign writer with intact frames behind the damage: they were acknowledged, so
// that only who asks for it may set them aside. The crate drops them without a word.
TEST_P(WatermarkTest, DamageWithinWhatTheCrateWrote) {
  datawal_writes(3, End::kClose);
  crate_writes(3);
  Bytes bytes = read_segment(store_);
  bytes.at(model_.records()[3].offset + 30) ^= std::byte{1};
  write_file(store_ / segment_file(1), bytes);
  const Result<RecordLog> refused = RecordLog::open(store_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorruption) << refused.error().to_string();
  EXPECT_EQ(refused.error().offset, model_.records()[3].offset);
  EXPECT_EQ(must(verify(store_)).frames_checked, 5U);
  const Options longest_prefix = {.damage = DamagePolicy::kLongestPrefix};
  RecordLog log = must(RecordLog::open(store_, longest_prefix));
  EXPECT_EQ(log.recovery_report().tail.intact_frames_beyond, 2U);
  model_.cut(3);
  EXPECT_EQ(dump(log.scan()), model_.dump());
  must(log.close());
  crate_.must("open log " + store_.string());
  EXPECT_EQ(crate_.must("report"), model_.report());
}

// The crate appends behind a torn tail, whoever left it: those records were acknowledged, so that
// they are neither cut nor passed over, and salvage has them all.
TEST_P(WatermarkTest, WhatTheCrateAppendsBehindATearIsRefusedAndSalvaged) {
  datawal_writes(3, End::kClose);
  const auto crate_tears_itself = [this] { crate_writes(2); };
  const auto datawal_is_killed = [this] { datawal_writes(2, End::kKill); };
  for (const std::function<void()>& last :
       {std::function<void()>(crate_tears_itself), std::function<void()>(datawal_is_killed)}) {
    const fs::path before = scratch_.fresh("before");
    copy_store(store_, before);
    const Model model = model_;
    last();
    const ModelRecord torn = model_.records().back();
    for (std::uint64_t cut = 1; cut < torn.frame_size(); ++cut) {
      SCOPED_TRACE(std::to_string(cut) + " bytes cut");
      expect_refused_and_salvaged(cut);
    }
    model_ = model;
    fs::remove_all(store_);
    copy_store(before, store_);
  }
}

// A clean mark says that this library wrote nothing behind it, so that a power cut is no excuse for
// damage there: what the crate wrote and synced is not taken for our own torn tail.
TEST_P(WatermarkTest, DamageWithinWhatTheCrateWroteBeforeAPowerCut) {
  datawal_writes(3, End::kClose);
  crate_writes(3);
  pretend_reboot();
  const Bytes whole = read_segment(store_);
  const ModelRecord first = model_.records()[3];
  for (std::uint64_t index = 0; index < first.frame_size(); ++index) {
    SCOPED_TRACE("byte " + std::to_string(index) + " of the crate's first record");
    Bytes bytes = whole;
    bytes.at(first.offset + index) ^= std::byte{0x80};
    write_file(store_ / segment_file(1), bytes);
    const Result<RecordLog> refused = RecordLog::open(store_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().offset, first.offset) << refused.error().to_string();
    EXPECT_EQ(must(verify(store_)).frames_checked, 5U);
  }
}

// After a power cut a tail that this library left torn may have intact frames behind it: those of
// the crate are told from them by their txids, which begin where the tear is.
TEST_P(WatermarkTest, WhatTheCrateAppendsBehindATearAfterAPowerCutIsRefusedAndSalvaged) {
  datawal_writes(3, End::kSyncAndKill);
  datawal_writes(2, End::kKill);
  pretend_reboot();
  for (std::uint64_t cut = 1; cut < model_.records().back().frame_size(); ++cut) {
    SCOPED_TRACE(std::to_string(cut) + " bytes cut");
    expect_refused_and_salvaged(cut);
  }
  expect_every_cut_recovers(3);
}

// The crate starts over in the same directory, beside a watermark of the old content.
TEST_P(WatermarkTest, AWatermarkOfAnotherStore) {
  datawal_writes(20, End::kClose);
  fs::remove(store_ / segment_file(1));
  model_ = {};
  model_.append(RecordType::kRaw, {}, make_payload(1, 9));
  crate_.must("open log " + store_.string());
  crate_.must("append 1:9");
  crate_.must("close");
  append_with_datawal(store_, model_);
}

// A compacted copy takes the place of the segments, beside the watermark of what it came from.
TEST_P(WatermarkTest, AWatermarkBesideTheCratesCompaction) {
  datawal_writes(20, End::kClose);
  datawal_writes(7, End::kClose);
  const fs::path compacted = scratch_.fresh("compacted");
  crate_.must("open kv " + store_.string());
  crate_.must("compact " + compacted.string());
  crate_.must("close");
  fs::copy_file(compacted / segment_file(1), store_ / segment_file(1),
                fs::copy_options::overwrite_existing);
  model_ = model_.compacted();
  append_with_datawal(store_, model_);
}

INSTANTIATE_TEST_SUITE_P(Crates, WatermarkTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::watermark_test
