#include "format/batch_frame.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/bytes_equal.h"
#include "base/crc32c.h"
#include "base/endian.h"
#include "format/frame_encoding.h"

namespace datawal {
namespace {

constexpr std::size_t kCountOffset = 4;
constexpr std::size_t kSizeOffset = 8;
constexpr std::size_t kCrcOffset = 16;
static_assert(kCrcOffset + sizeof(std::uint32_t) == kBatchPayloadSize);
static_assert(kBatchKey.starts_with(kReservedKeyPrefix));

using Payload = std::array<std::byte, kBatchPayloadSize>;

Payload encode_announcement(const BatchAnnouncement& announcement) noexcept {
  Payload payload{};
  payload[0] = std::byte{announcement.version};
  store_le(payload.data() + kCountOffset, announcement.record_count);
  store_le(payload.data() + kSizeOffset, announcement.size);
  store_le(payload.data() + kCrcOffset, announcement.crc);
  return payload;
}

// The CRC of what `crc` is of and, behind it, `frame_crc` as it is stored.
std::uint32_t add_checksum(std::uint32_t crc, std::uint32_t frame_crc) noexcept {
  std::array<std::byte, kFrameCrcSize> stored;
  store_le(stored.data(), frame_crc);
  return crc32c(stored, crc);
}

bool has_sane_fields(const BatchAnnouncement& announcement) noexcept {
  return announcement.record_count > 0 && announcement.record_count <= kBatchRecordsMax &&
         announcement.size <= kBatchSizeMax &&
         announcement.size >= announcement.record_count * std::uint64_t{kFrameSizeMin};
}

Error too_large(std::string_view what, std::size_t limit) {
  return {.code = ErrorCode::kTooLarge,
          .message = "a batch has at most " + std::to_string(limit) + " " + std::string(what) +
                     "; the record was not added, write the batch and begin another"};
}

ByteView without_checksum(ByteView frame) noexcept {
  return frame.first(frame.size() - kFrameCrcSize);
}

constexpr std::size_t kFour = 4;

// By turns, unless they are large, or so different that most of one is left for the end.
FourCrcs checksums_of(const std::array<MutableByteView, kFour>& frames) noexcept {
  constexpr std::size_t kSizeMax = 512;
  constexpr std::size_t kDifferenceMax = 64;
  const auto [smallest, largest] = std::ranges::minmax(frames, {}, &MutableByteView::size);
  const FourBlocks blocks = {without_checksum(frames[0]), without_checksum(frames[1]),
                             without_checksum(frames[2]), without_checksum(frames[3])};
  if (largest.size() <= kSizeMax && largest.size() - smallest.size() <= kDifferenceMax)
    return crc32c_four(blocks);
  return {crc32c(blocks[0]), crc32c(blocks[1]), crc32c(blocks[2]), crc32c(blocks[3])};
}

}  // namespace

Error batch_too_large(std::size_t record_count) {
  return record_count > kBatchRecordsMax ? too_large("records", kBatchRecordsMax)
                                         : too_large("bytes of frames", kBatchSizeMax);
}

Status check_key_allowed(RecordType type, ByteView key) {
  if (type != RecordType::kRaw || !as_text(key).starts_with(kReservedKeyPrefix)) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kInvalidArgument,
            .message = "keys of Raw records that begin with the bytes 00 64 77 61 6C 2F (NUL and "
                       "\"dwal/\") are reserved; nothing was written, choose another key"});
}

std::optional<BatchAnnouncement> decode_announcement(const RecordView& record) noexcept {
  if (record.type != RecordType::kRaw || record.key.size() != kBatchKey.size() ||
      !bytes_equal(record.key, as_bytes(kBatchKey)) || record.payload.size() < kCountOffset) {
    return std::nullopt;
  }
  const std::byte* const payload = record.payload.data();
  // The version and three zeros are what every version begins with.
  const auto version = load_le<std::uint32_t>(payload);
  if (version == 0 || version > UINT8_MAX) return std::nullopt;
  BatchAnnouncement announcement{.version = static_cast<std::uint8_t>(version)};
  if (!announcement.is_supported()) return announcement;
  if (record.payload.size() != kBatchPayloadSize) return std::nullopt;
  announcement.record_count = load_le<std::uint32_t>(payload + kCountOffset);
  announcement.size = load_le<std::uint64_t>(payload + kSizeOffset);
  announcement.crc = load_le<std::uint32_t>(payload + kCrcOffset);
  return has_sane_fields(announcement) ? std::optional(announcement) : std::nullopt;
}

bool BatchProgress::add(const DecodedFrame& frame) noexcept {
  const auto nested = decode_announcement(frame.record);
  if (count_ == announcement_.record_count || frame.record.txid != txid_ + 1 ||
      frame.size > announcement_.size - size_ || (nested && nested->is_supported())) {
    return false;
  }
  ++txid_;
  ++count_;
  size_ += frame.size;
  crc_ = add_checksum(crc_, frame.crc);
  return true;
}

DecodeOutcome BatchProgress::failure(std::uint64_t available) const noexcept {
  const std::uint64_t needed = announcement_.unit_size();
  if (available < needed) return Truncated{available, needed};
  return CrcMismatch{static_cast<std::size_t>(needed), announcement_.crc, crc_};
}

BatchChecksums encode_unpublished_batch(MutableByteView bytes, const WriteBatch& batch,
                                        Txid txid) noexcept {
  BatchAnnouncement announcement{.record_count = static_cast<std::uint32_t>(batch.size()),
                                 .size = batch.frames_size()};
  const MutableByteView frames = bytes.subspan(kBatchFrameSize);
  BatchChecksums checksums;
  const auto encode = [&](std::size_t index) {
    RecordView record = batch[index];
    record.txid = txid + 1 + index;
    const MutableByteView frame = frames.subspan(
        batch.frame_offset(index), frame_size(record.key.size(), record.payload.size()));
    encode_but_checksum(frame, record);
    return frame;
  };
  const auto add = [&](MutableByteView frame, std::uint32_t crc) {
    store_le(frame.data() + frame.size() - kFrameCrcSize, crc);
    checksums.last = crc;
    announcement.crc = add_checksum(announcement.crc, crc);
  };
  std::size_t index = 0;
  for (; index + kFour <= batch.size(); index += kFour) {
    const std::array<MutableByteView, kFour> four = {encode(index), encode(index + 1),
                                                     encode(index + 2), encode(index + 3)};
    const FourCrcs crcs = checksums_of(four);
    for (std::size_t at = 0; at < kFour; ++at) add(four[at], crcs[at]);
  }
  for (; index < batch.size(); ++index) {
    const MutableByteView frame = encode(index);
    add(frame, crc32c(without_checksum(frame)));
  }
  checksums.first = encode_unpublished_frame(
      bytes.first(kBatchFrameSize),
      {RecordType::kRaw, txid, as_bytes(kBatchKey), encode_announcement(announcement)});
  return checksums;
}

}  // namespace datawal
