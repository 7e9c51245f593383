#include <algorithm>
#include <optional>
#include <utility>

#include "base/endian.h"
#include "base/try.h"
#include "format/names.h"
#include "store/index_image.h"
#include "store/index_image_check.h"
#include "store/index_parts.h"

namespace datawal {
namespace {

using Verdict = std::expected<void, UnusableImage>;

std::unexpected<UnusableImage> unusable(std::string reason) {
  return std::unexpected(UnusableImage{std::move(reason)});
}

std::unexpected<UnusableImage> damaged(std::string_view part) {
  return unusable("the checkpoint is damaged in its " + std::string(part));
}

std::unexpected<UnusableImage> inconsistent(std::string_view part) {
  return unusable("the checkpoint contradicts itself in its " + std::string(part));
}

// Takes little-endian integers from bytes that are known to be enough.
class TailCursor {
 public:
  explicit TailCursor(ByteView bytes) : bytes_(bytes) {}

  template <std::unsigned_integral T>
  [[nodiscard]] T take() {
    const T value = load_le<T>(bytes_.data());
    bytes_ = bytes_.subspan(sizeof value);
    return value;
  }

 private:
  ByteView bytes_;
};

class ImageReader {
 public:
  explicit ImageReader(std::shared_ptr<const File> file) : file_(std::move(file)) {}

  [[nodiscard]] std::expected<LoadedIndex, UnusableImage> read();

 private:
  [[nodiscard]] Verdict read_exactly(std::uint64_t offset, MutableByteView buffer) const;
  [[nodiscard]] Verdict read_header();
  [[nodiscard]] Verdict read_tail();
  [[nodiscard]] Verdict take_shapes(TailCursor& tail);
  [[nodiscard]] Verdict take_segments(TailCursor& tail);
  [[nodiscard]] Verdict take_units(TailCursor& tail);
  [[nodiscard]] Verdict take_overflow(TailCursor& tail);
  [[nodiscard]] Verdict check_overflow() const;

  std::shared_ptr<const File> file_;
  std::uint64_t image_size_ = 0;
  IndexImageHeader header_;
  std::vector<LazyTables::Shape> shapes_;
  std::vector<std::uint8_t> depths_;
  unsigned directory_depth_ = 0;
  std::vector<SegmentFacts> segments_;
  std::vector<std::optional<AddressedStretch>> units_;
  std::vector<IndexOverflow::Entry> overflow_;
  std::vector<std::uint32_t> unit_bounds_;
};

Verdict ImageReader::read_exactly(std::uint64_t offset, MutableByteView buffer) const {
  const Result<std::size_t> count = file_->read_at(offset, buffer);
  if (!count) return unusable("the checkpoint cannot be read: " + count.error().to_string());
  if (*count != buffer.size()) return unusable("the checkpoint is truncated");
  return {};
}

Verdict ImageReader::read_header() {
  const Result<std::uint64_t> size = file_->size_at_open();
  if (!size) return unusable("the checkpoint cannot be read: " + size.error().to_string());
  image_size_ = *size;
  if (image_size_ < kIndexImageHeaderSize) return unusable("the checkpoint is truncated");
  IndexImageHeaderBytes bytes{};
  DATAWAL_TRY(read_exactly(0, bytes));
  if (is_other_index_image_version(bytes)) {
    return unusable("the checkpoint is of another version");
  }
  const auto header = decode_index_image_header(bytes, image_size_);
  if (!header) return damaged("header, or truncated");
  header_ = *header;
  if (header_.table_count > kIndexTableCountMax ||
      header_.unit_count > LogAddresses::kUnitCountMax ||
      header_.segment_count > std::to_underlying(kSegmentIdMax) ||
      header_.overflow_count > kIndexImageOverflowMax) {
    return inconsistent("header");
  }
  return {};
}

Verdict ImageReader::read_tail() {
  const std::uint64_t offset = index_image_tail_offset(header_);
  Bytes bytes(image_size_ - offset);
  DATAWAL_TRY(read_exactly(offset, bytes));
  if (crc32c(bytes) != header_.tail_crc) return damaged("tail");
  TailCursor tail(bytes);
  DATAWAL_TRY(take_shapes(tail));
  DATAWAL_TRY(take_segments(tail));
  DATAWAL_TRY(take_units(tail));
  return take_overflow(tail);
}

Verdict ImageReader::take_shapes(TailCursor& tail) {
  shapes_.reserve(header_.table_count);
  depths_.reserve(header_.table_count);
  for (std::uint32_t index = 0; index < header_.table_count; ++index) {
    const auto crc = tail.take<std::uint32_t>();
    depths_.push_back(tail.take<std::uint8_t>());
    const auto overflows = tail.take<std::uint8_t>();
    if (overflows > 1 || tail.take<std::uint16_t>() != 0) return inconsistent("tables' shapes");
    shapes_.push_back({crc, depths_.back(), overflows == 1});
  }
  const std::optional<unsigned> depth = directory_depth(depths_);
  if (!depth) return inconsistent("tables' shapes");
  directory_depth_ = *depth;
  return {};
}

Verdict ImageReader::take_segments(TailCursor& tail) {
  segments_.reserve(header_.segment_count);
  for (std::uint32_t index = 0; index < header_.segment_count; ++index) {
    SegmentFacts segment;
    segment.size = tail.take<std::uint64_t>();
    segment.id = SegmentId{tail.take<std::uint32_t>()};
    segment.first_crc = tail.take<std::uint32_t>();
    segment.records = tail.take<std::uint64_t>();
    segment.first_txid = tail.take<std::uint64_t>();
    segment.last_txid = tail.take<std::uint64_t>();
    segment.highest_txid = tail.take<std::uint64_t>();
    segment.raw_records = tail.take<std::uint64_t>();
    segment.tombstone_bytes = tail.take<std::uint64_t>();
    segment.txid_gaps = tail.take<std::uint64_t>();
    segment.first_gap_offset = tail.take<std::uint64_t>();
    segment.horizon = tail.take<std::uint64_t>();
    segments_.push_back(segment);
  }
  if (!is_coverage_of(header_.coverage, segments_)) return inconsistent("list of segments");
  return {};
}

Verdict ImageReader::take_units(TailCursor& tail) {
  units_.reserve(header_.unit_count);
  for (std::uint32_t unit = 0; unit < header_.unit_count; ++unit) {
    AddressedStretch stretch;
    stretch.end = tail.take<std::uint64_t>();
    stretch.segment = SegmentId{tail.take<std::uint32_t>()};
    stretch.index = tail.take<std::uint32_t>();
    stretch.dead_bytes = tail.take<std::uint64_t>();
    const bool is_free = stretch == AddressedStretch{};
    units_.push_back(is_free ? std::nullopt : std::optional(stretch));
  }
  std::optional<std::vector<std::uint32_t>> bounds = unit_bounds(units_, segments_);
  if (!bounds) return inconsistent("addresses");
  unit_bounds_ = *std::move(bounds);
  return {};
}

Verdict ImageReader::take_overflow(TailCursor& tail) {
  overflow_.reserve(header_.overflow_count);
  for (std::uint64_t index = 0; index < header_.overflow_count; ++index) {
    const auto slot = tail.take<std::uint64_t>();
    const auto tag = tail.take<std::uint64_t>();
    if (tag == 0 || tag > 0xff) return inconsistent("overflow");
    overflow_.push_back({slot, static_cast<std::uint8_t>(tag)});
  }
  return check_overflow();
}

// An entry is looked for in the overflow only where its table says so.
Verdict ImageReader::check_overflow() const {
  if (overflow_.empty()) return {};
  std::vector<std::uint32_t> first_regions;
  std::uint32_t region = 0;
  for (const std::uint8_t depth : depths_) {
    first_regions.push_back(region);
    region += 1U << (kRegionBits - depth);
  }
  for (const IndexOverflow::Entry& entry : overflow_) {
    const auto sought = static_cast<std::uint32_t>(entry.slot >> kLogAddressBits);
    const auto behind = std::ranges::upper_bound(first_regions, sought);
    const auto table = static_cast<std::size_t>(behind - first_regions.begin()) - 1;
    const EntryRule rule(first_regions[table], depths_[table], unit_bounds_);
    if (!shapes_[table].overflows || !rule.holds_for(entry.slot)) return inconsistent("overflow");
  }
  return {};
}

std::expected<LoadedIndex, UnusableImage> ImageReader::read() {
  DATAWAL_TRY(read_header());
  DATAWAL_TRY(read_tail());
  auto addresses = std::make_unique<LogAddresses>();
  if (!addresses->restore(units_)) return inconsistent("addresses");
  if (header_.key_count < overflow_.size()) return inconsistent("number of keys");
  LazyTables::Image image{.file = std::move(file_),
                          .shapes = std::move(shapes_),
                          .unit_bounds = std::move(unit_bounds_),
                          .key_count = header_.key_count - overflow_.size()};
  return LoadedIndex{.index = IndexParts::assemble(std::move(image), directory_depth_, overflow_),
                     .addresses = std::move(addresses),
                     .secret = header_.secret,
                     .coverage = header_.coverage,
                     .segments = std::move(segments_)};
}

}  // namespace

std::expected<LoadedIndex, UnusableImage> read_index_image_lazily(
    std::shared_ptr<const File> file) {
  return ImageReader(std::move(file)).read();
}

std::expected<LoadedIndex, UnusableImage> read_index_image(const File& file) {
  // Not owned, and not needed any more when all is loaded.
  const std::shared_ptr<const File> borrowed(std::shared_ptr<const File>(), &file);
  DATAWAL_TRY_ASSIGN(LoadedIndex loaded, read_index_image_lazily(borrowed));
  if (loaded.index->load_all()) return loaded;
  return unusable("the checkpoint " + std::string(loaded.index->fault()));
}

}  // namespace datawal
