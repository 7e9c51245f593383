#include "format/frame_outline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "format/batch_frame.h"
#include "format/compaction_mark.h"

namespace datawal::frame_outline_test {
namespace {

Bytes frame_of(RecordType type, Txid txid, std::string_view key, std::string_view payload) {
  Bytes bytes(frame_size(key.size(), payload.size()));
  EXPECT_TRUE(encode_frame(bytes, {type, txid, as_bytes(key), as_bytes(payload)}));
  return bytes;
}

DecodedFrame decoded(const Bytes& bytes) {
  return std::get<DecodedFrame>(decode_frame(bytes));
}

Bytes announcement(std::uint8_t version) {
  std::string payload(kBatchPayloadSize, '\0');
  payload[0] = static_cast<char>(version);
  payload[4] = 1;
  payload[8] = 40;
  return frame_of(RecordType::kRaw, 9, kBatchKey, payload);
}

Bytes mark(Txid txid, Txid horizon) {
  const CompactionMarkFrame frame = encode_compaction_mark(txid, {horizon});
  return {frame.begin(), frame.end()};
}

OutlineBlock block_of(const std::vector<Bytes>& frames, OutlineCrc crc = OutlineCrc::kKeep) {
  OutlineWriter writer;
  for (const Bytes& frame : frames) writer.add(decoded(frame), crc);
  return writer.take();
}

TEST(FrameOutline, HasTheBytesOfItsTable) {
  const Bytes first = frame_of(RecordType::kPut, 0x1122, "key", std::string(300, 'v'));
  const Bytes second = frame_of(RecordType::kDelete, 0x1123, "k", "");
  OutlineWriter writer;
  writer.add(decoded(first), OutlineCrc::kLeaveOut);
  writer.add(decoded(second), OutlineCrc::kLeaveOut);
  const OutlineBlock block = writer.take();
  EXPECT_EQ(block.frame_count, 2U);
  const std::string expected{
      "\x05\x22\x11\0\0\0\0\0\0\x03\xac\x02"
      "key"
      "\x02\x01\0"
      "k",
      19};
  EXPECT_EQ(as_text(block.bytes), expected);
}

TEST(FrameOutline, TellsAllButPayloads) {
  const std::vector<Bytes> frames = {
      frame_of(RecordType::kPut, 7, "a key", std::string(70'000, 'v')),
      frame_of(RecordType::kDelete, 8, std::string(kKeySizeMax, 'k'), ""),
      frame_of(RecordType::kRaw, 20, "a name", "an event"), announcement(kBatchVersion),
      mark(21, 19)};
  OutlineReader reader(block_of(frames));
  for (const Bytes& bytes : frames) {
    const DecodedFrame frame = decoded(bytes);
    const auto outline = reader.next();
    ASSERT_TRUE(outline);
    EXPECT_EQ(outline->record.type, frame.record.type);
    EXPECT_EQ(outline->record.txid, frame.record.txid);
    EXPECT_EQ(outline->size, frame.size);
    EXPECT_EQ(outline->crc, frame.crc);
    const bool is_plain = as_text(frame.record.key) == "a name";
    EXPECT_EQ(as_text(outline->record.key), is_plain ? "" : as_text(frame.record.key));
    const bool is_control = frame.record.type == RecordType::kRaw && !is_plain;
    EXPECT_EQ(outline->is_control(), is_control);
    EXPECT_EQ(as_text(outline->record.payload), is_control ? as_text(frame.record.payload) : "");
  }
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.is_at_end());
}

TEST(FrameOutline, ChecksumsCanBeLeftOut) {
  OutlineReader reader(
      block_of({frame_of(RecordType::kPut, 1, "key", "value")}, OutlineCrc::kLeaveOut));
  EXPECT_EQ(reader.next()->crc, 0U);
}

TEST(FrameOutline, ThereIsNoneOfControlRecordsThatNobodyWrites) {
  EXPECT_FALSE(has_outline(decoded(announcement(kBatchVersion + 1)).record));
  EXPECT_TRUE(has_outline(decoded(announcement(kBatchVersion)).record));
  const auto marked = [](std::size_t size) {
    return frame_of(RecordType::kRaw, 1, kCompactionMarkKey, std::string(size, 'x'));
  };
  EXPECT_FALSE(has_outline(decoded(marked(0)).record));
  EXPECT_TRUE(has_outline(decoded(marked(255)).record));
  EXPECT_FALSE(has_outline(decoded(marked(256)).record));
}

TEST(FrameOutline, ABlockIsFullBeforeItIsTooLarge) {
  OutlineWriter writer;
  const Bytes frame = frame_of(RecordType::kPut, 1, std::string(kKeySizeMax, 'k'), "");
  while (!writer.is_full()) writer.add(decoded(frame), OutlineCrc::kKeep);
  EXPECT_LE(writer.take().bytes.size(), kOutlineBlockSizeMax);
  EXPECT_TRUE(writer.is_empty());
}

// Whatever a byte is, nothing behind the block's end is looked at, and what is read has a size that
// a frame can have.
TEST(FrameOutline, EveryByteMayBeAnything) {
  const OutlineBlock good =
      block_of({frame_of(RecordType::kPut, 7, "key", "value"), announcement(kBatchVersion),
                frame_of(RecordType::kDelete, 100, "another", ""), mark(101, 5)});
  for (std::size_t at = 0; at < good.bytes.size(); ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      OutlineBlock block = good;
      block.bytes[at] = static_cast<std::byte>(value);
      OutlineReader reader(std::move(block));
      while (const auto outline = reader.next()) {
        EXPECT_GE(outline->size, kFrameSizeMin);
        EXPECT_LE(outline->size, kFrameSizeMax);
      }
    }
  }
}

TEST(FrameOutline, ABlockThatIsCutHasAnEndThatIsNone) {
  const OutlineBlock good = block_of(
      {frame_of(RecordType::kPut, 7, "key", "value"), frame_of(RecordType::kPut, 8, "k", "v")});
  for (std::size_t size = 0; size < good.bytes.size(); ++size) {
    OutlineReader reader({good.frame_count,
                          Bytes(good.bytes.begin(), good.bytes.begin() + static_cast<long>(size))});
    while (reader.next()) continue;
    EXPECT_FALSE(reader.is_at_end()) << size;
  }
}

}  // namespace
}  // namespace datawal::frame_outline_test
