// An image of a key index in a file: what opens a store without reading its log. Written in one
// pass; read in one pass that believes nothing.
//
//   DATAWAL_TRY(write_index_image(file, {*index.freeze(), units, secret, coverage, segments}));
//   const auto loaded = read_index_image(file);
//   if (!loaded) ...                    // the index is built from the log then
//
// Every byte of the file is under a checksum: a table under one in the tail, the tail under one in
// the header, the header under its own. So tables can be verified in any order, or when they are
// needed. The byte table stands in docs/format.md.
//
// What checksums do not prove is checked as well: that tables cover every hash exactly once, that
// entries stand in the table of their region, that every address lies in a segment as far as the
// image covers it, and that the counts agree. So whatever the bytes are, the index that is read can
// be used; whether the image is one of the log beside it, its caller finds out from the coverage
// and the segments.
//
// Thread safety: writing is for any thread, whoever changes the index meanwhile.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/siphash.h"
#include "file/filesystem.h"
#include "format/index_image_header.h"
#include "format/segment_facts.h"
#include "log/log_addresses.h"
#include "store/frozen_index.h"
#include "store/key_index.h"

namespace datawal {

struct IndexImageSource {
  const FrozenIndex& index;
  // LogAddresses::stretches(), of the addresses that the index holds, all of them in `segments`.
  std::span<const std::optional<AddressedStretch>> units;
  const SipHashKey& secret;  // of the hash of the keys
  const IndexCoverage& coverage;
  // In ascending order, up to coverage.end: the last is its segment, and has its offset as size.
  // Empty only where coverage.end is nowhere.
  std::span<const SegmentFacts> segments;
};

struct LoadedIndex {
  std::unique_ptr<KeyIndex> index;
  std::unique_ptr<LogAddresses> addresses;
  SipHashKey secret = {};
  IndexCoverage coverage = {};
  std::vector<SegmentFacts> segments = {};
};

// Why there is no index to be had from a file: a sentence for a person.
struct UnusableImage {
  std::string reason;
};

// Makes an empty file an image. Not synced. Fails with kTooLarge for an index whose overflow is so
// large that it is not worth keeping.
[[nodiscard]] Status write_index_image(File& file, const IndexImageSource& source);

// Reads nothing of the tables yet: each is read and checked when it is needed (see
// KeyIndex::load_all).
[[nodiscard]] std::expected<LoadedIndex, UnusableImage> read_index_image_lazily(
    std::shared_ptr<const File> file);

// Reads all of it. Needs memory for the index once, and some 80 bytes for every MiB of log.
[[nodiscard]] std::expected<LoadedIndex, UnusableImage> read_index_image(const File& file);

// An index with more entries than this in its overflow has no image: each search in it looks at all
// of them.
inline constexpr std::uint64_t kIndexImageOverflowMax = std::uint64_t{1} << 20;

}  // namespace datawal
