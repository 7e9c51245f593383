// The sidecar of a backup: which segments it has, what is in them, and which files of the source
// they were copied from. The byte table stands in docs/format.md.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/error.h"
#include "datawal/frame.h"

namespace datawal {

// The frames of a segment in a few numbers: two segments that have the same are the same.
struct SegmentContents {
  std::uint64_t size = 0;  // bytes
  std::uint64_t records = 0;
  Txid first_txid = 0;  // of the first frame and the last; 0 if there is none
  Txid last_txid = 0;
  std::uint32_t first_frame_crc = 0;
  std::uint32_t last_frame_crc = 0;
  std::uint32_t digest = 0;  // CRC-32C of the checksums of all frames, little-endian, in order

  friend bool operator==(const SegmentContents&, const SegmentContents&) = default;
};

// A file of the source as it was when it was copied: as long as it is still the same, so is what is
// in it. All zeros where that was not to be known.
struct SourceStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;

  friend bool operator==(const SourceStamp&, const SourceStamp&) = default;
};

struct BackupSegment {
  SegmentId id{};
  SegmentContents contents = {};
  SourceStamp source = {};

  friend bool operator==(const BackupSegment&, const BackupSegment&) = default;
};

// Ascending ids.
using BackupManifest = std::vector<BackupSegment>;

[[nodiscard]] Bytes encode_backup_manifest(const BackupManifest& manifest);

// Nullopt where `file`, whatever it is, is not a whole manifest of this version.
[[nodiscard]] std::optional<BackupManifest> decode_backup_manifest(ByteView file);

}  // namespace datawal
