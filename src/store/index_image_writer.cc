#include <algorithm>
#include <cstring>
#include <utility>

#include "base/endian.h"
#include "base/try.h"
#include "file/buffered_writer.h"
#include "store/index_image.h"

namespace datawal {
namespace {

static_assert(IndexTable::kWordCount * sizeof(std::uint64_t) == kIndexImageTableSize);

// Collects little-endian integers.
class TailBuilder {
 public:
  template <std::unsigned_integral T>
  void add(T value) {
    std::byte bytes[sizeof value];
    store_le(bytes, value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
  }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

// Writes the tables, and says in the tail what they are.
Status write_tables(BufferedWriter& writer, const FrozenIndex& index, TailBuilder& tail) {
  std::vector<std::uint64_t> words(IndexTable::kWordCount);
  for (std::size_t table = 0; table < index.table_count(); ++table) {
    const FrozenIndex::TableShape shape = index.copy_table(table, IndexTable::Words(words));
    convert_le(words);
    const ByteView bytes = std::as_bytes(std::span(words));
    tail.add(crc32c(bytes));
    tail.add(static_cast<std::uint8_t>(shape.depth));
    tail.add(static_cast<std::uint8_t>(shape.overflows));
    tail.add(std::uint16_t{0});
    DATAWAL_TRY(writer.append(bytes));
  }
  return {};
}

void add_segments(std::span<const SegmentFacts> segments, TailBuilder& tail) {
  for (const SegmentFacts& segment : segments) {
    tail.add(segment.size);
    tail.add(std::to_underlying(segment.id));
    tail.add(segment.first_crc);
    tail.add(segment.records);
    tail.add(segment.first_txid);
    tail.add(segment.last_txid);
    tail.add(segment.highest_txid);
    tail.add(segment.raw_records);
    tail.add(segment.tombstone_bytes);
    tail.add(segment.txid_gaps);
    tail.add(segment.first_gap_offset);
    tail.add(segment.horizon);
  }
}

// How much of a unit's frames is covered.
std::uint64_t covered_end(const AddressedStretch& stretch, std::span<const SegmentFacts> segments) {
  const auto found = std::ranges::lower_bound(segments, stretch.segment, {}, &SegmentFacts::id);
  if (found == segments.end() || found->id != stretch.segment) return 0;
  const std::uint64_t begin = std::uint64_t{stretch.index} << LogAddresses::kUnitBits;
  return std::min(stretch.end, found->size - std::min(found->size, begin));
}

// A unit in which nothing has come to be, as that of a record that could not be written, is free.
void add_units(std::span<const std::optional<AddressedStretch>> units,
               std::span<const SegmentFacts> segments, TailBuilder& tail) {
  for (const std::optional<AddressedStretch>& unit : units) {
    const std::uint64_t end = unit ? covered_end(*unit, segments) : 0;
    tail.add(end);
    tail.add(end == 0 ? std::uint32_t{0} : std::to_underlying(unit->segment));
    tail.add(end == 0 ? std::uint32_t{0} : unit->index);
    tail.add(end == 0 ? std::uint64_t{0} : unit->dead_bytes);
  }
}

void add_overflow(std::span<const IndexOverflow::Entry> entries, TailBuilder& tail) {
  for (const IndexOverflow::Entry& entry : entries) {
    tail.add(entry.slot);
    tail.add(std::uint64_t{entry.tag});
  }
}

}  // namespace

Status write_index_image(File& file, const IndexImageSource& source) {
  const std::vector<IndexOverflow::Entry>& overflow = source.index.overflow();
  if (overflow.size() > kIndexImageOverflowMax) {
    return std::unexpected(
        Error{.code = ErrorCode::kTooLarge,
              .message = "too many keys have the same hash for a checkpoint to be worth it"});
  }
  BufferedWriter writer(file, kIndexImageHeaderSize);
  TailBuilder tail;
  DATAWAL_TRY(write_tables(writer, source.index, tail));
  add_segments(source.segments, tail);
  add_units(source.units, source.segments, tail);
  add_overflow(overflow, tail);
  DATAWAL_TRY(writer.append(tail.bytes()));
  DATAWAL_TRY(writer.flush());
  const IndexImageHeader header{
      .coverage = source.coverage,
      .secret = source.secret,
      .key_count = source.index.size(),
      .table_count = static_cast<std::uint32_t>(source.index.table_count()),
      .segment_count = static_cast<std::uint32_t>(source.segments.size()),
      .unit_count = static_cast<std::uint32_t>(source.units.size()),
      .overflow_count = overflow.size(),
      .tail_crc = crc32c(tail.bytes())};
  return file.write_at(0, encode_index_image_header(header));
}

}  // namespace datawal
