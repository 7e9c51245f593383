#include "datawal/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "format/frame_layout.h"

namespace datawal::frame_test {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kPayloadSizeOffset = 20;
constexpr std::size_t kKeySizeOffset = 16;

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t index = 0; index + 1 < text.size(); index += 2) {
    bytes.push_back(
        static_cast<std::byte>(std::stoi(std::string(text.substr(index, 2)), nullptr, 16)));
  }
  return bytes;
}

Bytes encode(const RecordView& record) {
  Bytes frame(frame_size(record.key.size(), record.payload.size()));
  const Result<std::size_t> size = encode_frame(frame, record);
  EXPECT_EQ(size.value_or(0), frame.size());
  return frame;
}

RecordView put(Txid txid, std::string_view key, std::string_view value) {
  return {RecordType::kPut, txid, as_bytes(key), as_bytes(value)};
}

// Puts the checksum right again after a change.
void seal(Bytes& frame) {
  const std::uint32_t crc = crc32c(ByteView(frame).first(frame.size() - kFrameCrcSize));
  for (std::size_t index = 0; index < kFrameCrcSize; ++index) {
    frame[frame.size() - kFrameCrcSize + index] = static_cast<std::byte>(crc >> (8 * index));
  }
}

Bytes damaged(Bytes frame, std::size_t offset, unsigned value) {
  frame[offset] = static_cast<std::byte>(value);
  return frame;
}

void expect_structural(const Bytes& bytes, StructuralField field, std::uint32_t found,
                       std::string_view text) {
  const DecodeOutcome outcome = decode_frame(bytes);
  const auto* error = std::get_if<StructuralError>(&outcome);
  ASSERT_NE(error, nullptr) << "outcome " << outcome.index();
  EXPECT_EQ(error->field, field);
  EXPECT_EQ(error->found, found);
  EXPECT_EQ(error->to_string(), text);
}

void expect_truncated(ByteView bytes, std::uint64_t available, std::uint64_t needed) {
  const DecodeOutcome outcome = decode_frame(bytes);
  const auto* truncated = std::get_if<Truncated>(&outcome);
  ASSERT_NE(truncated, nullptr) << "outcome " << outcome.index();
  EXPECT_EQ(truncated->available, available);
  EXPECT_EQ(truncated->needed, needed);
}

TEST(FrameLayout, SizesAreThoseOfTheContract) {
  EXPECT_EQ(kFrameHeaderSize, 24U);
  EXPECT_EQ(kFrameSizeMin, 28U);
  EXPECT_EQ(kKeySizeMax, 65'536U);
  EXPECT_EQ(kPayloadSizeMax, 67'108'864U);
  EXPECT_EQ(kFrameSizeMax, 67'174'428U);
  EXPECT_EQ(frame_size(5, 7), 40U);
}

TEST(FrameEncode, RawFrameHasTheBytesOfTheContract) {
  EXPECT_EQ(encode({RecordType::kRaw, 1, {}, as_bytes("alpha")}),
            from_hex("4457414c0100000001000000000000000000000005000000616c70686159e778f6"));
}

TEST(FrameEncode, PutFrameHasTheBytesOfTheContract) {
  EXPECT_EQ(encode(put(2, "beta", "2")),
            from_hex("4457414c01000100020000000000000004000000010000006265746132a91d1db8"));
}

TEST(FrameEncode, DeleteFrameHasTheBytesOfTheContract) {
  EXPECT_EQ(encode({RecordType::kDelete, 4, as_bytes("beta"), {}}),
            from_hex("4457414c010002000400000000000000040000000000000062657461de5ce364"));
}

TEST(FrameEncode, EveryFieldHasItsPlaceAndByteOrder) {
  const Bytes frame =
      encode(put(0x0102'0304'0506'0708, std::string(0x0201, 'k'), std::string(0x030201, 'v')));
  EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 24),
            from_hex("4457414c0100010008070605040302010102000001020300"));
}

TEST(FrameEncode, LeavesTheRestOfALargerBufferAlone) {
  Bytes buffer(40, std::byte{0xEE});
  const Result<std::size_t> size = encode_frame(buffer, put(1, "k", "v"));
  EXPECT_EQ(size.value_or(0), 30U);
  EXPECT_TRUE(std::ranges::all_of(ByteView(buffer).subspan(30),
                                  [](std::byte byte) { return byte == std::byte{0xEE}; }));
}

TEST(FrameEncode, RefusesABufferThatIsTooSmallAndLeavesIt) {
  Bytes buffer(29, std::byte{0xEE});
  const Result<std::size_t> size = encode_frame(buffer, put(1, "k", "v"));
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(size.error().message, HasSubstr("needs 30 bytes and the buffer has 29"));
  EXPECT_EQ(buffer, Bytes(29, std::byte{0xEE}));
}

TEST(FrameEncode, RefusesAKeyOneByteAboveItsLimit) {
  const std::string key(kKeySizeMax + 1, 'k');
  Bytes buffer(frame_size(key.size(), 0));
  const Result<std::size_t> size = encode_frame(buffer, put(1, key, ""));
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(size.error().message, HasSubstr("key of 65537 bytes exceeds kKeySizeMax 65536"));
  EXPECT_EQ(buffer, Bytes(buffer.size()));
}

TEST(FrameEncode, RefusesAPayloadOneByteAboveItsLimit) {
  const std::string payload(kPayloadSizeMax + 1, 'p');
  const Status checked = check_record_size({}, as_bytes(payload));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(checked.error().message,
              HasSubstr("payload of 67108865 bytes exceeds kPayloadSizeMax 67108864"));
  Bytes buffer(10);
  EXPECT_EQ(encode_frame(buffer, {.payload = as_bytes(payload)}).error().code,
            ErrorCode::kTooLarge);
}

TEST(FrameEncode, RefusesARecordTypeThatDoesNotExist) {
  Bytes buffer(kFrameSizeMin);
  const Result<std::size_t> size = encode_frame(buffer, {.type = static_cast<RecordType>(3)});
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(buffer, Bytes(kFrameSizeMin));
}

TEST(FrameDecode, GivesBackWhatWasEncoded) {
  const Bytes frame = encode(put(42, "alpha", "value-1"));
  const DecodeOutcome outcome = decode_frame(frame);
  const auto* decoded = std::get_if<DecodedFrame>(&outcome);
  ASSERT_NE(decoded, nullptr);
  EXPECT_EQ(decoded->record.type, RecordType::kPut);
  EXPECT_EQ(decoded->record.txid, 42U);
  EXPECT_EQ(as_text(decoded->record.key), "alpha");
  EXPECT_EQ(as_text(decoded->record.payload), "value-1");
  EXPECT_EQ(decoded->size, frame.size());
}

TEST(FrameDecode, ViewsPointIntoTheBytesGiven) {
  const Bytes frame = encode(put(1, "key", "value"));
  const DecodeOutcome outcome = decode_frame(frame);
  const auto& record = std::get<DecodedFrame>(outcome).record;
  EXPECT_EQ(record.key.data(), frame.data() + kFrameHeaderSize);
  EXPECT_EQ(record.payload.data(), frame.data() + kFrameHeaderSize + 3);
}

TEST(FrameDecode, StopsAtTheEndOfTheFirstFrame) {
  Bytes bytes = encode(put(1, "a", "1"));
  const std::size_t first_size = bytes.size();
  const Bytes second = encode(put(2, "b", "2"));
  bytes.insert(bytes.end(), second.begin(), second.end());
  const DecodeOutcome outcome = decode_frame(bytes);
  EXPECT_EQ(std::get<DecodedFrame>(outcome).size, first_size);
}

TEST(FrameDecode, TakesEveryTypeWithAnyKeyAndPayload) {
  for (const RecordType type : {RecordType::kRaw, RecordType::kPut, RecordType::kDelete}) {
    for (const std::string_view key : {"", "key"}) {
      for (const std::string_view payload : {"", "payload"}) {
        const Bytes frame = encode({type, 0, as_bytes(key), as_bytes(payload)});
        const DecodeOutcome outcome = decode_frame(frame);
        const auto* decoded = std::get_if<DecodedFrame>(&outcome);
        ASSERT_NE(decoded, nullptr);
        EXPECT_EQ(decoded->record.type, type);
        EXPECT_EQ(as_text(decoded->record.key), key);
        EXPECT_EQ(as_text(decoded->record.payload), payload);
      }
    }
  }
}

TEST(FrameDecode, TakesTheLargestKeyAndPayload) {
  const std::string key(kKeySizeMax, 'k');
  const std::string payload(kPayloadSizeMax, 'p');
  const Bytes frame = encode(put(1, key, payload));
  EXPECT_EQ(frame.size(), kFrameSizeMax);
  const DecodeOutcome outcome = decode_frame(frame);
  ASSERT_TRUE(std::holds_alternative<DecodedFrame>(outcome));
  EXPECT_EQ(std::get<DecodedFrame>(outcome).record.payload.size(), kPayloadSizeMax);
}

TEST(FrameDecode, SaysWhatATruncatedHeaderNeeds) {
  const Bytes frame = encode(put(1, "key", "value"));
  for (std::size_t size = 0; size < kFrameHeaderSize; ++size) {
    expect_truncated(ByteView(frame).first(size), size, kFrameHeaderSize);
  }
}

TEST(FrameDecode, TakesAnyFewBytesForATruncatedHeader) {
  expect_truncated(Bytes(23, std::byte{0xFF}), 23, kFrameHeaderSize);
}

TEST(FrameDecode, SaysWhatATruncatedBodyNeeds) {
  const Bytes frame = encode(put(1, "key", "value"));
  for (std::size_t size = kFrameHeaderSize; size < frame.size(); ++size) {
    expect_truncated(ByteView(frame).first(size), size, frame.size());
  }
}

TEST(FrameDecode, RefusesAnotherMagic) {
  expect_structural(damaged(encode(put(1, "k", "v")), 0, 'X'), StructuralField::kMagic, 0x4C415758,
                    "bad magic, expected 44 57 41 4c (DWAL), found 58 57 41 4c");
}

TEST(FrameDecode, RefusesAnotherVersion) {
  expect_structural(damaged(encode(put(1, "k", "v")), 4, 99), StructuralField::kVersion, 99,
                    "unknown wire version 99 (this build supports 1)");
}

TEST(FrameDecode, RefusesAnotherRecordType) {
  expect_structural(damaged(encode(put(1, "k", "v")), 6, 200), StructuralField::kRecordType, 200,
                    "unknown record type 200");
}

TEST(FrameDecode, RefusesFlags) {
  expect_structural(damaged(encode(put(1, "k", "v")), 7, 1), StructuralField::kFlags, 1,
                    "reserved flags must be 0, found 1");
}

TEST(FrameDecode, RefusesAKeySizeAboveTheLimit) {
  expect_structural(from_hex("4457414c0100010001000000000000000100010000000000"),
                    StructuralField::kKeySize, 65'537, "key size 65537 exceeds 65536");
}

TEST(FrameDecode, RefusesAPayloadSizeAboveTheLimit) {
  expect_structural(from_hex("4457414c0100010001000000000000000000010001000004"),
                    StructuralField::kPayloadSize, 67'108'865,
                    "payload size 67108865 exceeds 67108864");
}

// Each header is wrong in one field and in all that are checked later.
TEST(FrameDecode, ChecksTheFieldsInTheOrderOfTheContract) {
  const std::vector<std::pair<StructuralField, Bytes>> cases = {
      {StructuralField::kMagic, from_hex("4557414c0200030100000000000000000100010001000004")},
      {StructuralField::kVersion, from_hex("4457414c0200030100000000000000000100010001000004")},
      {StructuralField::kRecordType, from_hex("4457414c0100030100000000000000000100010001000004")},
      {StructuralField::kFlags, from_hex("4457414c0100010100000000000000000100010001000004")},
      {StructuralField::kKeySize, from_hex("4457414c0100010000000000000000000100010001000004")},
      {StructuralField::kPayloadSize, from_hex("4457414c0100010000000000000000000000010001000004")},
  };
  for (const auto& [field, header] : cases) {
    const DecodeOutcome outcome = decode_frame(header);
    ASSERT_TRUE(std::holds_alternative<StructuralError>(outcome));
    EXPECT_EQ(std::get<StructuralError>(outcome).field, field);
  }
}

TEST(FrameDecode, FindsADamagedPayload) {
  Bytes frame = encode(put(1, "key", "value"));
  frame[frame.size() - kFrameCrcSize - 1] ^= std::byte{0xFF};
  const DecodeOutcome outcome = decode_frame(frame);
  const auto* mismatch = std::get_if<CrcMismatch>(&outcome);
  ASSERT_NE(mismatch, nullptr);
  EXPECT_EQ(mismatch->size, frame.size());
  EXPECT_NE(mismatch->stored, mismatch->computed);
  EXPECT_EQ(mismatch->computed, crc32c(ByteView(frame).first(frame.size() - kFrameCrcSize)));
}

TEST(FrameDecode, FindsEveryFlippedBit) {
  const Bytes whole = encode(put(7, "key", "value"));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes frame = whole;
    frame[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(std::holds_alternative<DecodedFrame>(decode_frame(frame))) << "bit " << bit;
  }
}

TEST(FrameDecode, NeverReadsOutsideTheBytesGiven) {
  std::mt19937_64 random(7);
  const Bytes whole = encode(put(7, "key", "value"));
  for (int round = 0; round < 20'000; ++round) {
    // Exactly as large as its content, so that a sanitizer sees every byte beyond it.
    Bytes bytes(whole.begin(), whole.begin() + static_cast<long>(random() % whole.size()));
    for (int change = 0; change < 2 && !bytes.empty(); ++change) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    const DecodeOutcome outcome = decode_frame(bytes);
    EXPECT_FALSE(std::holds_alternative<DecodedFrame>(outcome));
    if (const auto* truncated = std::get_if<Truncated>(&outcome)) {
      EXPECT_EQ(truncated->available, bytes.size());
      EXPECT_GT(truncated->needed, truncated->available);
    }
  }
}

TEST(HeaderDecode, LooksAtTheHeaderAlone) {
  const Bytes frame = encode(put(9, "key", "value"));
  const HeaderOutcome outcome = decode_header(ByteView(frame).first(kFrameHeaderSize));
  const auto* header = std::get_if<FrameHeader>(&outcome);
  ASSERT_NE(header, nullptr);
  EXPECT_EQ(header->type, RecordType::kPut);
  EXPECT_EQ(header->txid, 9U);
  EXPECT_EQ(header->key_size, 3U);
  EXPECT_EQ(header->payload_size, 5U);
  EXPECT_EQ(header->size(), frame.size());
}

TEST(HeaderDecode, TakesTheLimitsThemselves) {
  Bytes frame = encode({RecordType::kRaw, 1, {}, {}});
  frame[kKeySizeOffset + 2] = std::byte{1};      // 65,536
  frame[kPayloadSizeOffset + 3] = std::byte{4};  // 67,108,864
  const HeaderOutcome outcome = decode_header(frame);
  ASSERT_TRUE(std::holds_alternative<FrameHeader>(outcome));
  EXPECT_EQ(std::get<FrameHeader>(outcome).size(), kFrameSizeMax);
}

TEST(HeaderDecode, AZeroTxidIsNoDamage) {
  Bytes frame = encode({RecordType::kRaw, 0, {}, {}});
  seal(frame);
  EXPECT_TRUE(std::holds_alternative<DecodedFrame>(decode_frame(frame)));
}

TEST(RecordTypeName, NamesEveryType) {
  EXPECT_EQ(record_type_name(RecordType::kRaw), "Raw");
  EXPECT_EQ(record_type_name(RecordType::kPut), "Put");
  EXPECT_EQ(record_type_name(RecordType::kDelete), "Delete");
}

// The short look at a header takes what the long one takes.
TEST(FrameLayout, AWholeHeaderIsOneThatDecodes) {
  Bytes frame(frame_size(3, 5));
  ASSERT_TRUE(encode_frame(frame, {RecordType::kPut, 9, as_bytes("key"), as_bytes("value")}));
  const auto expect_same = [](ByteView bytes) {
    const HeaderOutcome outcome = decode_header(bytes);
    const auto* const decoded = std::get_if<FrameHeader>(&outcome);
    const std::optional<FrameHeader> whole = whole_header(bytes);
    ASSERT_EQ(whole.has_value(), decoded != nullptr);
    if (!whole) return;
    EXPECT_EQ(whole->type, decoded->type);
    EXPECT_EQ(whole->txid, decoded->txid);
    EXPECT_EQ(whole->key_size, decoded->key_size);
    EXPECT_EQ(whole->payload_size, decoded->payload_size);
  };
  for (std::size_t size = 0; size <= frame.size(); ++size) expect_same(ByteView(frame).first(size));
  for (std::size_t index = 0; index < kFrameHeaderSize; ++index) {
    const std::byte before = frame[index];
    for (unsigned value = 0; value < 256; ++value) {
      frame[index] = static_cast<std::byte>(value);
      expect_same(frame);
    }
    frame[index] = before;
  }
}

}  // namespace
}  // namespace datawal::frame_test
