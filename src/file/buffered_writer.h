// Collects small writes to one file into large ones, and has the disk begin with what has been
// written: who writes so much syncs at the end. Where it is much, another thread writes, while the
// owner collects the next: so what fails may be told by a later call, but no later than by flush().
#pragma once

#include <cstdint>

#include "file/filesystem.h"
#include "file/second_thread.h"

namespace datawal {

class BufferedWriter {
 public:
  // Writes from `offset` on. `file` must outlive the writer.
  explicit BufferedWriter(File& file, std::uint64_t offset = 0)
      : file_(&file), begin_(offset), offset_(offset), begun_offset_(offset) {}
  BufferedWriter(const BufferedWriter&) = delete;
  BufferedWriter& operator=(const BufferedWriter&) = delete;
  ~BufferedWriter() = default;

  [[nodiscard]] Status append(ByteView data);
  // Hands everything to the file. Not synced.
  [[nodiscard]] Status flush();
  // Where the next byte goes.
  [[nodiscard]] std::uint64_t offset() const { return offset_ + buffer_.size(); }

 private:
  [[nodiscard]] Status hand_over();
  [[nodiscard]] Status write(ByteView data);
  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data);

  File* file_;
  std::uint64_t begin_;
  std::uint64_t offset_;
  std::uint64_t begun_offset_;  // before it, syncing has begun
  Bytes buffer_;
  Bytes written_;        // by the second thread, while that is at it
  Status outcome_;       // of that
  SecondThread second_;  // last, so that it ends first
};

}  // namespace datawal
