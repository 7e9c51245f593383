// The tables of an index that are still in its image, each of which is read and checked when it is
// first asked for.
//
// Thread safety: any thread may call anything; take() and nothing() with mutex() locked, read()
// without.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "file/filesystem.h"
#include "store/index_table.h"

namespace datawal {

class LazyTables {
 public:
  struct Shape {
    std::uint32_t crc;  // of the table's bytes in the image
    std::uint8_t depth;
    bool overflows;
  };
  // What is in the image beside the tables.
  struct Image {
    std::shared_ptr<const File> file;
    std::vector<Shape> shapes;  // in the order of their regions, all of which they cover
    std::vector<std::uint32_t> unit_bounds;
    std::uint64_t key_count;  // in the tables
  };

  explicit LazyTables(Image image);
  LazyTables(const LazyTables&) = delete;
  LazyTables& operator=(const LazyTables&) = delete;

  [[nodiscard]] std::mutex& mutex() const noexcept { return mutex_; }
  // The table for `region`; null if it is not the one that was written. From then on the whole
  // image is not believed. Null also where all have been taken. Several threads may read at a time.
  [[nodiscard]] std::unique_ptr<IndexTable> read(std::uint32_t region);
  // Keeps a table that was read, and has not been taken before. Null if all of them are, and
  // contradict each other.
  [[nodiscard]] IndexTable* take(std::unique_ptr<IndexTable> table);
  // Whether all have been taken.
  [[nodiscard]] bool is_done() const noexcept {
    return loaded_count_.load(std::memory_order_acquire) == shapes_.size();
  }
  // A region of each table, in their order.
  [[nodiscard]] const std::vector<std::uint32_t>& first_regions() const noexcept {
    return first_regions_;
  }

  // Calls visit(slot) for every entry of those that are loaded.
  template <typename Visit>
  void visit_all(const Visit& visit) const {
    const std::lock_guard lock(mutex_);
    for (const std::unique_ptr<IndexTable>& table : tables_) table->visit_all(visit);
  }

  // Whether an answer that relies on a table may be wrong.
  [[nodiscard]] bool is_broken() const noexcept {
    return fault_.load(std::memory_order_acquire) != nullptr;
  }
  // In which way, if it is.
  [[nodiscard]] const char* fault() const noexcept {
    return fault_.load(std::memory_order_acquire);
  }
  // What stands for a table that could not be loaded: it has no entries.
  [[nodiscard]] IndexTable& nothing();

  [[nodiscard]] std::size_t table_count() const noexcept { return shapes_.size(); }
  // In bytes, the tables loaded so far included.
  [[nodiscard]] std::size_t memory_size() const noexcept;

 private:
  // Gives false.
  [[nodiscard]] bool fail(const char* fault) noexcept;
  [[nodiscard]] std::shared_ptr<const File> file() const;
  [[nodiscard]] bool read_words(const File& file, std::size_t index, IndexTable::Words words);

  const std::vector<Shape> shapes_;
  const std::vector<std::uint32_t> unit_bounds_;
  const std::uint64_t key_count_;
  std::vector<std::uint32_t> first_regions_;
  std::atomic<const char*> fault_{nullptr};
  std::atomic<std::size_t> loaded_count_{0};
  mutable std::mutex mutex_;          // guards what follows
  std::shared_ptr<const File> file_;  // until all are loaded
  std::uint64_t loaded_keys_ = 0;
  std::unique_ptr<IndexTable> nothing_;
  std::vector<std::unique_ptr<IndexTable>> tables_;  // those that are loaded
};

}  // namespace datawal
