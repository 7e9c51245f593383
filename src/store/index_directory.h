// The way from the upper bits of a region to a table of the key index: an array of 2^depth entries,
// in which a table of depth d stands 2^(depth - d) times side by side.
//
// Thread safety: as for IndexTable.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "store/index_table.h"

namespace datawal {

// A directory with so many entries for each table is not doubled: chance does not bring that about.
inline constexpr std::size_t kDirectoryEntriesPerTableMax = 16;

class IndexDirectory {
 public:
  explicit IndexDirectory(unsigned depth) : depth_(depth), tables_(std::size_t{1} << depth) {}
  IndexDirectory(const IndexDirectory& source) : IndexDirectory(source.depth_) {
    for (std::size_t index = 0; index < tables_.size(); ++index) {
      tables_[index].store(source.tables_[index].load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
    }
  }
  IndexDirectory& operator=(const IndexDirectory&) = delete;

  [[nodiscard]] unsigned depth() const noexcept { return depth_; }
  [[nodiscard]] std::size_t size() const noexcept { return tables_.size(); }

  [[nodiscard]] IndexTable& table_of(const HashParts& parts) const noexcept { return *find(parts); }
  // Null where the table has not been loaded yet.
  [[nodiscard]] IndexTable* find(const HashParts& parts) const noexcept {
    return tables_[index_of(parts)].load(std::memory_order_acquire);
  }

  // Makes `table` the only one.
  void set_first(IndexTable& table) noexcept {
    tables_[0].store(&table, std::memory_order_release);
  }
  // Makes `upper` the table for the upper half of what the table for `parts` was for.
  void set_upper_half(const HashParts& parts, IndexTable& upper) noexcept {
    const std::size_t count = std::size_t{1} << (depth_ - upper.depth());
    set_from((index_of(parts) | count) & ~(count - 1), upper);
  }
  // Makes `table` the one for all that the table for `parts` was for.
  void replace(const HashParts& parts, IndexTable& table) noexcept {
    const std::size_t count = std::size_t{1} << (depth_ - table.depth());
    set_from(index_of(parts) & ~(count - 1), table);
  }
  // The table for the regions that begin with the bits of `index`.
  [[nodiscard]] const IndexTable& table_at(std::size_t index) const noexcept {
    return *tables_[index].load(std::memory_order_acquire);
  }
  // Makes `table` the one for `index`, and for as many behind it as belong to the table. Gives the
  // first index that does not.
  std::size_t set_from(std::size_t index, IndexTable& table) noexcept {
    const std::size_t end = index + (std::size_t{1} << (depth_ - table.depth()));
    for (; index < end; ++index) tables_[index].store(&table, std::memory_order_release);
    return index;
  }
  // Takes over the tables of `half`, a directory of one bit less.
  void double_from(const IndexDirectory& half) noexcept {
    for (std::size_t index = 0; index < tables_.size(); ++index) {
      tables_[index].store(half.tables_[index / 2].load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
    }
  }

  [[nodiscard]] std::size_t memory_size() const noexcept {
    return sizeof *this + tables_.size() * sizeof(tables_[0]);
  }

 private:
  [[nodiscard]] std::size_t index_of(const HashParts& parts) const noexcept {
    return parts.region >> (kRegionBits - depth_);
  }

  const unsigned depth_;
  std::vector<std::atomic<IndexTable*>> tables_;
};

}  // namespace datawal
