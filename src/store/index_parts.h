// A key index put together from an image of one.
//
// Thread safety: for the thread that may change entries.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "store/index_directory.h"
#include "store/index_overflow.h"
#include "store/index_table.h"
#include "store/key_index.h"
#include "store/lazy_tables.h"

namespace datawal {

// The depth of the directory of an index that has tables of these depths, in the order of their
// regions. Nullopt if they do not cover every region exactly once, or if no index could have come
// to look so.
[[nodiscard]] std::optional<unsigned> directory_depth(std::span<const std::uint8_t> table_depths);

class IndexParts {
 public:
  // The index with these tables, for which directory_depth() has given `depth`.
  [[nodiscard]] static std::unique_ptr<KeyIndex> assemble(
      LazyTables::Image image, unsigned depth, std::span<const IndexOverflow::Entry> overflow);
};

}  // namespace datawal
