// Directories that no single run of one implementation makes: gaps between ids, empty segments,
// foreign files, txids out of order. Both implementations see the same in them and go on alike.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "datawal/datawal.h"
#include "driver_process.h"
#include "library.h"
#include "parameters.h"
#include "scratch.h"

namespace datawal::compat::layout_test {
namespace {

namespace fs = std::filesystem;

Bytes frame(RecordType type, Txid txid, std::string_view key, std::string_view payload) {
  Bytes buffer(frame_size(key.size(), payload.size()));
  (void)must(encode_frame(buffer, {type, txid, as_bytes(key), as_bytes(payload)}));
  return buffer;
}

class LayoutTest : public testing::TestWithParam<Implementation> {
 protected:
  LayoutTest() { fs::create_directory(directory_); }

  void add_segment(std::uint32_t id, const std::vector<Bytes>& frames) {
    Bytes bytes;
    for (const Bytes& one : frames) bytes.insert(bytes.end(), one.begin(), one.end());
    write_file(directory_ / segment_file(id), bytes);
  }

  // Opens the same directory with each in turn and compares all that they say of it.
  void expect_same_view() {
    const std::vector<std::string> by_crate = view(crate_);
    const std::vector<std::string> by_datawal = view(datawal_);
    EXPECT_EQ(by_datawal, by_crate);
  }

  std::vector<std::string> view(DriverProcess& driver) {
    std::vector<std::string> lines;
    for (const char* kind : {"log", "kv", "reader"}) {
      driver.must("open " + std::string(kind) + ' ' + directory_.string());
      lines.push_back(driver.must("report"));
      for (std::string& line : driver.must_list("dump")) lines.push_back(std::move(line));
      if (std::string_view(kind) != "kv") continue;
      for (std::string& line : driver.must_list("state")) lines.push_back(std::move(line));
    }
    driver.must("close");
    return lines;
  }

  // Each appends and rotates on a copy of its own; the segments come out the same.
  void expect_same_continuation() {
    const fs::path by_crate = scratch_.fresh("crate");
    const fs::path by_datawal = scratch_.fresh("datawal");
    continue_copy(crate_, by_crate);
    continue_copy(datawal_, by_datawal);
    ASSERT_EQ(segment_names(by_datawal), segment_names(by_crate));
    for (const std::string& name : segment_names(by_crate)) {
      EXPECT_EQ(hex(read_file(by_datawal / name)), hex(read_file(by_crate / name))) << name;
    }
  }

  void continue_copy(DriverProcess& driver, const fs::path& target) {
    copy_store(directory_, target);
    driver.must("open log " + target.string());
    driver.must("append_record Put 6b 31");
    driver.must("rotate");
    driver.must("append_record Put 6b 32");
    driver.must("sync");
    driver.must("close");
  }

  Scratch scratch_{Medium::kMemory};
  fs::path directory_ = scratch_.fresh("store");
  DriverProcess crate_{GetParam()};
  DriverProcess datawal_{kDatawal};
};

TEST_P(LayoutTest, IdsWithGaps) {
  add_segment(4, {frame(RecordType::kPut, 1, "a", "1")});
  add_segment(7, {frame(RecordType::kPut, 2, "b", "2"), frame(RecordType::kDelete, 3, "a", "")});
  add_segment(1000, {frame(RecordType::kRaw, 4, "", "raw")});
  expect_same_view();
  expect_same_continuation();
}

TEST_P(LayoutTest, IdZero) {
  add_segment(0, {frame(RecordType::kPut, 1, "a", "1")});
  expect_same_view();
  expect_same_continuation();
}

TEST_P(LayoutTest, EmptySegmentsEverywhere) {
  add_segment(1, {});
  add_segment(2, {frame(RecordType::kPut, 1, "a", "1")});
  add_segment(3, {});
  add_segment(4, {});
  add_segment(5, {frame(RecordType::kPut, 2, "a", "2")});
  add_segment(6, {});
  expect_same_view();
  expect_same_continuation();
}

TEST_P(LayoutTest, OnlyAnEmptySegment) {
  add_segment(3, {});
  expect_same_view();
  expect_same_continuation();
}

TEST_P(LayoutTest, AnEmptyDirectory) {
  expect_same_continuation();
  expect_same_view();
}

TEST_P(LayoutTest, EmptySegmentsThatRotationsLeave) {
  for (DriverProcess* driver : {&crate_, &datawal_}) {
    driver->must("open log " + directory_.string());
    for (int index = 0; index < 3; ++index) driver->must("rotate");
    driver->must("append 61");
    driver->must("rotate");
    driver->must("close");
    expect_same_view();
  }
  EXPECT_EQ(segment_names(directory_).size(), 9U);
  expect_same_continuation();
}

TEST_P(LayoutTest, ForeignFilesAreLeftAlone) {
  add_segment(1, {frame(RecordType::kPut, 1, "a", "1")});
  const std::vector<std::string> foreign = {
      "1.dwal",     "000000002.dwal",    "0000000a.dwal", "00000002.txt",
      "2.dwal.tmp", "00000002.dwal~",    "+0000002.dwal", "00000002.DWAL",
      "notes",      "00000001.dwal.bak", " 0000002.dwal"};
  for (const std::string& name : foreign) write_file(directory_ / name, as_bytes("not a frame"));
  expect_same_view();
  expect_same_continuation();
  for (const std::string& name : foreign) {
    EXPECT_EQ(as_text(read_file(directory_ / name)), "not a frame") << name;
  }
}

// What a killed writer had made for the next segment.
TEST_P(LayoutTest, APreparedSegmentIsNone) {
  const fs::path prepared = directory_ / "00000002.dwal.next";
  add_segment(1, {frame(RecordType::kPut, 1, "a", "1")});
  write_file(prepared, Bytes(100'000));
  expect_same_continuation();
  const std::vector<std::string> by_crate = view(crate_);
  EXPECT_TRUE(fs::exists(prepared));
  EXPECT_EQ(view(datawal_), by_crate);
  EXPECT_FALSE(fs::exists(prepared));
}

TEST_P(LayoutTest, TxidsOutOfOrder) {
  add_segment(1, {frame(RecordType::kPut, 5, "a", "1"), frame(RecordType::kPut, 5, "b", "2"),
                  frame(RecordType::kPut, 3, "a", "3")});
  add_segment(2, {frame(RecordType::kRaw, 0, "", "zero"), frame(RecordType::kPut, 900, "c", "4"),
                  frame(RecordType::kDelete, 2, "b", "")});
  expect_same_view();
  expect_same_continuation();
}

TEST_P(LayoutTest, OnlyTxidZero) {
  add_segment(1, {frame(RecordType::kPut, 0, "a", "1")});
  expect_same_view();
  expect_same_continuation();
}

TEST_P(LayoutTest, LargeTxids) {
  add_segment(1, {frame(RecordType::kPut, std::numeric_limits<Txid>::max() - 3, "a", "1")});
  expect_same_view();
  expect_same_continuation();
}

TEST_P(LayoutTest, KeysAndPayloadsWhereTheyAreUnusual) {
  add_segment(1, {frame(RecordType::kRaw, 1, "key of a raw record", "payload"),
                  frame(RecordType::kPut, 2, "", ""), frame(RecordType::kPut, 3, "a", ""),
                  frame(RecordType::kDelete, 4, "a", "payload of a tombstone"),
                  frame(RecordType::kDelete, 5, "never there", "")});
  expect_same_view();
  expect_same_continuation();
}

// A payload that is itself a whole segment, and one that only begins like a frame.
TEST_P(LayoutTest, FramesWithinFrames) {
  const Bytes inner = frame(RecordType::kPut, 9, "inner", "value");
  add_segment(1, {frame(RecordType::kPut, 1, "a", as_text(inner)),
                  frame(RecordType::kPut, 2, "b", as_text(ByteView(inner).first(24)))});
  expect_same_view();
  expect_same_continuation();
}

INSTANTIATE_TEST_SUITE_P(Crates, LayoutTest, testing::ValuesIn(kCrates), implementation_name);

// Where the two part ways on purpose: the crate begins a segment that it will never find again.
TEST(LayoutLimitTest, NoSegmentBeyondEightDigits) {
  Scratch scratch;
  const Bytes last = frame(RecordType::kPut, 1, "a", "1");
  write_file(scratch.path() / segment_file(99'999'999), last);
  {
    RecordLog log = must(RecordLog::open(scratch.path()));
    const Status rotated = log.rotate();
    EXPECT_EQ(rotated ? "rotated" : error_code_name(rotated.error().code), "Exhausted");
    must(log.close());
  }
  EXPECT_EQ(segment_names(scratch.path()).size(), 1U);
  DriverProcess crate(kCrates.back());
  crate.must("open log " + scratch.path().string());
  crate.must("rotate");
  crate.must("append 61");
  crate.must("close");
  crate.must("open log " + scratch.path().string());
  EXPECT_EQ(crate.must_list("dump").size(), 1U) << "the crate has lost what it appended";
}

// Where txids run out the crate begins again at 1, below what is there; datawal refuses to append.
TEST(LayoutLimitTest, NoTxidTwice) {
  Scratch scratch;
  write_file(scratch.path() / segment_file(1),
             frame(RecordType::kPut, std::numeric_limits<Txid>::max(), "a", "1"));
  RecordLog log = must(RecordLog::open(scratch.path()));
  EXPECT_EQ(dump(log.scan()).size(), 1U);
  const Result<Appended> appended = log.append(as_bytes("b"));
  EXPECT_EQ(appended ? "appended" : error_code_name(appended.error().code), "Exhausted");
}

}  // namespace
}  // namespace datawal::compat::layout_test
