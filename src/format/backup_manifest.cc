#include "format/backup_manifest.h"

#include <utility>

#include "base/endian.h"
#include "format/names.h"

namespace datawal {
namespace {

constexpr std::uint64_t kMagic = 0x5055'4B42'4C41'5744;  // "DWALBKUP" read little-endian
constexpr std::uint32_t kVersion = 1;

constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kCountOffset = 12;
constexpr std::size_t kHeaderSize = 16;

// In an entry.
constexpr std::size_t kIdOffset = 0;
constexpr std::size_t kDigestOffset = 4;
constexpr std::size_t kSizeOffset = 8;
constexpr std::size_t kRecordsOffset = 16;
constexpr std::size_t kFirstTxidOffset = 24;
constexpr std::size_t kLastTxidOffset = 32;
constexpr std::size_t kFirstCrcOffset = 40;
constexpr std::size_t kLastCrcOffset = 44;
constexpr std::size_t kDeviceOffset = 48;
constexpr std::size_t kInodeOffset = 56;
constexpr std::size_t kSourceSizeOffset = 64;
constexpr std::size_t kModifiedOffset = 72;
constexpr std::size_t kEntrySize = 80;
static_assert(kModifiedOffset + sizeof(SourceStamp::modified_ns) == kEntrySize);

constexpr std::size_t kCrcSize = sizeof(std::uint32_t);

void encode_entry(const BackupSegment& segment, std::byte* to) {
  const SegmentContents& contents = segment.contents;
  store_le(to + kIdOffset, std::to_underlying(segment.id));
  store_le(to + kDigestOffset, contents.digest);
  store_le(to + kSizeOffset, contents.size);
  store_le(to + kRecordsOffset, contents.records);
  store_le(to + kFirstTxidOffset, contents.first_txid);
  store_le(to + kLastTxidOffset, contents.last_txid);
  store_le(to + kFirstCrcOffset, contents.first_frame_crc);
  store_le(to + kLastCrcOffset, contents.last_frame_crc);
  store_le(to + kDeviceOffset, segment.source.device);
  store_le(to + kInodeOffset, segment.source.inode);
  store_le(to + kSourceSizeOffset, segment.source.size);
  store_le(to + kModifiedOffset, static_cast<std::uint64_t>(segment.source.modified_ns));
}

BackupSegment decode_entry(const std::byte* from) {
  return {.id = SegmentId{load_le<std::uint32_t>(from + kIdOffset)},
          .contents = {.size = load_le<std::uint64_t>(from + kSizeOffset),
                       .records = load_le<std::uint64_t>(from + kRecordsOffset),
                       .first_txid = load_le<std::uint64_t>(from + kFirstTxidOffset),
                       .last_txid = load_le<std::uint64_t>(from + kLastTxidOffset),
                       .first_frame_crc = load_le<std::uint32_t>(from + kFirstCrcOffset),
                       .last_frame_crc = load_le<std::uint32_t>(from + kLastCrcOffset),
                       .digest = load_le<std::uint32_t>(from + kDigestOffset)},
          .source = {.device = load_le<std::uint64_t>(from + kDeviceOffset),
                     .inode = load_le<std::uint64_t>(from + kInodeOffset),
                     .size = load_le<std::uint64_t>(from + kSourceSizeOffset),
                     .modified_ns = static_cast<std::int64_t>(
                         load_le<std::uint64_t>(from + kModifiedOffset))}};
}

}  // namespace

Bytes encode_backup_manifest(const BackupManifest& manifest) {
  Bytes file(kHeaderSize + manifest.size() * kEntrySize + kCrcSize);
  std::byte* to = file.data();
  store_le(to, kMagic);
  store_le(to + kVersionOffset, kVersion);
  store_le(to + kCountOffset, static_cast<std::uint32_t>(manifest.size()));
  to += kHeaderSize;
  for (const BackupSegment& segment : manifest) {
    encode_entry(segment, to);
    to += kEntrySize;
  }
  store_le(to, crc32c(ByteView(file).first(file.size() - kCrcSize)));
  return file;
}

std::optional<BackupManifest> decode_backup_manifest(ByteView file) {
  if (file.size() < kHeaderSize + kCrcSize) return {};
  const std::byte* from = file.data();
  if (load_le<std::uint64_t>(from) != kMagic) return {};
  if (load_le<std::uint32_t>(from + kVersionOffset) != kVersion) return {};
  const std::uint64_t count = load_le<std::uint32_t>(from + kCountOffset);
  if (file.size() != kHeaderSize + count * kEntrySize + kCrcSize) return {};
  const ByteView covered = file.first(file.size() - kCrcSize);
  if (load_le<std::uint32_t>(covered.data() + covered.size()) != crc32c(covered)) return {};
  BackupManifest manifest;
  for (from += kHeaderSize; manifest.size() < count; from += kEntrySize) {
    manifest.push_back(decode_entry(from));
    const SegmentId id = manifest.back().id;
    const bool ascends = manifest.size() == 1 || manifest[manifest.size() - 2].id < id;
    if (!ascends || id > kSegmentIdMax) return {};
  }
  return manifest;
}

}  // namespace datawal
