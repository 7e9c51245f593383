#include "segment/frame_search.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "base/endian.h"
#include "base/try.h"
#include "segment/segment_reader.h"
#include "segment/zero_scan.h"

namespace datawal {
namespace {

constexpr std::size_t kMagicSize = 4;
constexpr std::array<std::byte, kMagicSize> kMagic = {std::byte{0x44}, std::byte{0x57},
                                                      std::byte{0x41}, std::byte{0x4C}};

// Where the magic first stands in `bytes`, or where it could still begin at their end.
std::size_t find_magic(ByteView bytes) {
  std::size_t index = 0;
  while (index < bytes.size()) {
    const void* hit =
        std::memchr(bytes.data() + index, std::to_integer<int>(kMagic[0]), bytes.size() - index);
    if (hit == nullptr) return bytes.size();
    index = static_cast<std::size_t>(static_cast<const std::byte*>(hit) - bytes.data());
    const std::size_t size = std::min(kMagicSize, bytes.size() - index);
    if (std::memcmp(bytes.data() + index, kMagic.data(), size) == 0) return index;
    ++index;
  }
  return index;
}

Txid saturating_add(Txid a, std::uint64_t b) {
  const Txid room = std::numeric_limits<Txid>::max() - a;
  return b > room ? std::numeric_limits<Txid>::max() : a + b;
}

}  // namespace

FrameSearch::FrameSearch(const File& file, std::uint64_t begin, std::uint64_t end, Txid last_txid,
                         std::optional<Txid> txid_limit)
    : file_(&file),
      begin_(begin),
      end_(std::max(begin, end)),
      txid_limit_(txid_limit),
      position_(begin),
      previous_txid_(last_txid),
      highest_txid_(last_txid),
      window_(file, end_),
      range_crc_(file, end_),
      refutation_allowance_(2 * (end_ - begin_)) {}

Result<std::optional<FoundFrame>> FrameSearch::next() {
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<Stretch> stretch, next_stretch());
    if (!stretch) return std::nullopt;
    if (stretch->frame) return FoundFrame{stretch->offset, *stretch->frame};
  }
}

Result<std::optional<Stretch>> FrameSearch::next_stretch() {
  if (found_) {
    const FoundFrame frame = *found_;
    found_.reset();
    return accept(frame);
  }
  if (position_ >= end_) return std::nullopt;
  DATAWAL_TRY_ASSIGN(const Look look, look_at(position_));
  if (look.is_intact) return accept({position_, *look.header});
  if (position_ >= end_) return std::nullopt;  // the file has become shorter
  if (!txid_before_damage_) txid_before_damage_ = highest_txid_;
  const std::uint64_t offset = position_;
  DATAWAL_TRY_ASSIGN(position_, find_continuation(offset, look));
  return Stretch{offset, position_ - offset, std::nullopt, look.damage};
}

Result<Stretch> FrameSearch::accept(const FoundFrame& frame) {
  position_ = frame.offset + frame.header.size();
  range_crc_.forget_before(position_);
  previous_txid_ = frame.header.txid;
  highest_txid_ = std::max(highest_txid_, previous_txid_);
  Stretch stretch{.offset = frame.offset, .size = frame.header.size(), .frame = frame.header};
  DATAWAL_TRY_ASSIGN(const auto announcement, announced_by(frame));
  if (!announcement) return stretch;
  DATAWAL_TRY_ASSIGN(const BatchProgress progress, follow_batch(*announcement, previous_txid_));
  if (progress.is_whole()) return stretch;
  stretch.frame.reset();
  stretch.damage = progress.failure(end_ - frame.offset);
  stretch.batch = TornBatch{previous_txid_, announcement->unit_size()};
  return stretch;
}

// What an intact frame announces, if this build can tell.
Result<std::optional<BatchAnnouncement>> FrameSearch::announced_by(const FoundFrame& frame) {
  if (frame.header.type != RecordType::kRaw || frame.header.size() != kBatchFrameSize) {
    return std::nullopt;
  }
  DATAWAL_TRY_ASSIGN(const ByteView bytes, window_.at(frame.offset, kBatchFrameSize));
  const DecodeOutcome outcome = decode_frame(bytes.first(std::min(bytes.size(), kBatchFrameSize)));
  const auto* decoded = std::get_if<DecodedFrame>(&outcome);
  if (decoded == nullptr) return std::nullopt;  // not what was read a moment ago
  const auto announcement = decode_announcement(decoded->record);
  return announcement && announcement->is_supported() ? announcement : std::nullopt;
}

// Looks at the frames from position_ on, as far as they are of the batch. No other batch is among
// them, so that all of it together is one more pass.
Result<BatchProgress> FrameSearch::follow_batch(const BatchAnnouncement& announcement, Txid txid) {
  BatchProgress progress(announcement, txid);
  while (progress.size() < announcement.size && position_ + progress.size() < end_) {
    const std::uint64_t offset = position_ + progress.size();
    DATAWAL_TRY_ASSIGN(const Look look, look_at(offset));
    if (!look.is_intact) break;
    DATAWAL_TRY_ASSIGN(const auto nested, announced_by({offset, *look.header}));
    if (nested || !progress.add({{.type = look.header->type, .txid = look.header->txid},
                                 look.header->size(),
                                 look.crc})) {
      break;
    }
  }
  return progress;
}

Result<FrameSearch::Look> FrameSearch::look_at(std::uint64_t offset) {
  const std::uint64_t left = end_ - offset;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, kFrameHeaderSize));
  DATAWAL_TRY_ASSIGN(const ByteView bytes, window_.at(offset, wanted));
  if (bytes.size() < wanted) end_ = offset + bytes.size();
  const HeaderOutcome outcome = decode_header(bytes.first(std::min(bytes.size(), wanted)));
  if (const auto* truncated = std::get_if<Truncated>(&outcome)) return Look{.damage = *truncated};
  if (const auto* error = std::get_if<StructuralError>(&outcome)) return Look{.damage = *error};
  const FrameHeader& header = *std::get_if<FrameHeader>(&outcome);
  if (header.size() > left) return Look{.damage = Truncated{left, header.size()}};
  return check_body({offset, header});
}

// The frame is known to lie before end_.
Result<FrameSearch::Look> FrameSearch::check_body(const FoundFrame& frame) {
  const std::size_t size = frame.header.size();
  const std::size_t covered_size = size - kFrameCrcSize;
  DATAWAL_TRY_ASSIGN(const auto computed, crc_of(frame.offset, covered_size));
  DATAWAL_TRY_ASSIGN(const ByteView stored_bytes, peek(frame.offset + covered_size, kFrameCrcSize));
  if (!computed || stored_bytes.size() < kFrameCrcSize) {
    DATAWAL_TRY_ASSIGN(const std::uint64_t file_size, file_->size());
    end_ = std::clamp(file_size, frame.offset, end_);
    return Look{.damage = Truncated{end_ - frame.offset, size}};
  }
  const auto stored = load_le<std::uint32_t>(stored_bytes.data());
  if (stored == *computed) return Look{.header = frame.header, .is_intact = true, .crc = stored};
  bytes_wasted_ += size + FileWindow::kSize;
  return Look{.header = frame.header, .damage = CrcMismatch{size, stored, *computed}};
}

// Reading the whole range is cheapest as long as most candidates turn out to be frames. Where they
// do not, the cost of a candidate must not depend on the size that it claims.
Result<std::optional<std::uint32_t>> FrameSearch::crc_of(std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t allowance = kFrameSizeMax + 2 * (offset - begin_);
  if (size > RangeCrc::kStride && bytes_wasted_ + size > allowance) {
    return range_crc_.of(offset, offset + size);
  }
  std::uint32_t crc = 0;
  bytes_checked_ += size;
  while (size > 0) {
    const std::uint64_t wanted = std::min<std::uint64_t>(size, FileWindow::kSize);
    DATAWAL_TRY_ASSIGN(ByteView bytes, window_.at(offset, static_cast<std::size_t>(wanted)));
    if (bytes.size() < wanted) return std::nullopt;
    bytes = bytes.first(static_cast<std::size_t>(wanted));
    crc = crc32c(bytes, crc);
    offset += bytes.size();
    size -= bytes.size();
  }
  return crc;
}

// A few bytes, without moving the window to them.
Result<ByteView> FrameSearch::peek(std::uint64_t offset, std::size_t size) {
  if (window_.holds(offset, size)) {
    DATAWAL_TRY_ASSIGN(const ByteView bytes, window_.at(offset, size));
    return bytes.first(size);
  }
  DATAWAL_TRY_ASSIGN(const std::size_t count,
                     file_->read_at(offset, MutableByteView(peeked_).first(size)));
  bytes_peeked_ += count;
  return ByteView(peeked_).first(count);
}

// Where the frames go on behind the damage at `offset`, or end_.
Result<std::uint64_t> FrameSearch::find_continuation(std::uint64_t offset, const Look& damaged) {
  std::uint64_t value_end = end_;  // no byte behind it can be of a value of the damaged frame
  if (damaged.header) {
    const std::uint64_t claimed_end = offset + damaged.header->size();
    DATAWAL_TRY_ASSIGN(const bool believed, is_believed(offset, claimed_end));
    if (believed) return claimed_end;
    value_end = claimed_end - kFrameCrcSize;
  }
  std::optional<FoundFrame> foreign;  // what would follow the last frame of a log in a value
  range_crc_.forget_before(++offset);
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<FoundFrame> frame, find_header(offset, end_));
    if (!frame) return end_;
    range_crc_.forget_before(frame->offset);
    DATAWAL_TRY_ASSIGN(const Look look, check_body(*frame));
    offset = frame->offset + 1;
    if (!look.is_intact) continue;
    const bool is_foreign = foreign && frame->offset == foreign->offset &&
                            frame->header.txid == foreign->header.txid && frame->offset < value_end;
    if (!is_foreign && continues_order(frame->header.txid)) {
      found_ = frame;
      return frame->offset;
    }
    offset = frame->offset + frame->header.size();
    foreign = {.offset = offset, .header = {.txid = frame->header.txid + 1}};
  }
}

bool FrameSearch::continues_order(Txid txid) const {
  if (txid_before_damage_ && txid != 0 && txid - 1 == *txid_before_damage_) return true;
  if (txid <= previous_txid_) return false;
  if (txid_limit_ && *txid_limit_ > saturating_add(highest_txid_, 1)) return txid < *txid_limit_;
  const bool is_first = highest_txid_ == 0;  // and nobody knows what the log begins with
  return is_first || txid <= saturating_add(highest_txid_, 1 + (end_ - begin_) / kFrameSizeMin);
}

Result<bool> FrameSearch::is_believed(std::uint64_t offset, std::uint64_t claimed_end) {
  DATAWAL_TRY_ASSIGN(const bool confirmed, is_confirmed(claimed_end));
  if (!confirmed) return false;
  DATAWAL_TRY_ASSIGN(const bool refuted, is_refuted(offset, claimed_end));
  return !refuted;
}

// Whether another frame begins where a damaged one says it ends, or nothing follows.
Result<bool> FrameSearch::is_confirmed(std::uint64_t claimed_end) {
  const std::uint64_t left = end_ - claimed_end;
  if (left == 0) return true;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, kMagicSize));
  DATAWAL_TRY_ASSIGN(const ByteView next, peek(claimed_end, size));
  if (next.size() == size && std::ranges::equal(next, ByteView(kMagic).first(size))) return true;
  DATAWAL_TRY_ASSIGN(const std::uint64_t behind_data, data_end());
  return behind_data <= claimed_end && claimed_end - behind_data < kFrameCrcSize;
}

// Whether an intact frame that begins inside a damaged one ends where that one says that it ends
// itself.
//
// Where it does not, the search goes on behind the inside, so that the same bytes are not looked
// through again. Where it does, they are; in data that nobody made up that is very rare, and in
// others this believes no more claims once it has looked through too much.
Result<bool> FrameSearch::is_refuted(std::uint64_t offset, std::uint64_t claimed_end) {
  const std::uint64_t cost = claimed_end - offset;
  if (cost > refutation_allowance_) return true;
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<FoundFrame> frame, find_header(offset + 1, claimed_end));
    if (!frame) return false;
    offset = frame->offset;
    if (offset + frame->header.size() != claimed_end) continue;
    DATAWAL_TRY_ASSIGN(const Look look, check_body(*frame));
    if (!look.is_intact) continue;
    refutation_allowance_ -= cost;
    return true;
  }
}

// The next possible header, at `offset` or behind it, of a frame that ends at `end` or before.
Result<std::optional<FoundFrame>> FrameSearch::find_header(std::uint64_t offset,
                                                           std::uint64_t end) {
  while (offset < end && end - offset >= kFrameSizeMin) {
    DATAWAL_TRY_ASSIGN(const ByteView bytes, window_.at(offset, kFrameHeaderSize));
    if (bytes.size() < kFrameHeaderSize) break;
    const std::size_t index = find_magic(bytes);
    offset += index;
    if (bytes.size() - index < kFrameHeaderSize) continue;
    const HeaderOutcome outcome = decode_header(bytes.subspan(index, kFrameHeaderSize));
    const auto* header = std::get_if<FrameHeader>(&outcome);
    if (header != nullptr && offset < end && header->size() <= end - offset) {
      return FoundFrame{offset, *header};
    }
    ++offset;
  }
  return std::nullopt;
}

// Where the last byte that is not zero ends. Looked for once, from the end.
Result<std::uint64_t> FrameSearch::data_end() {
  if (!data_end_) {
    DATAWAL_TRY_ASSIGN(const DataEnd found, find_data_end(*file_, begin_, end_));
    data_end_ = found.offset;
    bytes_peeked_ += found.bytes_read;
  }
  return *data_end_;
}

Result<std::optional<Txid>> first_txid(const File& file) {
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, file.size());
  SegmentReader reader(file, 0, size);
  DATAWAL_TRY_ASSIGN(const SegmentStep step, reader.next());
  if (step != SegmentStep::kFrame) return std::nullopt;
  return reader.frame().record.txid;
}

}  // namespace datawal
