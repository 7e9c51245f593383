#include "format/index_image_header.h"

#include <algorithm>
#include <utility>

#include "base/endian.h"

namespace datawal {
namespace {

constexpr std::uint64_t kMagic = 0x5450'4B43'4C41'5744;  // "DWALCKPT" read little-endian
constexpr std::uint32_t kVersion = 1;

constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kTableCountOffset = 12;
constexpr std::size_t kImageSizeOffset = 16;
constexpr std::size_t kKeyCountOffset = 24;
constexpr std::size_t kOverflowCountOffset = 32;
constexpr std::size_t kSegmentCountOffset = 40;
constexpr std::size_t kUnitCountOffset = 44;
constexpr std::size_t kSecretOffset = 48;
constexpr std::size_t kEndSegmentOffset = 64;
constexpr std::size_t kFirstSegmentOffset = 68;
constexpr std::size_t kEndOffsetOffset = 72;
constexpr std::size_t kLastTxidOffset = 80;
constexpr std::size_t kLastFrameTxidOffset = 88;
constexpr std::size_t kLastFrameCrcOffset = 96;
constexpr std::size_t kFirstFrameCrcOffset = 100;
constexpr std::size_t kRecordsOffset = 104;
constexpr std::size_t kTxidGapsOffset = 112;
constexpr std::size_t kGapOffsetOffset = 120;
constexpr std::size_t kGapSegmentOffset = 128;
constexpr std::size_t kTailCrcOffset = 132;
constexpr std::size_t kUnusedOffset = 136;  // zeros up to the CRC
constexpr std::size_t kCrcOffset = 4092;
static_assert(kSecretOffset + sizeof(SipHashKey) == kEndSegmentOffset);
static_assert(kTailCrcOffset + sizeof(std::uint32_t) == kUnusedOffset);
static_assert(kCrcOffset + sizeof(std::uint32_t) == kIndexImageHeaderSize);

// A segment's id, for which 0 stands where there is none.
std::optional<SegmentId> decode_segment(const std::byte* from) {
  const auto id = load_le<std::uint32_t>(from);
  return id == 0 ? std::nullopt : std::optional(SegmentId{id});
}

IndexCoverage decode_coverage(const std::byte* from) {
  IndexCoverage coverage;
  coverage.end = {SegmentId{load_le<std::uint32_t>(from + kEndSegmentOffset)},
                  load_le<std::uint64_t>(from + kEndOffsetOffset)};
  coverage.last_txid = load_le<std::uint64_t>(from + kLastTxidOffset);
  coverage.last_frame_txid = load_le<std::uint64_t>(from + kLastFrameTxidOffset);
  coverage.last_frame_crc = load_le<std::uint32_t>(from + kLastFrameCrcOffset);
  coverage.first_segment = decode_segment(from + kFirstSegmentOffset);
  coverage.first_frame_crc = load_le<std::uint32_t>(from + kFirstFrameCrcOffset);
  coverage.records = load_le<std::uint64_t>(from + kRecordsOffset);
  coverage.txid_gaps = load_le<std::uint64_t>(from + kTxidGapsOffset);
  if (const auto segment = decode_segment(from + kGapSegmentOffset)) {
    coverage.first_txid_gap = {*segment, load_le<std::uint64_t>(from + kGapOffsetOffset)};
  }
  return coverage;
}

void encode_coverage(const IndexCoverage& coverage, std::byte* to) {
  store_le(to + kEndSegmentOffset, std::to_underlying(coverage.end.segment));
  store_le(to + kFirstSegmentOffset,
           std::to_underlying(coverage.first_segment.value_or(SegmentId{})));
  store_le(to + kEndOffsetOffset, coverage.end.offset);
  store_le(to + kLastTxidOffset, coverage.last_txid);
  store_le(to + kLastFrameTxidOffset, coverage.last_frame_txid);
  store_le(to + kLastFrameCrcOffset, coverage.last_frame_crc);
  store_le(to + kFirstFrameCrcOffset, coverage.first_frame_crc);
  store_le(to + kRecordsOffset, coverage.records);
  store_le(to + kTxidGapsOffset, coverage.txid_gaps);
  const Position gap = coverage.first_txid_gap.value_or(Position{});
  store_le(to + kGapOffsetOffset, gap.offset);
  store_le(to + kGapSegmentOffset, std::to_underlying(gap.segment));
}

}  // namespace

std::optional<std::uint64_t> index_image_size(const IndexImageHeader& header) {
  // The other counts have 32 bits and cannot make the sum overflow.
  if (header.overflow_count > std::uint64_t{1} << 48) return std::nullopt;
  return index_image_tail_offset(header) +
         header.table_count * std::uint64_t{kIndexImageShapeSize} +
         header.segment_count * std::uint64_t{kIndexImageSegmentSize} +
         header.unit_count * std::uint64_t{kIndexImageUnitSize} +
         header.overflow_count * std::uint64_t{kIndexImageOverflowSize};
}

IndexImageHeaderBytes encode_index_image_header(const IndexImageHeader& header) {
  IndexImageHeaderBytes bytes{};
  std::byte* const to = bytes.data();
  store_le(to, kMagic);
  store_le(to + kVersionOffset, kVersion);
  store_le(to + kTableCountOffset, header.table_count);
  store_le(to + kImageSizeOffset, index_image_size(header).value_or(0));
  store_le(to + kKeyCountOffset, header.key_count);
  store_le(to + kOverflowCountOffset, header.overflow_count);
  store_le(to + kSegmentCountOffset, header.segment_count);
  store_le(to + kUnitCountOffset, header.unit_count);
  std::ranges::copy(header.secret, to + kSecretOffset);
  encode_coverage(header.coverage, to);
  store_le(to + kTailCrcOffset, header.tail_crc);
  store_le(to + kCrcOffset, crc32c(ByteView(bytes).first(kCrcOffset)));
  return bytes;
}

bool is_other_index_image_version(ByteView bytes) {
  return bytes.size() >= kVersionOffset + sizeof kVersion &&
         load_le<std::uint64_t>(bytes.data()) == kMagic &&
         load_le<std::uint32_t>(bytes.data() + kVersionOffset) != kVersion;
}

std::optional<IndexImageHeader> decode_index_image_header(ByteView bytes,
                                                          std::uint64_t image_size) {
  if (bytes.size() != kIndexImageHeaderSize) return {};
  const std::byte* const from = bytes.data();
  if (load_le<std::uint32_t>(from + kCrcOffset) != crc32c(bytes.first(kCrcOffset))) return {};
  IndexImageHeader header;
  header.coverage = decode_coverage(from);
  std::copy_n(from + kSecretOffset, header.secret.size(), header.secret.begin());
  header.key_count = load_le<std::uint64_t>(from + kKeyCountOffset);
  header.table_count = load_le<std::uint32_t>(from + kTableCountOffset);
  header.segment_count = load_le<std::uint32_t>(from + kSegmentCountOffset);
  header.unit_count = load_le<std::uint32_t>(from + kUnitCountOffset);
  header.overflow_count = load_le<std::uint64_t>(from + kOverflowCountOffset);
  header.tail_crc = load_le<std::uint32_t>(from + kTailCrcOffset);
  if (index_image_size(header) != image_size) return {};
  // Compares the magic, the version, the size and what has no meaning as well.
  if (!std::ranges::equal(encode_index_image_header(header), bytes)) return {};
  return header;
}

}  // namespace datawal
