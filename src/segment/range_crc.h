// The CRC-32C of many overlapping ranges of a file, each at a small bounded cost. One forward pass
// over the file keeps the checksum of everything before each multiple of a small stride; that of a
// range then follows from those before its two ends. What the pass keeps is bounded by how far the
// ranges reach ahead of the first of them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "file/filesystem.h"
#include "segment/file_window.h"

namespace datawal {

class RangeCrc {
 public:
  static constexpr std::size_t kStride = 512;

  // Looks at the bytes of `file`, which must outlive this, before `end`.
  RangeCrc(const File& file, std::uint64_t end) : file_(&file), window_(file, end) {}

  // The checksum of the bytes [begin, end), or nullopt where the file ends before them. `begin`
  // must not be before the last forget_before().
  [[nodiscard]] Result<std::optional<std::uint32_t>> of(std::uint64_t begin, std::uint64_t end);

  // No range will begin before `offset` any more.
  void forget_before(std::uint64_t offset);

  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_ + window_.bytes_read(); }

 private:
  [[nodiscard]] Result<bool> extend_to(std::uint64_t offset);
  [[nodiscard]] Result<std::optional<std::uint32_t>> before(std::uint64_t offset);

  const File* file_;
  FileWindow window_;        // of the pass
  std::uint64_t floor_ = 0;  // no range begins before it
  std::uint64_t first_ = 0;  // offset of the first checkpoint
  std::deque<std::uint32_t>
      checkpoints_;  // of everything since an arbitrary place before first_, at each stride
  std::uint64_t bytes_read_ = 0;
};

}  // namespace datawal
