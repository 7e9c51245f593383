// The parts that find out what is there: names of segments, the place of a txid, the watermark's
// claim to a log.
#include "log/log_view.h"

#include "log/log_test_support.h"
#include "log/segment_list.h"
#include "log/txid_search.h"

namespace datawal::log_view_test {
namespace {

using test::FailsWith;
using test::must;
using test::raw_frame;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LogViewTest : public test::SimulatedLog {
 protected:
  LogViewTest() { filesystem_.plant_directory(kStore); }

  [[nodiscard]] std::shared_ptr<Directory> directory() {
    return must(filesystem_.open_directory(kStore));
  }
  Result<LogView> load(DamagePolicy damage = DamagePolicy::kRefuse) {
    return load_log_view(directory(), filesystem_, damage);
  }
  std::optional<Position> find(Txid txid) { return find_txid(must(load()), txid); }
};

TEST_F(LogViewTest, SegmentsAreListedInTheOrderOfTheirIds) {
  for (const std::uint32_t id : {10U, 2U, 99'999'999U, 0U, 1U}) write_segment(id, {});
  EXPECT_THAT(
      must(list_segments(*directory())),
      ElementsAre(SegmentId{0}, SegmentId{1}, SegmentId{2}, SegmentId{10}, SegmentId{99'999'999}));
}

TEST_F(LogViewTest, OtherNamesAreNotListed) {
  for (const std::string_view name :
       {"1.dwal", "0000000a.dwal", "00000001.txt", ".lock", "watermark", "100000000.dwal"}) {
    filesystem_.write_file(std::filesystem::path(kStore) / name, {});
  }
  EXPECT_THAT(must(list_segments(*directory())), IsEmpty());
}

TEST_F(LogViewTest, WhatIsNoFileUnderTheNameOfASegmentIsNamed) {
  write_segment(1, {});
  filesystem_.plant_fifo("store/00000003.dwal");
  const auto segments = list_segments(*directory());
  ASSERT_THAT(segments, FailsWith(ErrorCode::kNotRegularFile));
  EXPECT_EQ(segments.error().path, "store/00000003.dwal");
  EXPECT_EQ(segments.error().segment, SegmentId{3});
}

TEST_F(LogViewTest, AFailureToListIsAnError) {
  filesystem_.inject({.call = SimulatedCall::kList});
  EXPECT_THAT(load(), FailsWith(ErrorCode::kIo));
}

TEST_F(LogViewTest, AnEmptyDirectoryHasNoSegmentsAndNoWatermark) {
  const LogView view = must(load());
  EXPECT_THAT(view.segments, IsEmpty());
  EXPECT_FALSE(view.watermark);
  EXPECT_FALSE(view.same_boot);
}

TEST_F(LogViewTest, TheWatermarkIsReadBeforeTheNames) {
  make_log({"a"});
  (void)must(load());
  const std::vector<std::string> trace = filesystem_.trace();
  const auto list = std::ranges::find_if(
      trace.rbegin(), trace.rend(), [](const auto& line) { return line.starts_with("list "); });
  const auto read = std::ranges::find_if(trace.rbegin(), trace.rend(), [](const auto& line) {
    return line.starts_with("read store/watermark");
  });
  EXPECT_LT(list - trace.rbegin(), read - trace.rbegin());
}

TEST_F(LogViewTest, TheWatermarkOfTheLogIsBelieved) {
  make_log({"a", "b"});
  const LogView view = must(load());
  ASSERT_TRUE(view.watermark);
  EXPECT_EQ(view.watermark->txid, 2U);
  EXPECT_TRUE(view.same_boot);
}

TEST_F(LogViewTest, AfterARestartItIsAnotherBoot) {
  make_log({"a"});
  filesystem_.crash(PowerCut::kKeepPending);
  EXPECT_FALSE(must(load()).same_boot);
}

TEST_F(LogViewTest, WhereTheBootIsNotToBeKnownItIsAnotherOne) {
  filesystem_.set_boot_id({});
  make_log({"a"});
  EXPECT_FALSE(must(load()).same_boot);
}

TEST_F(LogViewTest, TheWatermarkOfALogWithAnotherFirstFrameIsNot) {
  make_log({"a", "b"});
  write_segment(1, test::joined({raw_frame(1, "x"), raw_frame(2, "b")}));
  EXPECT_FALSE(must(load()).watermark);
}

TEST_F(LogViewTest, ADamagedFirstFrameProvesNothing) {
  make_log({"a", "b"});
  damage_segment(1, kFrameHeaderSize);
  EXPECT_TRUE(must(load()).watermark);
  write_segment(1, {});
  EXPECT_TRUE(must(load()).watermark);
}

TEST_F(LogViewTest, AFirstSegmentThatWasTakenAwayProvesNothing) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("a")));
    must(log.rotate());
    must(log.append(as_bytes("b")));
  }
  filesystem_.remove("store/00000001.dwal");
  EXPECT_TRUE(must(load()).watermark);
}

TEST_F(LogViewTest, AMissingSegmentIsRefusedUnlessTheLongestPrefixIsWanted) {
  {
    RecordLog log = open();
    must(log.append(as_bytes("a")));
    must(log.rotate());
    must(log.append(as_bytes("b")));
  }
  filesystem_.remove("store/00000002.dwal");
  EXPECT_THAT(load(), FailsWith(ErrorCode::kCorruption));
  EXPECT_FALSE(must(load(DamagePolicy::kLongestPrefix)).watermark);
}

TEST_F(LogViewTest, ATxidIsInTheLastSegmentThatBeginsAtOrBeforeIt) {
  write_segment(1, test::joined({raw_frame(5, "a"), raw_frame(6, "b")}));
  write_segment(2, {});
  write_segment(3, raw_frame(7, "c"));
  write_segment(4, raw_frame(9, "d"));
  EXPECT_EQ(find(5), (Position{SegmentId{1}, 0}));
  EXPECT_EQ(find(6), (Position{SegmentId{1}, 0}));
  EXPECT_EQ(find(7), (Position{SegmentId{3}, 0}));
  EXPECT_EQ(find(8), (Position{SegmentId{3}, 0}));
  EXPECT_EQ(find(9), (Position{SegmentId{4}, 0}));
  EXPECT_EQ(find(~Txid{0}), (Position{SegmentId{4}, 0}));
}

TEST_F(LogViewTest, ATxidBeforeTheFirstIsAtTheStart) {
  write_segment(1, raw_frame(5, "a"));
  EXPECT_EQ(find(4), std::nullopt);
  EXPECT_EQ(find(0), std::nullopt);
}

TEST_F(LogViewTest, ASegmentWhoseFirstHeaderIsDamagedIsPassedOver) {
  write_segment(1, raw_frame(1, "a"));
  write_segment(2, raw_frame(2, "b"));
  damage_segment(2, 0);
  EXPECT_EQ(find(2), (Position{SegmentId{1}, 0}));
  EXPECT_EQ(first_txid(LogView{.directory = directory()}, SegmentId{2}), std::nullopt);
}

TEST_F(LogViewTest, TheFirstTxidOfWhatIsNotThereIsUnknown) {
  EXPECT_EQ(first_txid(LogView{.directory = directory()}, SegmentId{9}), std::nullopt);
}

TEST(FilesystemOf, IsTheOperatingSystemUnlessOneIsGiven) {
  SimulatedFilesystem filesystem;
  EXPECT_EQ(&filesystem_of({}), &posix_filesystem());
  EXPECT_EQ(&filesystem_of({.filesystem = &filesystem}), &filesystem);
}

}  // namespace
}  // namespace datawal::log_view_test
