#include "store/lazy_tables.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/endian.h"
#include "format/index_image_header.h"
#include "store/index_image_check.h"

namespace datawal {

LazyTables::LazyTables(Image image)
    : shapes_(std::move(image.shapes)),
      unit_bounds_(std::move(image.unit_bounds)),
      key_count_(image.key_count),
      file_(std::move(image.file)) {
  first_regions_.reserve(shapes_.size());
  std::uint32_t region = 0;
  for (const Shape& shape : shapes_) {
    first_regions_.push_back(region);
    region += 1U << (kRegionBits - shape.depth);
  }
}

std::unique_ptr<IndexTable> LazyTables::read(std::uint32_t region) {
  const std::shared_ptr<const File> image = file();
  if (is_broken() || !image) return nullptr;
  const auto behind = std::ranges::upper_bound(first_regions_, region);
  const auto index = static_cast<std::size_t>(behind - first_regions_.begin()) - 1;
  auto table = std::make_unique<IndexTable>(shapes_[index].depth);
  if (!read_words(*image, index, table->words())) return nullptr;
  table->take_words();
  if (shapes_[index].overflows) table->set_overflows();
  return table;
}

std::shared_ptr<const File> LazyTables::file() const {
  const std::lock_guard lock(mutex_);
  return file_;
}

IndexTable* LazyTables::take(std::unique_ptr<IndexTable> table) {
  loaded_keys_ += table->count();
  tables_.push_back(std::move(table));
  if (loaded_count_.fetch_add(1, std::memory_order_release) + 1 == shapes_.size()) {
    file_.reset();
    if (loaded_keys_ != key_count_) {
      (void)fail("contradicts itself in its number of keys");
      return nullptr;
    }
  }
  return tables_.back().get();
}

bool LazyTables::read_words(const File& file, std::size_t index, IndexTable::Words words) {
  const MutableByteView bytes = std::as_writable_bytes(words);
  const std::uint64_t offset = kIndexImageHeaderSize + index * kIndexImageTableSize;
  const Result<std::size_t> count = file.read_at(offset, bytes);
  const Shape& shape = shapes_[index];
  if (!count) return fail("cannot be read in its tables");
  if (*count != bytes.size() || crc32c(bytes) != shape.crc) {
    return fail("is damaged in its tables");
  }
  convert_le(words);
  if (!EntryRule(first_regions_[index], shape.depth, unit_bounds_).holds_for_all(words)) {
    return fail("contradicts itself in its tables");
  }
  return true;
}

bool LazyTables::fail(const char* fault) noexcept {
  fault_.store(fault, std::memory_order_release);
  return false;
}

IndexTable& LazyTables::nothing() {
  if (!nothing_) nothing_ = std::make_unique<IndexTable>();
  return *nothing_;
}

std::size_t LazyTables::memory_size() const noexcept {
  return sizeof *this +
         loaded_count_.load(std::memory_order_relaxed) * (sizeof(IndexTable) + sizeof(tables_[0])) +
         shapes_.size() * (sizeof(shapes_[0]) + sizeof(first_regions_[0])) +
         unit_bounds_.size() * sizeof(unit_bounds_[0]);
}

}  // namespace datawal
