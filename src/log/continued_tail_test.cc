// A log that somebody else went on with, behind a torn frame of ours.
#include <gtest/gtest.h>

#include "file/simulated_filesystem.h"
#include "log/tail_evidence.h"

namespace datawal::continued_tail_test {
namespace {

constexpr Txid kLastTxid = 7;

Bytes frame(Txid txid, std::size_t payload_size) {
  Bytes bytes(frame_size(0, payload_size));
  EXPECT_TRUE(encode_frame(bytes, {RecordType::kRaw, txid, {}, Bytes(payload_size)}).has_value());
  return bytes;
}

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Bytes cut(Bytes bytes, std::size_t size) {
  bytes.resize(bytes.size() - size);
  return bytes;
}

bool is_continued(const Bytes& tail) {
  SimulatedFilesystem filesystem;
  auto directory = filesystem.create_directory("store");
  auto file = (*directory)->open("tail", OpenMode::kCreateExclusive);
  EXPECT_TRUE((*file)->write_at(0, tail).has_value());
  const auto findings = examine_tail(**file, {0, tail.size()}, decode_frame(tail), kLastTxid);
  EXPECT_TRUE(findings.has_value());
  return findings->evidence.continued_beyond;
}

const Bytes kTorn = cut(frame(kLastTxid + 1, 20), 10);

TEST(ContinuedTail, IsOneWhoseFramesRepeatTheTornTxidUpToTheEnd) {
  EXPECT_TRUE(is_continued(kTorn + frame(kLastTxid + 1, 30) + frame(kLastTxid + 2, 30)));
  EXPECT_FALSE(is_continued(kTorn + frame(kLastTxid + 2, 30)));
  EXPECT_FALSE(is_continued(kTorn));
}

TEST(ContinuedTail, MayItselfEndInATornFrame) {
  const Bytes continued = kTorn + frame(kLastTxid + 1, 30) + frame(kLastTxid + 2, 30);
  const Bytes next = frame(kLastTxid + 3, 30);
  for (std::size_t missing = 1; missing < next.size(); ++missing) {
    EXPECT_TRUE(is_continued(continued + cut(next, missing))) << missing << " bytes missing";
  }
}

TEST(ContinuedTail, IsNotOneThatGoesOnWithSomethingElse) {
  const Bytes continued = kTorn + frame(kLastTxid + 1, 30);
  EXPECT_FALSE(is_continued(continued + Bytes(10, std::byte{0xEE})));
  EXPECT_FALSE(is_continued(continued + Bytes(100, std::byte{0xEE})));
  EXPECT_FALSE(is_continued(continued + cut(frame(kLastTxid + 9, 30), 5)));
}

}  // namespace
}  // namespace datawal::continued_tail_test
