#include "log/tail_evidence.h"

#include <gtest/gtest.h>

#include "support/segment_builder.h"

namespace datawal::tail_evidence_test {
namespace {

using test::encoded;
using test::MemoryFile;
using test::SegmentBuilder;

Bytes raw(Txid txid, std::string_view payload) {
  return encoded({.txid = txid, .payload = as_bytes(payload)});
}

// Three records before the tail.
constexpr Txid kLastTxid = 3;

// What is found in `tail` behind three records.
TailFindings examine(const Bytes& tail) {
  SegmentBuilder segment;
  segment.add_run(1, kLastTxid);
  const std::uint64_t begin = segment.size();
  segment.add_bytes(tail);
  const MemoryFile file(segment.bytes());
  const DecodeOutcome failure = decode_frame(tail);
  return examine_tail(file, {begin, segment.size()}, failure, kLastTxid).value();
}

Bytes damaged(Bytes frame, std::size_t offset) {
  frame.at(offset) ^= std::byte{0x10};
  return frame;
}

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(TailEvidence, ZerosAreZeros) {
  for (const std::size_t size : {1U, 23U, 24U, 28U, 5000U}) {
    const TailFindings found = examine(Bytes(size));
    EXPECT_TRUE(found.evidence.all_zeros) << size;
    EXPECT_EQ(found.intact_frames_beyond, 0U);
  }
}

TEST(TailEvidence, OneOtherByteIsNoZeros) {
  Bytes tail(5000);
  tail.back() = std::byte{1};
  const TailFindings found = examine(tail);
  EXPECT_FALSE(found.evidence.all_zeros);
  EXPECT_TRUE(found.evidence.first_byte_zero);
  EXPECT_EQ(found.evidence.failure, DecodeFailure::kStructural);
}

TEST(TailEvidence, ATornFrameIsTruncatedAndWasPublished) {
  Bytes frame = raw(4, "payload");
  frame.resize(frame.size() - 3);
  const TailFindings found = examine(frame);
  EXPECT_EQ(found.evidence.failure, DecodeFailure::kTruncated);
  EXPECT_FALSE(found.evidence.first_byte_zero);
  EXPECT_FALSE(found.evidence.intact_frames_beyond);
}

TEST(TailEvidence, ADamagedFrameHasACrcMismatch) {
  const TailFindings found = examine(damaged(raw(4, "payload"), 26));
  EXPECT_EQ(found.evidence.failure, DecodeFailure::kCrcMismatch);
  EXPECT_FALSE(found.evidence.intact_frames_beyond);
}

TEST(TailEvidence, CountsTheIntactFramesBehindDamage) {
  const TailFindings found =
      examine(joined({damaged(raw(4, "payload"), 26), raw(5, "five"), raw(6, "six")}));
  EXPECT_TRUE(found.evidence.intact_frames_beyond);
  EXPECT_EQ(found.intact_frames_beyond, 2U);
  EXPECT_FALSE(found.evidence.continued_beyond);
}

TEST(TailEvidence, FramesInsideADamagedValueAreNotCounted) {
  const Bytes inner = joined({raw(5, "inner"), raw(6, "inner")});
  const TailFindings found = examine(damaged(raw(4, as_text(inner)), 8));
  EXPECT_EQ(found.intact_frames_beyond, 0U);
}

TEST(TailEvidence, SomebodyWhoWentOnBehindATearIsNoticed) {
  Bytes torn = raw(4, "payload");
  torn.resize(10);
  const TailFindings found = examine(joined({torn, raw(4, "again"), raw(5, "and on")}));
  EXPECT_TRUE(found.evidence.continued_beyond);
  EXPECT_EQ(found.intact_frames_beyond, 2U);
}

TEST(TailEvidence, FramesThatDoNotReachTheEndOfTheFileContinueNothing) {
  Bytes torn = raw(4, "payload");
  torn.resize(10);
  EXPECT_FALSE(examine(joined({torn, raw(4, "again"), Bytes(3)})).evidence.continued_beyond);
}

TEST(TailEvidence, FramesWithLaterTxidsContinueNothing) {
  Bytes torn = raw(4, "payload");
  torn.resize(10);
  EXPECT_FALSE(examine(joined({torn, raw(5, "next")})).evidence.continued_beyond);
}

TEST(TailEvidence, TheBeginningOfAHeaderBeforeZerosIsATornHeader) {
  const Bytes frame = raw(4, "payload");
  for (std::size_t size = 1; size <= 6; ++size) {
    Bytes tail(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
    tail.resize(4096);
    const TailFindings found = examine(tail);
    EXPECT_TRUE(found.evidence.torn_header) << size;
    EXPECT_EQ(found.evidence.failure == DecodeFailure::kStructural, size < 5) << size;
  }
}

TEST(TailEvidence, TheBeginningOfAHeaderBeforeAnythingElseIsNone) {
  Bytes tail = raw(4, "payload");
  tail.resize(3);
  tail.resize(4096);
  tail.back() = std::byte{1};
  EXPECT_FALSE(examine(tail).evidence.torn_header);
}

TEST(TailEvidence, RubbishIsNoTornHeader) {
  Bytes tail(4096);
  tail[0] = std::byte{'X'};
  const TailFindings found = examine(tail);
  EXPECT_FALSE(found.evidence.torn_header);
  EXPECT_EQ(found.evidence.failure, DecodeFailure::kStructural);
}

}  // namespace
}  // namespace datawal::tail_evidence_test
