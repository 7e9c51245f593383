// A part of a file in memory, for reading mostly forward.
#pragma once

#include <cstdint>
#include <memory>

#include "datawal/bytes.h"
#include "file/filesystem.h"

namespace datawal {

class FileWindow {
 public:
  static constexpr std::size_t kSize = std::size_t{256} << 10;

  // Shows the bytes of `file`, which must outlive the window, before `end`.
  FileWindow(const File& file, std::uint64_t end) : file_(&file), end_(end) {}

  // At least `size_min` bytes from `offset` on, at most kSize; fewer only where the file, or `end`,
  // comes before. The view is valid until the next call.
  [[nodiscard]] Result<ByteView> at(std::uint64_t offset, std::size_t size_min);

  // Whether these bytes are in memory already.
  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t size) const {
    return offset >= offset_ && offset - offset_ <= count_ && size <= count_ - (offset - offset_);
  }

  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  const File* file_;
  std::uint64_t end_;
  std::unique_ptr<std::byte[]> buffer_;
  std::uint64_t offset_ = 0;  // in the file, of the first byte in the buffer
  std::size_t count_ = 0;     // bytes in the buffer
  std::uint64_t bytes_read_ = 0;
};

}  // namespace datawal
