// The same torn stores given to the crate and to this library: what is appended and synced behind
// the tear is lost by the one and kept by the other.
//
// A store of the crate is cut within its last frame, at every byte, for frames of several shapes.
// Each implementation opens it, appends three records, syncs, closes, and opens it again.

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datawal/datawal.h"
#include "driver_process.h"
#include "library.h"
#include "model.h"
#include "parameters.h"
#include "scratch.h"

namespace datawal::compat::torn_tail_test {
namespace {

namespace fs = std::filesystem;

struct Shape {
  RecordType type;
  std::size_t key_size;
  std::size_t payload_size;
};

// Frames of 28, 38, 44, 144, 168 and 328 bytes.
constexpr Shape kShapes[] = {
    {RecordType::kRaw, 0, 0},    {RecordType::kRaw, 0, 10},   {RecordType::kDelete, 16, 0},
    {RecordType::kPut, 16, 100}, {RecordType::kRaw, 40, 100}, {RecordType::kPut, 0, 300},
};
constexpr std::size_t kIntact = 4;
constexpr std::size_t kAppended = 3;

struct Counts {
  std::size_t tears = 0;
  std::size_t appended = 0;
  std::size_t crate_kept = 0;
  std::size_t crate_unopenable = 0;
  std::size_t datawal_kept = 0;
  std::size_t datawal_refused = 0;  // the crate's damaged stores that are not opened as if whole
  std::size_t salvaged = 0;         // of the records that the crate has lost
};

class TornTailTest : public testing::TestWithParam<Implementation> {
 protected:
  void tear_frame(const Shape& shape) {
    Model model;
    const fs::path store = write_store(shape, model);
    const std::size_t start = model.records().back().offset;
    const Bytes whole = read_segment(store);
    model.cut(kIntact);
    for (std::size_t size = start + 1; size < whole.size(); ++size) {
      SCOPED_TRACE("frame of " + std::to_string(whole.size() - start) + " bytes cut to " +
                   std::to_string(size - start));
      ++counts_.tears;
      counts_.appended += kAppended;
      const ByteView torn = ByteView(whole).first(size);
      const fs::path by_crate = store_of(torn);
      crate_appends(by_crate);
      examine_damage(by_crate, model);
      const fs::path by_datawal = store_of(torn);
      datawal_appends(by_datawal, torn.subspan(start));
      count_kept(by_datawal, model);
      fs::remove_all(by_crate);
      fs::remove_all(by_datawal);
    }
  }

  fs::path write_store(const Shape& shape, Model& model) {
    const fs::path store = scratch_.fresh("store");
    crate_.must("open log " + store.string());
    const auto add = [&](RecordType type, const Blob& key, const Blob& payload) {
      model.append(type, key, payload);
      crate_.must("append_record " + std::string(record_type_name(type)) + ' ' + key.word + ' ' +
                  payload.word);
    };
    for (std::uint64_t index = 0; index < kIntact; ++index) {
      add(RecordType::kPut, make_key(index, 8), make_payload(index, 20));
    }
    add(shape.type, make_key(50, shape.key_size), make_payload(51, shape.payload_size));
    crate_.must("sync");
    crate_.must("close");
    return store;
  }

  fs::path store_of(ByteView segment) {
    const fs::path store = scratch_.fresh("torn");
    fs::create_directory(store);
    write_file(store / segment_file(1), segment);
    return store;
  }

  // Appends with success at every call, and counts what is there at the next open.
  void crate_appends(const fs::path& store) {
    crate_.must("open log " + store.string());
    for (std::size_t index = 0; index < kAppended; ++index) {
      crate_.must("append_record Put " + appended_key(index).word + ' ' +
                  appended_value(index).word);
    }
    crate_.must("sync");
    crate_.must("close");
    if (crate_.ask("open log " + store.string()) != "ok") {
      ++counts_.crate_unopenable;
      return;
    }
    counts_.crate_kept += crate_.must_list("dump").size() - kIntact;
    crate_.must("close");
  }

  // What the crate has left is refused, for records that were acknowledged lie behind the tear, and
  // they are all there to be salvaged.
  void examine_damage(const fs::path& store, const Model& intact) {
    const Result<RecordLog> opened = RecordLog::open(store);
    counts_.datawal_refused += opened ? 0U : 1U;
    const fs::path target = scratch_.fresh("salvaged");
    (void)must(salvage(store, target));
    const std::vector<std::string> records = dump(must(RecordLog::open(target)).scan());
    const std::vector<std::string> expected = continued(intact).dump();
    EXPECT_EQ(records, expected);
    counts_.salvaged += records == expected ? kAppended : 0;
    fs::remove_all(target);
  }

  void datawal_appends(const fs::path& store, ByteView torn) {
    RecordLog log = must(RecordLog::open(store));
    const std::vector<fs::path> quarantine = quarantine_files(store);
    ASSERT_EQ(quarantine.size(), 1U);
    EXPECT_EQ(hex(read_file(quarantine.front())), hex(torn));
    for (std::size_t index = 0; index < kAppended; ++index) {
      (void)must(log.append_record(RecordType::kPut, parse_bytes(appended_key(index).word),
                                   parse_bytes(appended_value(index).word)));
    }
    must(log.sync());
    must(log.close());
  }

  // Both see everything in the store that this library has continued.
  void count_kept(const fs::path& store, const Model& intact) {
    const std::vector<std::string> expected = continued(intact).dump();
    const std::vector<std::string> records = dump(must(RecordLog::open(store)).scan());
    EXPECT_EQ(records, expected);
    counts_.datawal_kept += records.size() - kIntact;
    crate_.must("open log " + store.string());
    EXPECT_EQ(crate_.must_list("dump"), expected);
    crate_.must("close");
  }

  static Blob appended_key(std::size_t index) { return make_key(60 + index, 6); }
  static Blob appended_value(std::size_t index) { return make_payload(70 + index, 25); }
  static Model continued(Model model) {
    for (std::size_t index = 0; index < kAppended; ++index) {
      model.append(RecordType::kPut, appended_key(index), appended_value(index));
    }
    return model;
  }

  Scratch scratch_{Medium::kMemory};
  DriverProcess crate_{GetParam()};
  Counts counts_;
};

TEST_P(TornTailTest, AppendsBehindATearSurviveHereAndNotThere) {
  for (const Shape& shape : kShapes) tear_frame(shape);
  std::cout << GetParam().name << ": " << counts_.tears << " tears; " << counts_.crate_kept
            << " of " << counts_.appended << " records appended and synced behind them survived, "
            << counts_.crate_unopenable << " stores cannot be opened any more\n"
            << "datawal: " << counts_.datawal_kept << " of " << counts_.appended
            << " survived; it refuses " << counts_.datawal_refused << " of " << counts_.tears
            << " stores that the crate has so damaged, and salvages " << counts_.salvaged
            << " of the " << counts_.appended << " records lost in them\n";
  EXPECT_EQ(counts_.tears, 744U);
  EXPECT_EQ(counts_.crate_kept, 0U);
  EXPECT_EQ(counts_.crate_unopenable, 126U);  // 21 of the 23 tears within each header
  EXPECT_EQ(counts_.datawal_kept, counts_.appended);
  EXPECT_EQ(counts_.datawal_refused, counts_.tears);
  EXPECT_EQ(counts_.salvaged, counts_.appended);
}

// Rotating away from a torn segment, which seals it: the crate never opens the store again.
TEST_P(TornTailTest, WhatTheCrateHasRotatedAwayFromIsSalvaged) {
  Model model;
  const fs::path written = write_store({RecordType::kPut, 16, 100}, model);
  const Bytes whole = read_segment(written);
  const fs::path store = store_of(ByteView(whole).first(whole.size() - 1));
  model.cut(kIntact);
  crate_.must("open log " + store.string());
  crate_.must("rotate");
  model.rotate();
  crate_.must("append_record Put " + appended_key(0).word + ' ' + appended_value(0).word);
  model.append(RecordType::kPut, appended_key(0), appended_value(0));
  crate_.must("sync");
  crate_.must("close");
  EXPECT_TRUE(crate_.ask("open log " + store.string()).starts_with("err "));
  EXPECT_FALSE(RecordLog::open(store));
  const fs::path target = scratch_.fresh("salvaged");
  (void)must(salvage(store, target));
  crate_.must("open log " + target.string());
  EXPECT_EQ(crate_.must_list("dump"), model.dump());
}

// Frames of one size, the last with a wrong checksum: behind it the crate's index is off by one
// frame, and a get gives another key's value without an error.
TEST_P(TornTailTest, GetsBehindATearGiveTheRightValueHereAndNotThere) {
  constexpr std::size_t kCount = 64;
  Model model;
  const fs::path written = write_store({RecordType::kPut, 8, 20}, model);
  Bytes segment = read_segment(written);
  segment.back() ^= std::byte{1};
  std::size_t wrong_by_crate = 0;
  std::size_t wrong_by_datawal = 0;
  const fs::path by_crate = store_of(segment);
  const fs::path by_datawal = store_of(segment);
  crate_.must("open kv " + by_crate.string());
  DataWal store = must(DataWal::open(by_datawal));
  const auto key = [](std::size_t index) { return make_key(100 + index, 8); };
  const auto value = [](std::size_t index) { return make_payload(200 + index, 20); };
  for (std::size_t index = 0; index < kCount; ++index) {
    crate_.must("put " + key(index).word + ' ' + value(index).word);
    (void)must(store.put(key(index).bytes, parse_bytes(value(index).word)));
  }
  for (std::size_t index = 0; index < kCount; ++index) {
    const std::string reply = crate_.ask("get " + key(index).word);
    wrong_by_crate += reply.starts_with("ok ") && reply != "ok some " + value(index).shown;
    const std::optional<Value> found = must(store.get(key(index).bytes));
    wrong_by_datawal += !found || show(found->bytes()) != value(index).shown;
  }
  std::cout << GetParam().name << ": " << wrong_by_crate << " of " << kCount
            << " gets behind a damaged frame gave another key's value; datawal: "
            << wrong_by_datawal << " of " << kCount << '\n';
  EXPECT_EQ(wrong_by_crate, kCount - 1);
  EXPECT_EQ(wrong_by_datawal, 0U);
}

INSTANTIATE_TEST_SUITE_P(Crates, TornTailTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::torn_tail_test
