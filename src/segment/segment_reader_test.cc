#include "segment/segment_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/segment_builder.h"

namespace datawal::segment_reader_test {
namespace {

using test::encoded;
using test::MemoryFile;
using test::SegmentBuilder;

constexpr std::size_t kWindowSize = std::size_t{256} << 10;

// All that a reader gives, up to the end or damage.
struct Reading {
  std::vector<Txid> txids;
  SegmentStep last_step = SegmentStep::kFrame;
};

Reading read_all(SegmentReader& reader) {
  Reading reading;
  while (true) {
    const Result<SegmentStep> step = reader.next();
    EXPECT_TRUE(step);
    if (!step) return reading;
    reading.last_step = *step;
    if (*step != SegmentStep::kFrame) return reading;
    reading.txids.push_back(reader.frame().record.txid);
  }
}

// A file of which nothing can be read.
class BrokenFile final : public File {
 public:
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t, MutableByteView) const override {
    return std::unexpected(Error{.code = ErrorCode::kIo, .message = "broken"});
  }
  [[nodiscard]] Status write_at(std::uint64_t, ByteView) override { return {}; }
  [[nodiscard]] Result<std::uint64_t> size() const override { return 100; }
  [[nodiscard]] Status truncate(std::uint64_t) override { return {}; }
  [[nodiscard]] Status sync() override { return {}; }
};

TEST(SegmentReader, AnEmptySegmentIsAtItsEnd) {
  const MemoryFile file({});
  SegmentReader reader(file, 0, 0);
  EXPECT_EQ(read_all(reader).last_step, SegmentStep::kEnd);
  EXPECT_EQ(file.bytes_read(), 0U);
}

TEST(SegmentReader, GivesEveryFrameInOrderAndThenTheEnd) {
  SegmentBuilder segment;
  segment.add_run(1, 50);
  const MemoryFile file(segment.bytes());
  SegmentReader reader(file, 0, segment.size());
  const Reading reading = read_all(reader);
  ASSERT_EQ(reading.txids.size(), 50U);
  EXPECT_EQ(reading.txids.front(), 1U);
  EXPECT_EQ(reading.txids.back(), 50U);
  EXPECT_EQ(reading.last_step, SegmentStep::kEnd);
  EXPECT_EQ(reader.offset(), segment.size());
}

TEST(SegmentReader, StaysAtTheEnd) {
  SegmentBuilder segment;
  segment.add_run(1, 1);
  const MemoryFile file(segment.bytes());
  SegmentReader reader(file, 0, segment.size());
  (void)read_all(reader);
  EXPECT_EQ(reader.next().value(), SegmentStep::kEnd);
  EXPECT_EQ(reader.next().value(), SegmentStep::kEnd);
}

TEST(SegmentReader, BeginsAndEndsWhereItIsTold) {
  SegmentBuilder segment;
  segment.add_run(1, 1);
  const std::uint64_t begin = segment.size();
  segment.add_run(2, 3);
  const std::uint64_t end = segment.size();
  segment.add_run(4, 4);
  const MemoryFile file(segment.bytes());
  SegmentReader reader(file, begin, end);
  EXPECT_EQ(read_all(reader).txids, (std::vector<Txid>{2, 3}));
}

TEST(SegmentReader, AnEndBeforeTheBeginIsAnEmptyStretch) {
  const MemoryFile file(Bytes(100));
  SegmentReader reader(file, 50, 10);
  EXPECT_EQ(reader.next().value(), SegmentStep::kEnd);
  EXPECT_EQ(reader.end(), 50U);
}

TEST(SegmentReader, ShowsKeyAndPayloadOfAFrame) {
  SegmentBuilder segment;
  segment.add({RecordType::kPut, 7, as_bytes("key"), as_bytes("value")});
  const MemoryFile file(segment.bytes());
  SegmentReader reader(file, 0, segment.size());
  ASSERT_EQ(reader.next().value(), SegmentStep::kFrame);
  EXPECT_EQ(as_text(reader.frame().record.key), "key");
  EXPECT_EQ(as_text(reader.frame().record.payload), "value");
  EXPECT_EQ(reader.frame().size, segment.size());
}

TEST(SegmentReader, AFrameThatCrossesTheWindowIsWhole) {
  SegmentBuilder segment;
  segment.add_run(1, 300, 1000);  // about 308 KB
  const MemoryFile file(segment.bytes());
  SegmentReader reader(file, 0, segment.size());
  EXPECT_EQ(read_all(reader).txids.size(), 300U);
  EXPECT_EQ(file.bytes_read(), segment.size());
}

TEST(SegmentReader, AFrameLargerThanTheWindowIsWhole) {
  const std::string payload(3 * kWindowSize, 'p');
  SegmentBuilder segment;
  segment.add_run(1, 3);
  segment.add({.txid = 4, .payload = as_bytes(payload)});
  segment.add_run(5, 6);
  const MemoryFile file(segment.bytes());
  SegmentReader reader(file, 0, segment.size());
  EXPECT_EQ(read_all(reader).txids, (std::vector<Txid>{1, 2, 3, 4, 5, 6}));
}

// A header may claim 64 MiB where there are only a few bytes.
TEST(SegmentReader, AClaimOfMoreThanTheSegmentHasIsNotRead) {
  const std::string payload(kPayloadSizeMax, 'p');
  Bytes frame = encoded({.txid = 1, .payload = as_bytes(payload)});
  frame.resize(60);
  const MemoryFile file(frame);
  SegmentReader reader(file, 0, frame.size());
  ASSERT_EQ(reader.next().value(), SegmentStep::kDamage);
  const auto& truncated = std::get<Truncated>(reader.damage());
  EXPECT_EQ(truncated.available, 60U);
  EXPECT_EQ(truncated.needed, frame_size(0, kPayloadSizeMax));
  EXPECT_LE(file.bytes_read(), 60U);
}

TEST(SegmentReader, DamageIsWhereTheFrameBegins) {
  SegmentBuilder segment;
  segment.add_run(1, 2);
  const std::uint64_t place = segment.size();
  segment.add_run(3, 4);
  segment.damage(place + kFrameHeaderSize);
  const MemoryFile file(segment.bytes());
  SegmentReader reader(file, 0, segment.size());
  const Reading reading = read_all(reader);
  EXPECT_EQ(reading.txids, (std::vector<Txid>{1, 2}));
  EXPECT_EQ(reading.last_step, SegmentStep::kDamage);
  EXPECT_EQ(reader.offset(), place);
  EXPECT_TRUE(std::holds_alternative<CrcMismatch>(reader.damage()));
}

TEST(SegmentReader, StaysAtDamage) {
  const MemoryFile file(Bytes(100));
  SegmentReader reader(file, 0, 100);
  EXPECT_EQ(reader.next().value(), SegmentStep::kDamage);
  EXPECT_EQ(reader.next().value(), SegmentStep::kDamage);
  EXPECT_EQ(std::get<StructuralError>(reader.damage()).field, StructuralField::kMagic);
}

TEST(SegmentReader, TruncationAtEveryByteLeavesTheFramesBefore) {
  SegmentBuilder segment;
  segment.add_run(1, 1);
  const std::uint64_t place = segment.size();
  segment.add_run(2, 2);
  for (std::uint64_t size = place + 1; size < segment.size(); ++size) {
    const MemoryFile file(Bytes(segment.bytes().begin(),
                                segment.bytes().begin() + static_cast<std::ptrdiff_t>(size)));
    SegmentReader reader(file, 0, size);
    const Reading reading = read_all(reader);
    EXPECT_EQ(reading.txids.size(), 1U);
    ASSERT_EQ(reading.last_step, SegmentStep::kDamage);
    EXPECT_EQ(std::get<Truncated>(reader.damage()).available, size - place);
  }
}

TEST(SegmentReader, GoesOnWhenTheSegmentHasGrown) {
  SegmentBuilder segment;
  segment.add_run(1, 2);
  const Bytes whole = segment.bytes();
  const std::uint64_t first_size = whole.size() / 2;
  MemoryFile file(
      Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(first_size + 5)));
  SegmentReader reader(file, 0, first_size + 5);
  EXPECT_EQ(read_all(reader).last_step, SegmentStep::kDamage);
  file.bytes() = whole;
  reader.set_end(whole.size());
  EXPECT_EQ(read_all(reader).txids, (std::vector<Txid>{2}));
}

TEST(SegmentReader, LooksAnewAtWhatItHadReadOfAnUnfinishedFrame) {
  SegmentBuilder segment;
  segment.add_run(1, 2);
  const Bytes whole = segment.bytes();
  segment.damage(segment.size() - 1);
  MemoryFile file(segment.bytes());
  SegmentReader reader(file, 0, segment.size());
  EXPECT_EQ(read_all(reader).last_step, SegmentStep::kDamage);
  file.bytes() = whole;
  reader.set_end(whole.size());
  EXPECT_EQ(read_all(reader).txids, (std::vector<Txid>{2}));
}

TEST(SegmentReader, AnEndBeforeItsPlaceLeavesItThere) {
  SegmentBuilder segment;
  segment.add_run(1, 2);
  const MemoryFile file(segment.bytes());
  SegmentReader reader(file, 0, segment.size());
  (void)read_all(reader);
  reader.set_end(3);
  EXPECT_EQ(reader.next().value(), SegmentStep::kEnd);
  EXPECT_EQ(reader.offset(), segment.size());
  EXPECT_EQ(reader.end(), segment.size());
}

TEST(SegmentReader, AFileThatIsShorterThanItWasIsTruncated) {
  SegmentBuilder segment;
  segment.add_run(1, 2);
  const std::uint64_t size = segment.size();
  MemoryFile file(segment.bytes());
  file.bytes().resize(size - 3);
  SegmentReader reader(file, 0, size);
  const Reading reading = read_all(reader);
  EXPECT_EQ(reading.txids.size(), 1U);
  ASSERT_EQ(reading.last_step, SegmentStep::kDamage);
  EXPECT_EQ(std::get<Truncated>(reader.damage()).available, size / 2 - 3);
  EXPECT_EQ(reader.end(), size - 3);
}

TEST(SegmentReader, AFailureToReadIsAnError) {
  const BrokenFile file;
  SegmentReader reader(file, 0, 100);
  const Result<SegmentStep> step = reader.next();
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace datawal::segment_reader_test
