#include "datawal/frame.h"

#include <array>
#include <utility>

#include "base/copy_short.h"
#include "base/endian.h"
#include "base/try.h"
#include "format/frame_encoding.h"
#include "format/frame_layout.h"

namespace datawal {
namespace {

using frame_layout::kFlagsOffset;
using frame_layout::kKeySizeOffset;
using frame_layout::kMagic;
using frame_layout::kPayloadSizeOffset;
using frame_layout::kTxidOffset;
using frame_layout::kTypeOffset;
using frame_layout::kVersionOffset;

static_assert(kFrameSizeMax == 67'174'428);
static_assert(kFrameFirstByte == static_cast<std::byte>(kMagic & 0xFFU));

std::uint64_t first_word(const RecordView& record) noexcept {
  return kMagic | std::uint64_t{kWireVersion} << 8 * kVersionOffset |
         std::uint64_t{std::to_underlying(record.type)} << 8 * kTypeOffset;
}

std::uint64_t sizes_word(const RecordView& record) noexcept {
  return record.key.size() | std::uint64_t{record.payload.size()}
                                 << 8 * (kPayloadSizeOffset - kKeySizeOffset);
}

void copy_body(MutableByteView frame, const RecordView& record) noexcept {
  std::byte* const key = frame.data() + kFrameHeaderSize;
  copy_short(key, record.key);
  copy_short(key + record.key.size(), record.payload);
}

DecodedFrame decoded(const FrameHeader& header, ByteView bytes, std::uint32_t crc) noexcept {
  const ByteView body = bytes.subspan(kFrameHeaderSize);
  return {{header.type, header.txid, body.first(header.key_size),
           body.subspan(header.key_size, header.payload_size)},
          header.size(),
          crc};
}

Error too_large(std::string_view what, std::size_t size, std::string_view limit_name,
                std::size_t limit) {
  return {.code = ErrorCode::kTooLarge,
          .message = std::string(what) + " of " + std::to_string(size) + " bytes exceeds " +
                     std::string(limit_name) + " " + std::to_string(limit) +
                     "; nothing was written, split it or store a reference"};
}

}  // namespace

std::string_view record_type_name(RecordType type) noexcept {
  switch (type) {
    case RecordType::kRaw:
      return "Raw";
    case RecordType::kPut:
      return "Put";
    case RecordType::kDelete:
      return "Delete";
  }
  std::unreachable();
}

std::string StructuralError::to_string() const {
  switch (field) {
    case StructuralField::kMagic: {
      constexpr std::string_view kDigits = "0123456789abcdef";
      std::string text = "bad magic, expected 44 57 41 4c (DWAL), found";
      for (unsigned shift = 0; shift < 32; shift += 8) {
        text += {' ', kDigits[(found >> (shift + 4)) & 15U], kDigits[(found >> shift) & 15U]};
      }
      return text;
    }
    case StructuralField::kVersion:
      return "unknown wire version " + std::to_string(found) + " (this build supports 1)";
    case StructuralField::kRecordType:
      return "unknown record type " + std::to_string(found);
    case StructuralField::kFlags:
      return "reserved flags must be 0, found " + std::to_string(found);
    case StructuralField::kKeySize:
      return "key size " + std::to_string(found) + " exceeds " + std::to_string(kKeySizeMax);
    case StructuralField::kPayloadSize:
      return "payload size " + std::to_string(found) + " exceeds " +
             std::to_string(kPayloadSizeMax);
  }
  std::unreachable();
}

Error no_such_record_type(RecordType type) {
  return {.code = ErrorCode::kInvalidArgument,
          .message = "record type " + std::to_string(std::to_underlying(type)) +
                     " does not exist; nothing was written"};
}

Status check_record_size(ByteView key, ByteView payload) {
  if (key.size() > kKeySizeMax) {
    return std::unexpected(too_large("key", key.size(), "kKeySizeMax", kKeySizeMax));
  }
  if (payload.size() > kPayloadSizeMax) {
    return std::unexpected(
        too_large("payload", payload.size(), "kPayloadSizeMax", kPayloadSizeMax));
  }
  return {};
}

Result<std::size_t> encode_frame(MutableByteView buffer, const RecordView& record) {
  DATAWAL_TRY(check_record_type(record.type));
  DATAWAL_TRY(check_record_size(record.key, record.payload));
  const std::size_t size = frame_size(record.key.size(), record.payload.size());
  if (buffer.size() < size) {
    return std::unexpected(
        Error{.code = ErrorCode::kInvalidArgument,
              .message = "the frame needs " + std::to_string(size) + " bytes and the buffer has " +
                         std::to_string(buffer.size()) + "; size it with frame_size()"});
  }
  encode_unpublished_frame(buffer.first(size), record);
  buffer.front() = kFrameFirstByte;
  return size;
}

// By whole words: what is stored in small pieces and read again as a large one is waited for.
std::uint32_t encode_unpublished_frame(MutableByteView frame, const RecordView& record) noexcept {
  const std::uint64_t first = first_word(record);
  const std::uint64_t sizes = sizes_word(record);
  std::array<std::byte, kFrameHeaderSize> header;
  store_le(header.data(), first);
  store_le(header.data() + kTxidOffset, record.txid);
  store_le(header.data() + kKeySizeOffset, sizes);
  // All of the first word but its first byte, and one too many, which is the next one's.
  store_le(frame.data() + 1, first >> 8);
  store_le(frame.data() + kTxidOffset, record.txid);
  store_le(frame.data() + kKeySizeOffset, sizes);
  copy_body(frame, record);
  const ByteView body =
      frame.subspan(kFrameHeaderSize, frame.size() - kFrameHeaderSize - kFrameCrcSize);
  const std::uint32_t crc = crc32c(body, crc32c(header));
  store_le(frame.data() + frame.size() - kFrameCrcSize, crc);
  return crc;
}

void encode_but_checksum(MutableByteView frame, const RecordView& record) noexcept {
  store_le(frame.data(), first_word(record));
  store_le(frame.data() + kTxidOffset, record.txid);
  store_le(frame.data() + kKeySizeOffset, sizes_word(record));
  copy_body(frame, record);
}

HeaderOutcome decode_header(ByteView bytes) noexcept {
  if (bytes.size() < kFrameHeaderSize) return Truncated{bytes.size(), kFrameHeaderSize};
  const std::byte* const header = bytes.data();
  if (const auto magic = load_le<std::uint32_t>(header); magic != kMagic) {
    return StructuralError{StructuralField::kMagic, magic};
  }
  if (const auto version = load_le<std::uint16_t>(header + kVersionOffset);
      version != kWireVersion) {
    return StructuralError{StructuralField::kVersion, version};
  }
  const auto type = std::to_integer<std::uint8_t>(header[kTypeOffset]);
  if (type > std::to_underlying(RecordType::kDelete)) {
    return StructuralError{StructuralField::kRecordType, type};
  }
  if (const auto flags = std::to_integer<std::uint8_t>(header[kFlagsOffset]); flags != 0) {
    return StructuralError{StructuralField::kFlags, flags};
  }
  const auto key_size = load_le<std::uint32_t>(header + kKeySizeOffset);
  if (key_size > kKeySizeMax) return StructuralError{StructuralField::kKeySize, key_size};
  const auto payload_size = load_le<std::uint32_t>(header + kPayloadSizeOffset);
  if (payload_size > kPayloadSizeMax) {
    return StructuralError{StructuralField::kPayloadSize, payload_size};
  }
  return FrameHeader{static_cast<RecordType>(type), load_le<std::uint64_t>(header + kTxidOffset),
                     key_size, payload_size};
}

DecodeOutcome decode_frame(ByteView bytes) noexcept {
  const HeaderOutcome outcome = decode_header(bytes);
  if (const auto* truncated = std::get_if<Truncated>(&outcome)) return *truncated;
  if (const auto* structural = std::get_if<StructuralError>(&outcome)) return *structural;
  const FrameHeader& header = *std::get_if<FrameHeader>(&outcome);
  const std::size_t size = header.size();
  if (bytes.size() < size) return Truncated{bytes.size(), size};
  const auto stored = load_le<std::uint32_t>(bytes.data() + size - kFrameCrcSize);
  const std::uint32_t computed = crc32c(bytes.first(size - kFrameCrcSize));
  if (stored != computed) return CrcMismatch{size, stored, computed};
  return decoded(header, bytes, stored);
}

DecodedFrame decode_checked_frame(ByteView bytes) noexcept {
  const std::byte* const at = bytes.data();
  const FrameHeader header{
      static_cast<RecordType>(at[kTypeOffset]), load_le<std::uint64_t>(at + kTxidOffset),
      load_le<std::uint32_t>(at + kKeySizeOffset), load_le<std::uint32_t>(at + kPayloadSizeOffset)};
  return decoded(header, bytes, load_le<std::uint32_t>(at + header.size() - kFrameCrcSize));
}

}  // namespace datawal
