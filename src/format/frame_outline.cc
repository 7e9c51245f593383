#include "format/frame_outline.h"

#include <array>
#include <utility>

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
  return record.type == RecordType::kRaw &&
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

// Takes the parts of outlines off the front of bytes, and remembers whether there were enough.
class Parts {
 public:
  explicit Parts(ByteView bytes) : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  template <std::unsigned_integral T>
  T integer() noexcept {
    if (!has(sizeof(T))) return 0;
    const T value = load_le<T>(at_);
    at_ += sizeof value;
    return value;
  }
  std::uint32_t varint() noexcept {
    std::uint32_t value = 0;
    for (std::size_t index = 0; index < kVarintSizeMax; ++index) {
      const auto part = integer<std::uint8_t>();
      value |= (part & ((1U << kVarintBits) - 1)) << (index * kVarintBits);
      if (part < 1U << kVarintBits) return value;
    }
    is_sound_ = false;
    return 0;
  }
  ByteView bytes(std::size_t size) noexcept {
    if (!has(size)) return {};
    const ByteView taken(at_, size);
    at_ += size;
    return taken;
  }
  [[nodiscard]] bool is_sound() const noexcept { return is_sound_; }
  [[nodiscard]] std::size_t taken() const noexcept {
    return static_cast<std::size_t>(at_ - begin_);
  }

 private:
  bool has(std::size_t size) noexcept {
    is_sound_ = is_sound_ && static_cast<std::size_t>(end_ - at_) >= size;
    return is_sound_;
  }

  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;
  bool is_sound_ = true;
};

}  // namespace

bool has_outline(const RecordView& record) noexcept {
  if (record.type != RecordType::kRaw) return true;
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
  std::array<std::byte, kFieldsSizeMax> fields;
  std::byte* to = store(fields.data(), static_cast<std::uint8_t>(flags));
  if (names_txid) to = store(to, record.txid);
  to = store_varint(to, record.key.size());
  to = store_varint(to, record.payload.size());
  if (crc == OutlineCrc::kKeep) to = store(to, frame.crc);
  Bytes& bytes = block_.bytes;
  if (bytes.capacity() < kOutlineBlockFull)
    bytes.reserve(kOutlineBlockFull + kOutlineBlockFull / 16);
  bytes.insert(bytes.end(), fields.data(), to);
  bytes.insert(bytes.end(), key.begin(), key.end());
  if (is_control) bytes.insert(bytes.end(), record.payload.begin(), record.payload.end());
  ++block_.frame_count;
  last_txid_ = record.txid;
}

OutlineBlock OutlineWriter::take() {
  return std::exchange(block_, {});
}

std::optional<FrameOutline> OutlineReader::next() noexcept {
  if (left_ == 0) return std::nullopt;
  Parts parts(ByteView(block_.bytes).subspan(offset_));
  FrameOutline outline;
  const auto flags = parts.integer<std::uint8_t>();
  const unsigned type = flags & kTypeMask;
  outline.record.type = static_cast<RecordType>(type);
  outline.record.txid = (flags & kNamesTxid) != 0 ? parts.integer<std::uint64_t>() : last_txid_ + 1;
  const std::size_t key_size = parts.varint();
  const std::size_t payload_size = parts.varint();
  if ((flags & kNamesCrc) != 0) outline.crc = parts.integer<std::uint32_t>();
  const bool has_payload = (flags & kHasPayload) != 0;
  if (type != std::to_underlying(RecordType::kRaw) || has_payload) {
    outline.record.key = parts.bytes(key_size);
  }
  if (has_payload && payload_size <= kControlPayloadSizeMax) {
    outline.record.payload = parts.bytes(payload_size);
  }
  outline.size = frame_size(key_size, payload_size);
  const bool is_control = is_control_record(outline.record);
  const bool is_sound = parts.is_sound() && (flags & ~kFlagsMask) == 0 &&
                        type <= std::to_underlying(RecordType::kDelete) &&
                        key_size <= kKeySizeMax && payload_size <= kPayloadSizeMax &&
                        has_payload == is_control && has_outline(outline.record);
  if (!is_sound) return std::nullopt;
  offset_ += parts.taken();
  last_txid_ = outline.record.txid;
  --left_;
  return outline;
}

}  // namespace datawal
