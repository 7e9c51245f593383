#include "log/hint_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "format/names.h"
#include "log/log_test_support.h"
#include "log/segment_outlines.h"

namespace datawal::hint_file_test {
namespace {

using test::must;
using testing::ElementsAre;

bool always() {
  return true;
}

class HintFiles : public test::SimulatedLog {
 protected:
  // Two sealed segments and one that is written to.
  void fill(std::size_t value_size = 300) {
    RecordLog log = open();
    for (int number = 0; number < 300; ++number) {
      must(log.append_record(RecordType::kPut, as_bytes("key " + std::to_string(number)),
                             as_bytes(std::string(value_size, 'v'))));
      if (number % 5 == 0) {
        must(log.append_record(RecordType::kDelete, as_bytes("key " + std::to_string(number)), {}));
      }
      if (number % 100 == 99 && number < 200) must(log.rotate());
    }
    must(log.close());
    directory_ = must(filesystem_.open_directory(kStore));
  }

  bool write(std::uint32_t id) { return write_hint(*directory_, SegmentId{id}, always); }
  static std::filesystem::path path(std::uint32_t id) {
    return std::filesystem::path(kStore) / hint_name(SegmentId{id});
  }
  Bytes hint(std::uint32_t id) { return filesystem_.read_file(path(id)).value_or(Bytes{}); }

  std::unique_ptr<File> open_segment(std::uint32_t id) {
    return must(directory_->open(segment_name(SegmentId{id}), OpenMode::kRead));
  }
  // How far the hint of a segment leads; nullopt if it is not one of the segment.
  std::optional<std::uint64_t> reach(std::uint32_t id) {
    const auto file = open_segment(id);
    auto outlines = HintOutlines::open(*directory_, SegmentId{id}, *file);
    if (!outlines) return std::nullopt;
    while (outlines->next()) continue;
    return outlines->offset();
  }

  std::unique_ptr<Directory> directory_;
};

std::vector<std::string> outlines_in(auto& source) {
  std::vector<std::string> outlines;
  while (std::optional<OutlineBlock> block = source.next()) {
    OutlineReader reader(*std::move(block));
    while (const auto frame = reader.next()) {
      outlines.push_back(std::to_string(frame->record.txid) + ' ' +
                         std::string(as_text(frame->record.key)) + ' ' +
                         std::to_string(frame->size) + ' ' + std::to_string(frame->crc));
    }
  }
  return outlines;
}

TEST_F(HintFiles, TellWhatTheSegmentDoes) {
  fill();
  ASSERT_TRUE(write(2));
  const auto file = open_segment(2);
  const std::uint64_t size = must(file->size());
  auto hinted = HintOutlines::open(*directory_, SegmentId{2}, *file);
  ASSERT_TRUE(hinted);
  DataOutlines data(*file, 0, size, OutlineCrc::kLeaveOut);
  const auto expected = outlines_in(data);
  EXPECT_EQ(expected.size(), 120U);
  EXPECT_EQ(outlines_in(*hinted), expected);
  EXPECT_EQ(hinted->offset(), size);
}

TEST_F(HintFiles, AreWrittenAnewOverOldOnes) {
  fill();
  filesystem_.write_file(path(1), as_bytes("anything"));
  EXPECT_FALSE(reach(1));
  EXPECT_TRUE(write(1));
  EXPECT_EQ(reach(1), segment(1).size());
}

TEST_F(HintFiles, AreNotWrittenWhereTheyAreNotWorthIt) {
  fill(10);
  EXPECT_FALSE(write(1));
  EXPECT_FALSE(filesystem_.exists(path(1)));
}

TEST_F(HintFiles, AreNotWrittenOfDamagedSegments) {
  fill();
  damage_segment(1, segment(1).size() - 10);
  EXPECT_FALSE(write(1));
  EXPECT_FALSE(filesystem_.exists(path(1)));
  EXPECT_FALSE(write(7)) << "there is no such segment";
}

TEST_F(HintFiles, AreGivenUpOnDemand) {
  fill();
  EXPECT_FALSE(write_hint(*directory_, SegmentId{1}, [] { return false; }));
  EXPECT_FALSE(filesystem_.exists(path(1)));
}

TEST_F(HintFiles, WritingThemMayFail) {
  fill();
  for (const SimulatedCall call : {SimulatedCall::kCreate, SimulatedCall::kWrite}) {
    filesystem_.inject({.count = SimulatedFault::kForEver, .call = call, .path_part = "hint"});
    EXPECT_FALSE(write(1));
    filesystem_.clear_faults();
    EXPECT_FALSE(filesystem_.exists(path(1)));
  }
  filesystem_.set_capacity(0);
  EXPECT_FALSE(write(1));
}

TEST_F(HintFiles, OfAnotherSegmentOrAnotherFileAreNotBelieved) {
  fill();
  ASSERT_TRUE(write(1));
  ASSERT_TRUE(write(2));
  const Bytes first = hint(1);
  filesystem_.write_file(path(1), hint(2));
  EXPECT_FALSE(reach(1)) << "another segment's";
  filesystem_.write_file(path(1), first);
  ASSERT_EQ(reach(1), segment(1).size());
  const Bytes bytes = segment(1);
  write_segment(1, bytes);
  EXPECT_FALSE(reach(1)) << "the segment has been written to";
  ASSERT_TRUE(write(1));
  filesystem_.remove(segment_path(1));
  write_segment(1, bytes);
  EXPECT_FALSE(reach(1)) << "the segment has been replaced";
  ASSERT_TRUE(write(1));
  extend_segment(1, test::put_frame(9'000, "key", "value"));
  EXPECT_FALSE(reach(1)) << "the segment has grown";
}

TEST_F(HintFiles, AreBelievedOnlyAsAWhole) {
  options_.segment_size_max = 8 << 20;
  {
    RecordLog log = open();
    for (int number = 0; number < 12'000; ++number) {
      must(log.append_record(RecordType::kPut, as_bytes("key " + std::to_string(number)),
                             as_bytes(std::string(300, 'v'))));
    }
    must(log.rotate());
    must(log.close());
  }
  directory_ = must(filesystem_.open_directory(kStore));
  ASSERT_TRUE(write(1));
  const Bytes good = hint(1);
  const std::size_t block_size = kHintBlockHeaderSize + kOutlineBlockFull;
  ASSERT_GT(good.size(), 2 * block_size);
  for (std::size_t at = 0; at < good.size(); at += at < 100 ? 1 : 997) {
    Bytes bytes = good;
    bytes[at] ^= std::byte{4};
    filesystem_.write_file(path(1), bytes);
    ASSERT_FALSE(reach(1)) << at;
    bytes.resize(at);
    filesystem_.write_file(path(1), bytes);
    ASSERT_FALSE(reach(1)) << at;
  }
  filesystem_.write_file(path(1), good);
  EXPECT_EQ(reach(1), segment(1).size());
}

TEST_F(HintFiles, ThoseOfNoSealedSegmentAreRemoved) {
  fill();
  for (const std::uint32_t id : {1U, 2U, 3U, 4U}) {
    filesystem_.write_file(path(id), as_bytes("a hint"));
  }
  filesystem_.write_file("store/notes.hint", as_bytes("somebody's"));
  (void)open();
  EXPECT_TRUE(filesystem_.exists(path(1)));
  EXPECT_TRUE(filesystem_.exists(path(2)));
  EXPECT_FALSE(filesystem_.exists(path(3))) << "of the active segment";
  EXPECT_FALSE(filesystem_.exists(path(4))) << "of none";
  EXPECT_TRUE(filesystem_.exists("store/notes.hint"));
}

}  // namespace
}  // namespace datawal::hint_file_test
