// The frame: how one record looks on disk (wire version 1), without any input or output.
//
//   std::array<std::byte, datawal::frame_size(5, 5)> buffer;
//   datawal::encode_frame(buffer, {datawal::RecordType::kPut, 1, as_bytes("alpha"),
//   as_bytes("value")}); datawal::DecodeOutcome outcome = datawal::decode_frame(buffer);
//
// Layout, little-endian: magic "DWAL", u16 version, u8 type, u8 flags, u64 txid, u32 key size, u32
// payload size, key, payload, u32 CRC-32C of everything before it. Pure functions; safe to use from
// any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "datawal/bytes.h"
#include "datawal/error.h"
#include "datawal/export.h"

namespace datawal {

enum class RecordType : std::uint8_t { kRaw = 0, kPut = 1, kDelete = 2 };

// "Raw", "Put" or "Delete".
[[nodiscard]] DATAWAL_EXPORT std::string_view record_type_name(RecordType type) noexcept;

// A record's number: the first of a log is 1 and each append adds 1.
using Txid = std::uint64_t;

inline constexpr std::uint16_t kWireVersion = 1;
inline constexpr std::size_t kFrameHeaderSize = 24;
inline constexpr std::size_t kFrameCrcSize = 4;
inline constexpr std::size_t kFrameSizeMin = kFrameHeaderSize + kFrameCrcSize;
inline constexpr std::size_t kKeySizeMax = 65'536;
inline constexpr std::size_t kPayloadSizeMax = 67'108'864;
inline constexpr std::size_t kFrameSizeMax = kFrameSizeMin + kKeySizeMax + kPayloadSizeMax;

// The bytes on disk of a record with a key and a payload of these sizes.
[[nodiscard]] constexpr std::size_t frame_size(std::size_t key_size,
                                               std::size_t payload_size) noexcept {
  return kFrameSizeMin + key_size + payload_size;
}

// One record. The views belong to whoever gave the record and are valid as long as that says.
struct RecordView {
  RecordType type = RecordType::kRaw;
  Txid txid = 0;
  ByteView key = {};
  ByteView payload = {};
};

// The 24 bytes in front of a key, checked: every field has a value that a frame of version 1 can
// have.
struct FrameHeader {
  RecordType type = RecordType::kRaw;
  Txid txid = 0;
  std::uint32_t key_size = 0;
  std::uint32_t payload_size = 0;

  // The size of the whole frame in bytes.
  [[nodiscard]] constexpr std::size_t size() const noexcept {
    return frame_size(key_size, payload_size);
  }
};

// A whole and valid frame. Its views point into the bytes it was decoded from.
struct DecodedFrame {
  RecordView record;
  std::size_t size = 0;   // of the frame, in bytes
  std::uint32_t crc = 0;  // as stored, and as computed
};

// Fewer bytes than the frame has: 24 needed if not even the header is there, else the whole frame.
struct Truncated {
  std::uint64_t available = 0;
  std::uint64_t needed = 0;
};

// All bytes are there and the checksum does not hold.
struct CrcMismatch {
  std::size_t size = 0;  // of the frame, as its header says
  std::uint32_t stored = 0;
  std::uint32_t computed = 0;
};

enum class StructuralField { kMagic, kVersion, kRecordType, kFlags, kKeySize, kPayloadSize };

// A header field with a value that no frame of version 1 has. `found` is the field's value,
// little-endian.
struct StructuralError {
  StructuralField field = StructuralField::kMagic;
  std::uint32_t found = 0;

  // "bad magic, expected 44 57 41 4c (DWAL), found 58 57 41 4c", and the like.
  [[nodiscard]] DATAWAL_EXPORT std::string to_string() const;
};

using DecodeOutcome = std::variant<DecodedFrame, Truncated, CrcMismatch, StructuralError>;
using HeaderOutcome = std::variant<FrameHeader, Truncated, StructuralError>;

// Writes `record` as a frame to the front of `buffer` and gives the frame's size in bytes. Fails
// with kTooLarge if the key or the payload is above its limit, and with kInvalidArgument if the
// type is none or the buffer is smaller than frame_size(); the buffer is then untouched. Neither
// view may overlap the buffer. Does not allocate.
[[nodiscard]] DATAWAL_EXPORT Result<std::size_t> encode_frame(MutableByteView buffer,
                                                              const RecordView& record);

// Reads the frame at the front of `bytes`, whatever they are, in place. Checks in the order of the
// contract: header present, then magic, version, type, flags, key size, payload size, then all
// bytes present, then the CRC. Never reads outside `bytes`; does not allocate; cost is one CRC over
// the frame.
[[nodiscard]] DATAWAL_EXPORT DecodeOutcome decode_frame(ByteView bytes) noexcept;

// The first half of decode_frame: the header alone, without a look at what follows.
[[nodiscard]] DATAWAL_EXPORT HeaderOutcome decode_header(ByteView bytes) noexcept;

// The limits of encode_frame as a check of its own: kTooLarge, naming the limit, or success.
[[nodiscard]] DATAWAL_EXPORT Status check_record_size(ByteView key, ByteView payload);

// CRC-32C (Castagnoli) of `bytes`, continued from `crc`, the value of what comes before them. Uses
// the processor's instruction where there is one, chosen once at run time.
[[nodiscard]] DATAWAL_EXPORT std::uint32_t crc32c(ByteView bytes, std::uint32_t crc = 0) noexcept;

}  // namespace datawal
