#include "log/quarantine.h"

#include "log/log_test_support.h"

namespace datawal::quarantine_test {
namespace {

using test::FailsWith;
using test::must;

class QuarantineTest : public test::SimulatedLog {
 protected:
  QuarantineTest() {
    write_segment(7, as_bytes("good frames and a bad tail"));
    directory_ = must(filesystem_.open_directory(kStore));
    file_ = must(directory_->open("00000007.dwal", OpenMode::kReadWrite));
  }

  Result<std::string> quarantine(std::uint64_t offset = 16) {
    return quarantine_tail(*directory_, *file_, {SegmentId{7}, offset});
  }
  [[nodiscard]] std::string text_of(const std::string& name) const {
    return std::string(as_text(filesystem_.read_file("store/" + name).value()));
  }

  std::unique_ptr<Directory> directory_;
  std::unique_ptr<File> file_;
};

TEST_F(QuarantineTest, CopiesTheTailBesideItsSegment) {
  EXPECT_EQ(must(quarantine()), "00000007.dwal.16.quarantine");
  EXPECT_EQ(text_of("00000007.dwal.16.quarantine"), "a bad tail");
  EXPECT_EQ(text_of("00000007.dwal"), "good frames and a bad tail");
}

TEST_F(QuarantineTest, TheCopyAndItsNameOutliveAPowerCut) {
  must(quarantine());
  filesystem_.crash(PowerCut::kDropPending);
  EXPECT_EQ(text_of("00000007.dwal.16.quarantine"), "a bad tail");
}

TEST_F(QuarantineTest, ATailOfManyStepsIsCopiedWhole) {
  Bytes tail(1'000'000);
  for (std::size_t index = 0; index < tail.size(); ++index) {
    tail[index] = static_cast<std::byte>(index * 31 >> 8);
  }
  write_segment(7, tail);
  must(quarantine(3));
  EXPECT_TRUE(filesystem_.read_file("store/00000007.dwal.3.quarantine") ==
              Bytes(tail.begin() + 3, tail.end()));
}

TEST_F(QuarantineTest, ACopyThatIsThereIsTakenForDone) {
  must(quarantine());
  EXPECT_EQ(must(quarantine()), "00000007.dwal.16.quarantine");
  EXPECT_EQ(names().size(), 2U);
}

TEST_F(QuarantineTest, ACopyThatWasBegunIsCompleted) {
  for (const std::string_view begun : {"", "a", "a bad tai"}) {
    filesystem_.write_file("store/00000007.dwal.16.quarantine", as_bytes(begun));
    EXPECT_EQ(must(quarantine()), "00000007.dwal.16.quarantine");
    EXPECT_EQ(text_of("00000007.dwal.16.quarantine"), "a bad tail");
  }
}

TEST_F(QuarantineTest, AFileWithOtherBytesIsNeverTouched) {
  filesystem_.write_file("store/00000007.dwal.16.quarantine", as_bytes("a bad tail, and more"));
  filesystem_.write_file("store/00000007.dwal.16.2.quarantine", as_bytes("a bat"));
  EXPECT_EQ(must(quarantine()), "00000007.dwal.16.3.quarantine");
  EXPECT_EQ(text_of("00000007.dwal.16.quarantine"), "a bad tail, and more");
  EXPECT_EQ(text_of("00000007.dwal.16.2.quarantine"), "a bat");
  EXPECT_EQ(text_of("00000007.dwal.16.3.quarantine"), "a bad tail");
}

TEST_F(QuarantineTest, WhatIsNoFileUnderItsNameIsPassedOver) {
  filesystem_.plant_symlink("store/00000007.dwal.16.quarantine");
  filesystem_.plant_directory("store/00000007.dwal.16.2.quarantine");
  EXPECT_EQ(must(quarantine()), "00000007.dwal.16.3.quarantine");
}

TEST_F(QuarantineTest, ALargeCopyThatDiffersLateIsNotTaken) {
  Bytes tail(600'000, std::byte{1});
  write_segment(7, tail);
  tail.at(599'999) = std::byte{2};
  filesystem_.write_file("store/00000007.dwal.0.quarantine", tail);
  EXPECT_EQ(must(quarantine(0)), "00000007.dwal.0.2.quarantine");
}

TEST_F(QuarantineTest, EveryFailureIsReportedAndTryingAgainCompletesIt) {
  for (std::uint64_t failing = 1;; ++failing) {
    filesystem_.reset_counts();
    filesystem_.inject({.first = failing, .code = ErrorCode::kNoSpace, .written_prefix = 3});
    const auto failed = quarantine();
    const bool was_hit = filesystem_.call_count() >= failing;
    filesystem_.clear_faults();
    EXPECT_EQ(failed.has_value(), !was_hit) << failing;
    EXPECT_EQ(must(quarantine()), "00000007.dwal.16.quarantine");
    EXPECT_EQ(text_of("00000007.dwal.16.quarantine"), "a bad tail");
    if (!was_hit) break;
    filesystem_.remove("store/00000007.dwal.16.quarantine");
    ASSERT_LT(failing, 50U);
  }
}

}  // namespace
}  // namespace datawal::quarantine_test
