// Any bytes as an image of an index: what is accepted can be used, and survives being written and
// read again. Input: a byte of flags, a byte with the number of changes to the tables, those
// changes (the place of a word, then the word), the fields of the header, the tail. Flags: bits 0
// and 1 the number of tables less one, bit 2 that the checksums and the file's size are as they
// are.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "store/index_image_test_support.h"

namespace datawal {
namespace {

constexpr unsigned kTableCountBits = 3;
constexpr unsigned kUncorrected = 4;
constexpr std::size_t kFieldsSize = 136;
constexpr std::size_t kImageSizeOffset = 16;
constexpr std::size_t kOverflowCountOffset = 32;
constexpr std::size_t kSegmentCountOffset = 40;
constexpr std::size_t kUnitCountOffset = 44;
constexpr std::size_t kSizeMax = 8 * kIndexImageTableSize;

class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}

  ByteView take(std::size_t size) {
    const ByteView taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  template <std::unsigned_integral T>
  T take() {
    std::byte bytes[sizeof(T)] = {};
    std::ranges::copy(take(sizeof(T)), bytes);
    return load_le<T>(bytes);
  }
  [[nodiscard]] std::size_t size() const { return rest_.size(); }

 private:
  ByteView rest_;
};

// Makes the size what the counts say, unless that is far too large, and the checksums right.
void correct(Bytes& image) {
  IndexImageHeader header;
  header.table_count = load_le<std::uint32_t>(image.data() + test::kImageTableCountOffset);
  header.overflow_count = load_le<std::uint64_t>(image.data() + kOverflowCountOffset);
  header.segment_count = load_le<std::uint32_t>(image.data() + kSegmentCountOffset);
  header.unit_count = load_le<std::uint32_t>(image.data() + kUnitCountOffset);
  const auto size = index_image_size(header);
  if (size && *size < kSizeMax) image.resize(*size);
  store_le(image.data() + kImageSizeOffset, std::uint64_t{image.size()});
  test::correct_checksums(image);
}

// Tables are mostly zeros, which no input has to spell out.
Bytes image_of(Input input) {
  const auto flags = input.take<std::uint8_t>();
  const std::size_t tables_size = ((flags & kTableCountBits) + 1U) * kIndexImageTableSize;
  Bytes image(kIndexImageHeaderSize + tables_size);
  for (unsigned changes = input.take<std::uint8_t>(); changes > 0; --changes) {
    const std::size_t word = input.take<std::uint16_t>() % (tables_size / sizeof(std::uint64_t));
    store_le(image.data() + kIndexImageHeaderSize + word * sizeof(std::uint64_t),
             input.take<std::uint64_t>());
  }
  std::ranges::copy(input.take(kFieldsSize), image.begin());
  const ByteView tail = input.take(input.size());
  image.insert(image.end(), tail.begin(), tail.end());
  if ((flags & kUncorrected) == 0) correct(image);
  return image;
}

LoadedIndex read_again(const LoadedIndex& loaded) {
  test::ImageFile file;
  if (!write_index_image(file, {*loaded.index->freeze(), loaded.addresses->stretches(),
                                loaded.secret, loaded.coverage, loaded.segments})) {
    std::abort();
  }
  auto again = read_index_image(file);
  if (!again || again->index->size() != loaded.index->size()) std::abort();
  return *std::move(again);
}

void use(LoadedIndex loaded) {
  std::uint64_t count = 0;
  loaded.index->for_each([&](const IndexedRecord& record) {
    ++count;
    const Position position = loaded.addresses->position_of(record.address);
    if (position >= loaded.coverage.end) std::abort();
    if (loaded.addresses->size_from(record.address) == 0) std::abort();
  });
  if (count != loaded.index->size()) std::abort();
  loaded = read_again(loaded);
  const auto other_key = [](LogAddress) { return Match::kNo; };
  const auto address = loaded.addresses->address_of(loaded.coverage.end, kFrameSizeMin);
  if (!address) return;  // the log is too large
  for (std::uint64_t key = 1; key <= 100; ++key) {
    const KeyHash hash{key * 0x9e37'79b9'7f4a'7c15};
    if (!loaded.index->put(hash, *address, other_key)) std::abort();
    if (!loaded.index->holds(hash, *address)) std::abort();
  }
  if (loaded.index->size() != count + 100) std::abort();
}

}  // namespace
}  // namespace datawal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  auto loaded =
      datawal::read_index_image(datawal::test::ImageFile(datawal::image_of(datawal::Input(bytes))));
  if (loaded) datawal::use(*std::move(loaded));
  return 0;
}
