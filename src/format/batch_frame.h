// How a batch looks on disk: an announcement, which is a Raw record with a reserved key, and the
// frames of its records right behind it. docs/format.md has the table.
//
// The announcement's checksum is over the checksums of the frames, not over their bytes: the CRC of
// bytes that end in their own CRC does not depend on what they are, so that of a row of valid
// frames would tell no more than their sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "datawal/frame.h"
#include "datawal/write_batch.h"

namespace datawal {

// Keys of Raw records that begin so are for records with a meaning of their own.
inline constexpr std::string_view kReservedKeyPrefix{"\0dwal/", 6};
inline constexpr std::string_view kBatchKey{"\0dwal/batch", 11};

// Whether `record` may be one of these: for nearly all others that can be told from little.
[[nodiscard]] inline bool may_have_meaning(const RecordView& record) noexcept {
  return record.type == RecordType::kRaw && record.key.size() > kReservedKeyPrefix.size() &&
         record.key.front() == std::byte{0};
}

inline constexpr std::uint8_t kBatchVersion = 1;
inline constexpr std::size_t kBatchPayloadSize = 20;
inline constexpr std::size_t kBatchFrameSize = frame_size(kBatchKey.size(), kBatchPayloadSize);
static_assert(kBatchFrameSize == 59);

// Success, or kInvalidArgument for a Raw record with a reserved key.
[[nodiscard]] Status check_key_allowed(RecordType type, ByteView key);

// Success, or kTooLarge for a batch of so many records in frames of so many bytes.
[[nodiscard]] Error batch_too_large(std::size_t record_count);
[[nodiscard]] inline Status check_batch_size(std::size_t record_count, std::size_t frames_size) {
  if (record_count <= kBatchRecordsMax && frames_size <= kBatchSizeMax) [[likely]]
    return {};
  return std::unexpected(batch_too_large(record_count));
}

struct BatchAnnouncement {
  std::uint8_t version = kBatchVersion;  // of another one nothing else is known
  std::uint32_t record_count = 0;
  std::uint64_t size = 0;  // bytes of the frames behind the announcement
  std::uint32_t crc = 0;   // CRC-32C of the frames' checksums, each as stored

  [[nodiscard]] constexpr bool is_supported() const noexcept { return version == kBatchVersion; }
  // With the announcement's own frame.
  [[nodiscard]] constexpr std::uint64_t unit_size() const noexcept {
    return kBatchFrameSize + size;
  }
};

// What `record` announces; nullopt if it is any other record. Whoever wrote it: a record whose
// fields make no sense is not an announcement.
[[nodiscard]] std::optional<BatchAnnouncement> decode_announcement(
    const RecordView& record) noexcept;

// Follows the frames behind an announcement, and tells whether they are what it announces.
class BatchProgress {
 public:
  BatchProgress(const BatchAnnouncement& announcement, Txid txid) noexcept
      : announcement_(announcement), txid_(txid) {}

  // The next frame, which is valid by itself. False if it is not one of the batch.
  [[nodiscard]] bool add(const DecodedFrame& frame) noexcept;
  // Whether all of them have been there.
  [[nodiscard]] bool is_whole() const noexcept {
    return count_ == announcement_.record_count && size_ == announcement_.size &&
           crc_ == announcement_.crc;
  }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // What decoding the batch as one thing gives, if it is not whole and so many bytes of it are
  // there, the announcement included.
  [[nodiscard]] DecodeOutcome failure(std::uint64_t available) const noexcept;

 private:
  BatchAnnouncement announcement_;
  Txid txid_;  // of the last frame
  std::uint32_t count_ = 0;
  std::uint64_t size_ = 0;
  std::uint32_t crc_ = 0;
};

// The checksums of the first and the last frame of what was encoded.
struct BatchChecksums {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

// Writes all of `batch` but its first byte, which is kFrameFirstByte, to `bytes`, which has
// byte_size(). The batch has two records or more. `txid` is that of the announcement.
BatchChecksums encode_unpublished_batch(MutableByteView bytes, const WriteBatch& batch,
                                        Txid txid) noexcept;

}  // namespace datawal
