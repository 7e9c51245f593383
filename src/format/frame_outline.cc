#include "format/frame_outline.h"

#include <limits>
#include <memory>
#include <utility>

#include "base/copy_short.h"
#include "base/endian.h"
#include "format/batch_frame.h"
#include "format/compaction_mark.h"

namespace datawal {
namespace {

// The first byte of an outline.
constexpr unsigned kTypeMask = 3;
constexpr unsigned kNamesTxid = 4;  // otherwise it is the one before, and 1
constexpr unsigned kNamesCrc = 8;
constexpr unsigned kHasPayload = 16;
constexpr unsigned kFlagsMask = 31;

constexpr unsigned kVarintBits = 7;
constexpr std::size_t kVarintSizeMax = 4;  // sizes have 27 bits at most
constexpr std::size_t kFieldsSizeMax =
    1 + sizeof(Txid) + 2 * kVarintSizeMax + sizeof(std::uint32_t);
static_assert(kFieldsSizeMax + kKeySizeMax + kControlPayloadSizeMax == kOutlineSizeMax);

bool is_control_record(const RecordView& record) {
  return may_have_meaning(record) &&
         (decode_announcement(record) || decode_compaction_mark(record));
}

std::byte* store_varint(std::byte* to, std::size_t value) noexcept {
  while (value >= 1U << kVarintBits) {
    *to++ = static_cast<std::byte>(value | 1U << kVarintBits);
    value >>= kVarintBits;
  }
  *to++ = static_cast<std::byte>(value);
  return to;
}

template <std::unsigned_integral T>
std::byte* store(std::byte* to, T value) noexcept {
  store_le(to, value);
  return to + sizeof value;
}

std::byte* store(std::byte* to, ByteView bytes) noexcept {
  copy_short(to, bytes);
  return to + bytes.size();
}

template <std::unsigned_integral T>
T take(const std::byte*& at) noexcept {
  const T value = load_le<T>(at);
  at += sizeof value;
  return value;
}

// A number that no varint stands for where there is none.
std::size_t take_varint(const std::byte*& at) noexcept {
  std::size_t value = 0;
  for (std::size_t index = 0; index < kVarintSizeMax; ++index) {
    const std::size_t part = take<std::uint8_t>(at);
    value |= (part & ((1U << kVarintBits) - 1)) << (index * kVarintBits);
    if (part < 1U << kVarintBits) return value;
  }
  return std::numeric_limits<std::size_t>::max();
}

}  // namespace

bool has_outline(const RecordView& record) noexcept {
  if (!may_have_meaning(record)) return true;
  const auto batch = decode_announcement(record);
  if (batch) return batch->is_supported();
  const std::size_t size = record.payload.size();
  return !decode_compaction_mark(record) || (size > 0 && size <= kControlPayloadSizeMax);
}

void OutlineWriter::add(const DecodedFrame& frame, OutlineCrc crc) {
  const RecordView& record = frame.record;
  const bool is_control = is_control_record(record);
  const ByteView key = record.type != RecordType::kRaw || is_control ? record.key : ByteView{};
  const bool names_txid = is_empty() || record.txid != last_txid_ + 1;
  unsigned flags = std::to_underlying(record.type);
  if (names_txid) flags |= kNamesTxid;
  if (crc == OutlineCrc::kKeep) flags |= kNamesCrc;
  if (is_control) flags |= kHasPayload;
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(kOutlineBlockSizeMax);
  std::byte* to = store(buffer_.get() + size_, static_cast<std::uint8_t>(flags));
  if (names_txid) to = store(to, record.txid);
  to = store_varint(to, record.key.size());
  to = store_varint(to, record.payload.size());
  if (crc == OutlineCrc::kKeep) to = store(to, frame.crc);
  to = store(to, key);
  if (is_control) to = store(to, record.payload);
  size_ = static_cast<std::size_t>(to - buffer_.get());
  ++frame_count_;
  last_txid_ = record.txid;
}

OutlineBlock OutlineWriter::take() {
  return {std::exchange(frame_count_, 0),
          Bytes(buffer_.get(), buffer_.get() + std::exchange(size_, 0))};
}

OutlineReader::OutlineReader(OutlineBlock block)
    : bytes_(std::move(block.bytes)), size_(bytes_.size()), left_(block.frame_count) {
  bytes_.resize(size_ + kFieldsSizeMax);
}

inline bool OutlineReader::take_next(FrameOutline& outline) noexcept {
  if (left_ == 0) return false;
  const std::byte* const end = bytes_.data() + size_;
  const std::byte* at = bytes_.data() + offset_;
  const auto flags = take<std::uint8_t>(at);
  const auto type = static_cast<RecordType>(flags & kTypeMask);
  const Txid txid = (flags & kNamesTxid) != 0 ? take<std::uint64_t>(at) : last_txid_ + 1;
  const std::size_t key_size = take_varint(at);
  const std::size_t payload_size = take_varint(at);
  const std::uint32_t crc = (flags & kNamesCrc) != 0 ? take<std::uint32_t>(at) : 0;
  const bool has_payload = (flags & kHasPayload) != 0;
  const bool is_sound = at <= end && flags <= kFlagsMask && type <= RecordType::kDelete &&
                        key_size <= kKeySizeMax && payload_size <= kPayloadSizeMax;
  if (!is_sound) return false;
  const std::size_t kept_key = type != RecordType::kRaw || has_payload ? key_size : 0;
  const std::size_t kept_payload = has_payload ? payload_size : 0;
  if (static_cast<std::size_t>(end - at) < kept_key + kept_payload) return false;
  outline.record.type = type;
  outline.record.txid = txid;
  outline.record.key = {at, kept_key};
  outline.record.payload = {at + kept_key, kept_payload};
  outline.size = frame_size(key_size, payload_size);
  outline.crc = crc;
  if (has_payload || type == RecordType::kRaw) [[unlikely]] {
    const bool is_known = has_payload == is_control_record(outline.record) &&
                          kept_payload <= kControlPayloadSizeMax && has_outline(outline.record);
    if (!is_known) return false;
  }
  offset_ = static_cast<std::size_t>(at - bytes_.data()) + kept_key + kept_payload;
  last_txid_ = txid;
  --left_;
  return true;
}

bool OutlineReader::next(FrameOutline& outline) noexcept {
  return take_next(outline);
}

std::size_t OutlineReader::next(std::span<FrameOutline> outlines) noexcept {
  std::size_t count = 0;
  while (count < outlines.size() && take_next(outlines[count])) ++count;
  return count;
}

}  // namespace datawal
