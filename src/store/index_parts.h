// A key index taken apart, for who writes an image of it, and put together again from one.
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

namespace datawal {

// The depth of the directory of an index that has tables of these depths, in the order of their
// regions. Nullopt if they do not cover every region exactly once, or if no index could have come
// to look so.
[[nodiscard]] std::optional<unsigned> directory_depth(std::span<const std::uint8_t> table_depths);

class IndexParts {
 public:
  // Calls visit(const IndexTable&) for every table, in the order of the regions, until it fails.
  template <typename Visit>
  [[nodiscard]] static Status for_each_table(const KeyIndex& index, const Visit& visit) {
    const IndexDirectory& directory = *index.directories_.back();
    for (std::size_t entry = 0; entry < directory.size();) {
      const IndexTable& table = directory.table_at(entry);
      if (Status status = visit(table); !status) return status;
      entry += std::size_t{1} << (directory.depth() - table.depth());
    }
    return {};
  }
  [[nodiscard]] static const IndexOverflow& overflow(const KeyIndex& index) {
    return index.overflow_;
  }
  [[nodiscard]] static std::size_t table_count(const KeyIndex& index) {
    return index.tables_.size();
  }

  // The index with these tables, in the order of their regions, for which directory_depth() has
  // given `depth`.
  [[nodiscard]] static std::unique_ptr<KeyIndex> assemble(
      std::vector<std::unique_ptr<IndexTable>> tables, unsigned depth,
      std::span<const IndexOverflow::Entry> overflow);
};

}  // namespace datawal
