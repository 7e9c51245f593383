// Collects small writes to one file into large ones, and has the disk begin with what has been
// written: who writes so much syncs at the end.
#pragma once

#include <cstdint>

#include "file/filesystem.h"

namespace datawal {

class BufferedWriter {
 public:
  // Writes from `offset` on. `file` must outlive the writer.
  explicit BufferedWriter(File& file, std::uint64_t offset = 0)
      : file_(&file), offset_(offset), begun_offset_(offset) {}

  [[nodiscard]] Status append(ByteView data);
  // Hands everything to the file. Not synced.
  [[nodiscard]] Status flush();
  // Where the next byte goes.
  [[nodiscard]] std::uint64_t offset() const { return offset_ + buffer_.size(); }

 private:
  [[nodiscard]] Status write(ByteView data);

  File* file_;
  std::uint64_t offset_;
  std::uint64_t begun_offset_;  // before it, syncing has begun
  Bytes buffer_;
};

}  // namespace datawal
