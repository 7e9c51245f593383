#include "format/batch_frame.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "format/frame_encoding.h"

namespace datawal::batch_frame_test {
namespace {

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  std::string digits;
  for (const char c : text) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

WriteBatch small_batch() {
  WriteBatch batch;
  EXPECT_TRUE(batch.put(as_bytes("k"), as_bytes("v1")));
  EXPECT_TRUE(batch.remove(as_bytes("gone")));
  EXPECT_TRUE(batch.append(as_bytes("raw")));
  return batch;
}

Bytes encoded(const WriteBatch& batch, Txid txid) {
  Bytes bytes(batch.byte_size());
  const BatchChecksums checksums = encode_unpublished_batch(bytes, batch, txid);
  EXPECT_EQ(bytes.front(), std::byte{0});
  bytes.front() = kFrameFirstByte;
  EXPECT_EQ(std::get<DecodedFrame>(decode_frame(bytes)).crc, checksums.first);
  return bytes;
}

// The frames of `bytes`, which are all intact.
std::vector<DecodedFrame> frames_of(ByteView bytes) {
  std::vector<DecodedFrame> frames;
  while (!bytes.empty()) {
    frames.push_back(std::get<DecodedFrame>(decode_frame(bytes)));
    bytes = bytes.subspan(frames.back().size);
  }
  return frames;
}

BatchProgress follow(const std::vector<DecodedFrame>& frames) {
  BatchProgress progress(*decode_announcement(frames.front().record), frames.front().record.txid);
  for (std::size_t index = 1; index < frames.size(); ++index) {
    if (!progress.add(frames[index])) break;
  }
  return progress;
}

RecordView announcement_with(ByteView payload) {
  return {RecordType::kRaw, 1, as_bytes(kBatchKey), payload};
}

TEST(BatchFrame, HasTheseBytes) {
  EXPECT_EQ(encoded(small_batch(), 7),
            from_hex("4457414c 0100 00 00 0700000000000000 0b000000 14000000"
                     "006477616c2f6261746368"
                     "01 000000 03000000 5e00000000000000 f6d30870"
                     "7804f9c8"
                     "4457414c 0100 01 00 0800000000000000 01000000 02000000 6b 7631 87fa53b1"
                     "4457414c 0100 02 00 0900000000000000 04000000 00000000 676f6e65 c5dc0ba2"
                     "4457414c 0100 00 00 0a00000000000000 00000000 03000000 726177 fda071fb"));
}

// However many there are, and however large beside each other.
TEST(BatchFrame, HasTheFramesThatItsRecordsHaveAlone) {
  std::mt19937 random(5);
  for (std::size_t round = 0; round < 300; ++round) {
    const std::size_t size_max = std::array{3U, 60U, 200U, 600U, 3'000U}.at(round % 5);
    WriteBatch batch;
    const std::size_t count = 2 + random() % 12;
    for (std::size_t index = 0; index < count; ++index) {
      const std::string key(random() % 40, static_cast<char>('a' + index));
      const std::string value(random() % size_max, static_cast<char>('A' + index));
      ASSERT_TRUE(random() % 4 == 0 ? batch.remove(as_bytes(key))
                                    : batch.put(as_bytes(key), as_bytes(value)));
    }
    const Bytes bytes = encoded(batch, 100);
    ByteView rest = ByteView(bytes).subspan(kBatchFrameSize);
    for (std::size_t index = 0; index < count; ++index) {
      RecordView record = batch[index];
      record.txid = 101 + index;
      Bytes alone(frame_size(record.key.size(), record.payload.size()));
      ASSERT_TRUE(encode_frame(alone, record));
      ASSERT_EQ(to_bytes(rest.first(alone.size())), alone) << "round " << round;
      rest = rest.subspan(alone.size());
    }
    ASSERT_TRUE(rest.empty());
    ASSERT_TRUE(follow(frames_of(bytes)).is_whole());
  }
}

TEST(BatchFrame, IsWholeWithAllItsFrames) {
  const Bytes bytes = encoded(small_batch(), 7);
  const std::vector<DecodedFrame> frames = frames_of(bytes);
  ASSERT_EQ(frames.size(), 4U);
  const auto announcement = decode_announcement(frames[0].record);
  ASSERT_TRUE(announcement);
  EXPECT_EQ(announcement->record_count, 3U);
  EXPECT_EQ(announcement->unit_size(), bytes.size());
  EXPECT_TRUE(follow(frames).is_whole());
}

TEST(BatchFrame, IsNotWholeWithoutItsLastFrame) {
  const Bytes bytes = encoded(small_batch(), 7);
  std::vector<DecodedFrame> frames = frames_of(bytes);
  frames.pop_back();
  EXPECT_FALSE(follow(frames).is_whole());
}

// A valid frame of the same size and txid in the place of another.
TEST(BatchFrame, IsNotWholeWithAnotherValidFrame) {
  Bytes bytes = encoded(small_batch(), 7);
  const MutableByteView last = MutableByteView(bytes).last(frame_size(0, 3));
  ASSERT_TRUE(encode_frame(last, {RecordType::kRaw, 10, {}, as_bytes("war")}));
  EXPECT_FALSE(follow(frames_of(bytes)).is_whole());
}

TEST(BatchFrame, IsNotWholeWithOtherTxids) {
  const Bytes bytes = encoded(small_batch(), 7);
  std::vector<DecodedFrame> frames = frames_of(bytes);
  frames[0].record.txid = 6;
  EXPECT_FALSE(follow(frames).is_whole());
}

TEST(BatchFrame, TellsWhatIsMissing) {
  const Bytes bytes = encoded(small_batch(), 7);
  std::vector<DecodedFrame> frames = frames_of(bytes);
  frames.pop_back();
  const BatchProgress progress = follow(frames);
  const DecodeOutcome truncated = progress.failure(bytes.size() - 1);
  EXPECT_EQ(std::get<Truncated>(truncated).needed, bytes.size());
  const DecodeOutcome mismatch = progress.failure(bytes.size());
  EXPECT_EQ(std::get<CrcMismatch>(mismatch).size, bytes.size());
}

TEST(BatchFrame, FieldsThatMakeNoSenseAnnounceNothing) {
  const Bytes good = from_hex("01000000 03000000 5e00000000000000 00000000");
  EXPECT_TRUE(decode_announcement(announcement_with(good)));
  for (const std::string_view payload : {
           "",                                               // nothing
           "010000",                                         // less than a version
           "01000000 03000000 5e00000000000000 000000",      // too short
           "01000000 03000000 5e00000000000000 0000000000",  // too long
           "00000000 03000000 5e00000000000000 00000000",    // version 0
           "01000001 03000000 5e00000000000000 00000000",    // no zeros behind the version
           "01000000 00000000 5e00000000000000 00000000",    // no records
           "01000000 04000000 5e00000000000000 00000000",    // more than there are bytes for
           "01000000 ffffffff ffffffffffffffff 00000000",    // above the limits
           "01000000 03000000 0100004000000000 00000000",    // one byte above the limit
       }) {
    EXPECT_FALSE(decode_announcement(announcement_with(from_hex(payload)))) << payload;
  }
  EXPECT_FALSE(decode_announcement({RecordType::kPut, 1, as_bytes(kBatchKey), good}));
  EXPECT_FALSE(decode_announcement({RecordType::kRaw, 1, as_bytes("batch"), good}));
}

TEST(BatchFrame, KnowsThatItDoesNotKnowAVersion) {
  const auto announcement = decode_announcement(announcement_with(from_hex("02000000")));
  ASSERT_TRUE(announcement);
  EXPECT_FALSE(announcement->is_supported());
  EXPECT_EQ(announcement->version, 2);
}

TEST(BatchFrame, AnAnnouncementAmongItsFramesMakesItNone) {
  WriteBatch inner;
  ASSERT_TRUE(inner.append({}));
  ASSERT_TRUE(inner.append({}));
  Bytes bytes = encoded(inner, 2);
  std::vector<DecodedFrame> frames = frames_of(bytes);
  BatchProgress progress({.record_count = 1, .size = frames[0].size}, 1);
  EXPECT_FALSE(progress.add(frames[0]));
}

TEST(WriteBatch, CountsRecordsAndBytes) {
  WriteBatch batch;
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.byte_size(), 0U);
  ASSERT_TRUE(batch.put(as_bytes("key"), as_bytes("value")));
  EXPECT_EQ(batch.byte_size(), frame_size(3, 5)) << "a record by itself is not announced";
  ASSERT_TRUE(batch.remove(as_bytes("k")));
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch.byte_size(), frame_size(3, 5) + frame_size(1, 0) + 59);
  EXPECT_EQ(batch.frame_offset(1), frame_size(3, 5));
  EXPECT_EQ(as_text(batch[0].payload), "value");
  EXPECT_EQ(batch[1].type, RecordType::kDelete);
  batch.clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.byte_size(), 0U);
}

TEST(WriteBatch, OwnsCopiesAndMoves) {
  WriteBatch batch;
  {
    const std::string key = "a key that is not here for long";
    ASSERT_TRUE(batch.put(as_bytes(key), {}));
  }
  WriteBatch moved = std::move(batch);
  EXPECT_EQ(as_text(moved[0].key), "a key that is not here for long");
  const WriteBatch copy = moved;
  moved.clear();
  EXPECT_EQ(as_text(copy[0].key), "a key that is not here for long");
}

TEST(WriteBatch, RefusesWhatNoRecordCanBe) {
  WriteBatch batch;
  const Bytes large_key(kKeySizeMax + 1);
  EXPECT_EQ(batch.put(large_key, {}).error().code, ErrorCode::kTooLarge);
  const Bytes large_value(kPayloadSizeMax + 1);
  EXPECT_EQ(batch.put({}, large_value).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(batch.append_record(static_cast<RecordType>(3), {}, {}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(batch.append_record(RecordType::kRaw, as_bytes(kReservedKeyPrefix), {}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(batch.put(as_bytes(kBatchKey), {})) << "such keys are reserved for Raw records only";
  EXPECT_TRUE(batch.remove(as_bytes(kBatchKey)));
  EXPECT_TRUE(batch.append_record(RecordType::kRaw, as_bytes("key"), {}));
}

TEST(WriteBatch, IsBounded) {
  EXPECT_TRUE(check_batch_size(kBatchRecordsMax, kBatchSizeMax));
  EXPECT_EQ(check_batch_size(kBatchRecordsMax + 1, 0).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(check_batch_size(1, kBatchSizeMax + 1).error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace datawal::batch_frame_test
