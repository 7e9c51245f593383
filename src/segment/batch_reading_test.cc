// Batches as the reader of a segment and the search for frames see them.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/endian.h"
#include "format/batch_frame.h"
#include "format/frame_encoding.h"
#include "segment/frame_search.h"
#include "segment/segment_reader.h"
#include "support/segment_builder.h"

namespace datawal::batch_reading_test {
namespace {

using test::MemoryFile;
using test::SegmentBuilder;

void add_batch(SegmentBuilder& segment, Txid txid, std::size_t count, std::size_t payload_size) {
  WriteBatch batch;
  const std::string payload(payload_size, 'b');
  for (std::size_t index = 0; index < count; ++index) ASSERT_TRUE(batch.append(as_bytes(payload)));
  Bytes bytes(batch.byte_size());
  static_cast<void>(encode_unpublished_batch(bytes, batch, txid));
  bytes.front() = kFrameFirstByte;
  segment.add_bytes(bytes);
}

// An announcement of as much as there can be.
void add_hostile_announcement(SegmentBuilder& segment, Txid txid, std::uint64_t size) {
  std::array<std::byte, kBatchPayloadSize> payload{};
  payload[0] = std::byte{kBatchVersion};
  store_le(payload.data() + 4, static_cast<std::uint32_t>(size / kFrameSizeMin));
  store_le(payload.data() + 8, size);
  segment.add({RecordType::kRaw, txid, as_bytes(kBatchKey), payload});
}

std::vector<Txid> txids_of(const MemoryFile& file, std::uint64_t size, Batches batches) {
  SegmentReader reader(file, 0, size, batches);
  std::vector<Txid> txids;
  while (*reader.next() == SegmentStep::kFrame) txids.push_back(reader.frame().record.txid);
  return txids;
}

TEST(BatchReading, AWholeBatchIsRead) {
  for (const std::size_t payload_size : {10U, 3000U, 300'000U}) {
    SegmentBuilder segment;
    segment.add_run(1, 1);
    add_batch(segment, 2, 90, payload_size);
    segment.add_run(93, 93);
    const MemoryFile file(segment.bytes());
    EXPECT_EQ(txids_of(file, segment.size(), Batches::kWhole).size(), 93U);
    EXPECT_EQ(txids_of(file, segment.size(), Batches::kAsFrames).size(), 93U);
  }
}

TEST(BatchReading, ThoseThatFitAreReadOnce) {
  SegmentBuilder segment;
  for (Txid txid = 1; segment.size() < 2'000'000; txid += 21) add_batch(segment, txid, 20, 100);
  const MemoryFile file(segment.bytes());
  static_cast<void>(txids_of(file, segment.size(), Batches::kWhole));
  EXPECT_EQ(file.bytes_read(), segment.size());
}

TEST(BatchReading, OneThatIsNotWholeIsDamageFromItsBegin) {
  SegmentBuilder segment;
  segment.add_run(1, 1);
  const std::uint64_t begin = segment.size();
  add_batch(segment, 2, 3, 10);
  const MemoryFile file(segment.bytes());
  for (std::uint64_t size = begin + 1; size < segment.size(); ++size) {
    SegmentReader reader(file, 0, size, Batches::kWhole);
    ASSERT_EQ(*reader.next(), SegmentStep::kFrame);
    ASSERT_EQ(*reader.next(), SegmentStep::kDamage) << size;
    EXPECT_EQ(reader.offset(), begin);
    EXPECT_EQ(std::get<Truncated>(reader.damage()).available, size - begin);
    EXPECT_EQ(reader.announcement().has_value(), size >= begin + kBatchFrameSize);
    reader.set_end(segment.size());
    ASSERT_EQ(*reader.next(), SegmentStep::kFrame) << "all of it is there now";
  }
}

TEST(BatchReading, TheSearchFindsTheFramesOfATornOneWithoutItsAnnouncement) {
  SegmentBuilder segment;
  segment.add_run(1, 1);
  const std::uint64_t begin = segment.size();
  add_batch(segment, 2, 3, 10);
  segment.damage(begin + kBatchFrameSize + frame_size(0, 10) + 26);
  segment.add_run(6, 6);
  const MemoryFile file(segment.bytes());
  FrameSearch search(file, 0, segment.size(), 0);
  std::vector<Txid> txids;
  std::vector<std::uint64_t> damages;
  std::uint64_t batch_size = 0;
  while (const auto stretch = *search.next_stretch()) {
    if (stretch->frame) txids.push_back(stretch->frame->txid);
    if (!stretch->frame) damages.push_back(stretch->offset);
    if (stretch->batch) batch_size = stretch->batch->size;
  }
  EXPECT_EQ(batch_size, kBatchFrameSize + 3 * frame_size(0, 10));
  EXPECT_EQ(txids, (std::vector<Txid>{1, 3, 5, 6}));
  EXPECT_EQ(damages,
            (std::vector<std::uint64_t>{begin, begin + kBatchFrameSize + frame_size(0, 10)}));
}

// Thousands of announcements, each of which claims everything behind it, and frames behind each
// that claim as much.
TEST(BatchReading, HostileAnnouncementsCostNoMoreThanOthersFrames) {
  constexpr std::uint64_t kClaim = std::uint64_t{8} << 20;
  SegmentBuilder segment;
  for (Txid txid = 1; segment.size() < 2 * kClaim; txid += 3) {
    add_hostile_announcement(segment, txid, kClaim / 2);
    segment.add_run(txid + 1, txid + 1, 900);
    Bytes liar = test::encoded({RecordType::kRaw, txid + 2, {}, Bytes(1000)});
    store_le(liar.data() + 20, static_cast<std::uint32_t>(kClaim / 4));
    segment.add_bytes(liar);
  }
  const MemoryFile file(segment.bytes());
  FrameSearch search(file, 0, segment.size(), 0);
  std::uint64_t count = 0;
  while (const auto stretch = *search.next_stretch()) count += stretch->batch.has_value();
  EXPECT_GT(count, 1000U);
  EXPECT_LT(file.bytes_read(), 16 * segment.size());
}

}  // namespace
}  // namespace datawal::batch_reading_test
