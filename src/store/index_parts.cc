#include "store/index_parts.h"

#include <algorithm>
#include <utility>

namespace datawal {

std::optional<unsigned> directory_depth(std::span<const std::uint8_t> table_depths) {
  std::uint64_t region = 0;
  unsigned depth = 0;
  for (const std::uint8_t table_depth : table_depths) {
    if (table_depth > kRegionBits) return std::nullopt;
    const std::uint64_t region_count = kRegionCount >> table_depth;
    if (region % region_count != 0) return std::nullopt;
    region += region_count;
    depth = std::max<unsigned>(depth, table_depth);
  }
  if (region != kRegionCount) return std::nullopt;
  // A directory is doubled only while it is smaller than that, and tables become ever more.
  const std::size_t size_max = table_depths.size() * kDirectoryEntriesPerTableMax * 2;
  if (std::size_t{1} << depth > size_max) return std::nullopt;
  return depth;
}

std::unique_ptr<KeyIndex> IndexParts::assemble(LazyTables::Image image, unsigned depth,
                                               std::span<const IndexOverflow::Entry> overflow) {
  std::unique_ptr<KeyIndex> index(new KeyIndex(std::make_unique<IndexDirectory>(depth)));
  index->overflow_.fill(overflow);
  index->size_.store(image.key_count + overflow.size(), std::memory_order_relaxed);
  index->lazy_ = std::make_unique<LazyTables>(std::move(image));
  index->count_memory();
  return index;
}

}  // namespace datawal
