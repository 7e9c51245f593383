// The decision table of docs/recovery.md against the function, for every combination of what can be
// known.
#include "log/tail_verdict.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace datawal::tail_verdict_test {
namespace {

using Watermark = WatermarkRelation;

// A row of the table: the first that fits decides.
struct Row {
  bool fits;
  TailVerdict verdict;
};

TailVerdict decide(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    if (row.fits) return row.verdict;
  }
  ADD_FAILURE() << "no row fits";
  return TailVerdict::kClean;
}

TailVerdict table(const TailEvidence& e) {
  const bool no_watermark = e.watermark == Watermark::kNone;
  const bool above = e.watermark == Watermark::kAbove;
  const bool structural = e.failure == DecodeFailure::kStructural;
  const bool truncated = e.failure == DecodeFailure::kTruncated;
  return decide({
      {e.watermark == Watermark::kBelow, TailVerdict::kRot},
      {e.end_of_file, TailVerdict::kClean},
      {e.all_zeros, TailVerdict::kUnusedSpace},
      {above && e.continued_beyond, TailVerdict::kForeignDamage},
      {above && e.same_boot && !e.first_byte_zero && !truncated && e.intact_frames_beyond,
       TailVerdict::kPublishedDamage},
      {above, TailVerdict::kTorn},
      {no_watermark && !structural && !e.intact_frames_beyond, TailVerdict::kTorn},
      {no_watermark && structural && e.torn_header, TailVerdict::kTorn},
      {no_watermark && !structural, TailVerdict::kForeignDamage},
      {no_watermark, TailVerdict::kForeignStructure},
  });
}

// What somebody asked for who wants the longest prefix: what a version-1 reader tolerates, and what
// opens anyway.
TailVerdict lenient_table(const TailEvidence& e) {
  const TailVerdict strict = table(e);
  const bool opens = strict == TailVerdict::kClean || strict == TailVerdict::kUnusedSpace ||
                     strict == TailVerdict::kTorn;
  return decide({
      {opens, strict},
      {e.end_of_file, TailVerdict::kClean},
      {e.all_zeros, TailVerdict::kTorn},
      {e.failure != DecodeFailure::kStructural || e.torn_header, TailVerdict::kTorn},
      {true, strict},
  });
}

std::vector<TailEvidence> every_combination() {
  std::vector<TailEvidence> all;
  for (const auto watermark : {Watermark::kNone, Watermark::kBelow, Watermark::kAbove}) {
    for (const auto failure :
         {DecodeFailure::kTruncated, DecodeFailure::kCrcMismatch, DecodeFailure::kStructural}) {
      for (unsigned bits = 0; bits < 128; ++bits) {
        all.push_back({.watermark = watermark,
                       .end_of_file = (bits & 1U) != 0,
                       .all_zeros = (bits & 2U) != 0,
                       .first_byte_zero = (bits & 4U) != 0,
                       .same_boot = (bits & 8U) != 0,
                       .failure = failure,
                       .torn_header = (bits & 16U) != 0,
                       .intact_frames_beyond = (bits & 32U) != 0,
                       .continued_beyond = (bits & 64U) != 0});
      }
    }
  }
  return all;
}

std::string describe(const TailEvidence& e) {
  return "watermark " + std::to_string(static_cast<int>(e.watermark)) + " failure " +
         std::to_string(static_cast<int>(e.failure)) + (e.end_of_file ? " end_of_file" : "") +
         (e.all_zeros ? " all_zeros" : "") + (e.first_byte_zero ? " first_byte_zero" : "") +
         (e.same_boot ? " same_boot" : "") + (e.torn_header ? " torn_header" : "") +
         (e.intact_frames_beyond ? " intact_beyond" : "") +
         (e.continued_beyond ? " continued_beyond" : "");
}

TEST(TailVerdict, IsThatOfTheTableForEveryCombination) {
  for (const TailEvidence& evidence : every_combination()) {
    EXPECT_EQ(judge_tail(evidence), table(evidence)) << describe(evidence);
  }
}

TEST(TailVerdict, IsThatOfTheLenientTableForEveryCombination) {
  for (const TailEvidence& evidence : every_combination()) {
    EXPECT_EQ(judge_tail_leniently(evidence), lenient_table(evidence)) << describe(evidence);
  }
}

TEST(TailVerdict, EveryVerdictIsReached) {
  std::vector<int> counts(7);
  for (const TailEvidence& evidence : every_combination()) {
    ++counts.at(static_cast<std::size_t>(judge_tail(evidence)));
  }
  for (std::size_t verdict = 0; verdict < counts.size(); ++verdict) {
    EXPECT_GT(counts[verdict], 0) << "verdict " << verdict;
  }
}

TEST(TailVerdict, LeniencyNeverRefusesWhatOpensAnyway) {
  for (const TailEvidence& evidence : every_combination()) {
    if (!is_acceptable(judge_tail(evidence))) continue;
    EXPECT_EQ(judge_tail_leniently(evidence), judge_tail(evidence)) << describe(evidence);
  }
}

TEST(TailVerdict, NothingBelowTheWatermarkIsEverTakenForATornTail) {
  for (const TailEvidence& evidence : every_combination()) {
    if (evidence.watermark != Watermark::kBelow) continue;
    EXPECT_EQ(judge_tail(evidence), TailVerdict::kRot) << describe(evidence);
  }
}

TEST(TailVerdict, OnlyThreeVerdictsOpenALog) {
  EXPECT_TRUE(is_acceptable(TailVerdict::kClean));
  EXPECT_TRUE(is_acceptable(TailVerdict::kUnusedSpace));
  EXPECT_TRUE(is_acceptable(TailVerdict::kTorn));
  EXPECT_FALSE(is_acceptable(TailVerdict::kRot));
  EXPECT_FALSE(is_acceptable(TailVerdict::kPublishedDamage));
  EXPECT_FALSE(is_acceptable(TailVerdict::kForeignDamage));
  EXPECT_FALSE(is_acceptable(TailVerdict::kForeignStructure));
}

}  // namespace
}  // namespace datawal::tail_verdict_test
