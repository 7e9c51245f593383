// What tests and fuzzing of the images of an index share: a file in memory, a log of keys with an
// index over it, and a way to make the checksums of a forged image right.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/endian.h"
#include "datawal/frame.h"
#include "store/index_image.h"

namespace datawal::test {

class ImageFile final : public File {
 public:
  ImageFile() = default;
  explicit ImageFile(Bytes content) : bytes(std::move(content)) {}

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            MutableByteView buffer) const override {
    if (offset >= bytes.size()) return 0;
    const std::size_t count = std::min<std::size_t>(buffer.size(), bytes.size() - offset);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), count, buffer.begin());
    return count;
  }
  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override {
    bytes.resize(std::max<std::size_t>(bytes.size(), offset + data.size()));
    std::ranges::copy(data, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  }
  [[nodiscard]] Result<std::uint64_t> size() const override { return bytes.size(); }
  [[nodiscard]] Status truncate(std::uint64_t size) override {
    bytes.resize(size);
    return {};
  }
  [[nodiscard]] Status sync() override { return {}; }

  Bytes bytes;
};

// A log of records of one size, one key each, and the index over it. Of the hashes of the keys only
// some bits differ.
class IndexedLog {
 public:
  using Key = std::uint32_t;
  struct Shape {
    std::uint64_t record_size = 100;
    std::uint32_t segment_records = 50'000;
    std::uint64_t hash_bits = ~std::uint64_t{0};
  };

  explicit IndexedLog(Shape shape) : shape_(shape) {}

  [[nodiscard]] KeyHash hash(Key key) const {
    std::uint64_t number = (key + 1) * 0x9fb2'1c65'1e98'df25;
    number = (number ^ number >> 29) * 0xd6e8'feb8'6659'fd93;
    return KeyHash{(number ^ number >> 32) & shape_.hash_bits};
  }
  // Segment ids have gaps.
  [[nodiscard]] Position position(std::uint64_t record) const {
    const auto segment = static_cast<std::uint32_t>(record / shape_.segment_records);
    return {SegmentId{3 * segment + 1}, record % shape_.segment_records * shape_.record_size};
  }
  [[nodiscard]] std::uint64_t record(Position position) const {
    return std::uint64_t{(std::to_underlying(position.segment) - 1) / 3} * shape_.segment_records +
           position.offset / shape_.record_size;
  }
  [[nodiscard]] auto matcher(Key key) const {
    return [this, key](LogAddress address) {
      const std::uint64_t at = record(addresses->position_of(address));
      return at < keys.size() && keys[at] == key ? Match::kYes : Match::kNo;
    };
  }

  [[nodiscard]] std::uint32_t frame_size() const {
    return static_cast<std::uint32_t>(shape_.record_size);
  }

  // Each gives the key's old position.
  std::optional<Position> put(Key key) {
    const LogAddress address = *addresses->address_of(position(keys.size()), frame_size());
    keys.push_back(key);
    return position_of(index->put(hash(key), address, matcher(key)));
  }
  std::optional<Position> erase(Key key) {
    return position_of(index->erase(hash(key), matcher(key)));
  }
  [[nodiscard]] std::optional<Position> find(Key key) const {
    return position_of(index->find(hash(key), matcher(key)));
  }

  [[nodiscard]] std::vector<SegmentFacts> segments() const {
    std::vector<SegmentFacts> segments;
    for (std::uint64_t first = 0; first < keys.size(); first += shape_.segment_records) {
      const std::uint64_t count =
          std::min<std::uint64_t>(keys.size() - first, shape_.segment_records);
      segments.push_back({.id = position(first).segment,
                          .size = count * shape_.record_size,
                          .records = count,
                          .first_txid = first + 1,
                          .last_txid = first + count});
    }
    if (!segments.empty()) {
      segments.front().highest_txid = keys.size() + 5;
      segments.front().txid_gaps = 2;
      segments.front().first_gap_offset = 77;
    }
    return segments;
  }
  [[nodiscard]] IndexCoverage coverage() const {
    IndexCoverage coverage;
    if (const auto covered = segments(); !covered.empty()) {
      coverage = {.end = {covered.back().id, covered.back().size},
                  .last_txid = keys.size() + 5,
                  .last_frame_txid = keys.size() + 4,
                  .last_frame_crc = 0x1234'5678,
                  .first_segment = covered.front().id,
                  .first_frame_crc = 0x8765'4321,
                  .records = keys.size(),
                  .txid_gaps = 2,
                  .first_txid_gap = Position{covered.front().id, 77}};
    }
    return coverage;
  }
  [[nodiscard]] Bytes image() const {
    ImageFile file;
    const std::vector<SegmentFacts> covered = segments();
    const IndexCoverage reached = coverage();
    const Status status = write_index_image(
        file, {*index->freeze(), addresses->stretches(), secret, reached, covered});
    return status ? std::move(file.bytes) : Bytes{};
  }
  // Goes on with what was loaded.
  void take(LoadedIndex loaded) {
    index = std::move(loaded.index);
    addresses = std::move(loaded.addresses);
  }

  std::unique_ptr<LogAddresses> addresses = std::make_unique<LogAddresses>();
  std::unique_ptr<KeyIndex> index = std::make_unique<KeyIndex>();
  SipHashKey secret = {std::byte{1}, std::byte{2}, std::byte{3}};
  std::vector<Key> keys;  // by record

 private:
  [[nodiscard]] std::optional<Position> position_of(const IndexAnswer& answer) const {
    if (!answer || !*answer) return std::nullopt;
    return addresses->position_of(**answer);
  }

  Shape shape_;
};

inline constexpr std::size_t kImageTableCountOffset = 12;
inline constexpr std::size_t kImageTailCrcOffset = 132;
inline constexpr std::size_t kImageHeaderCrcOffset = 4092;

// Makes all checksums of an image right, as far as it has the tables that its header counts.
inline void correct_checksums(Bytes& image) {
  if (image.size() < kIndexImageHeaderSize) return;
  const std::uint64_t table_count = load_le<std::uint32_t>(image.data() + kImageTableCountOffset);
  const std::uint64_t tail_offset = kIndexImageHeaderSize + table_count * kIndexImageTableSize;
  if (tail_offset <= image.size()) {
    const ByteView all(image);
    for (std::uint64_t table = 0; table < table_count; ++table) {
      const std::uint64_t at = tail_offset + table * kIndexImageShapeSize;
      if (at + sizeof(std::uint32_t) > image.size()) break;
      store_le(image.data() + at,
               crc32c(all.subspan(kIndexImageHeaderSize + table * kIndexImageTableSize,
                                  kIndexImageTableSize)));
    }
    store_le(image.data() + kImageTailCrcOffset, crc32c(all.subspan(tail_offset)));
  }
  store_le(image.data() + kImageHeaderCrcOffset,
           crc32c(ByteView(image).first(kImageHeaderCrcOffset)));
}

}  // namespace datawal::test
