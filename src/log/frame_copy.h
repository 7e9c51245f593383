// Copies intact frames of a segment to a new file.
#pragma once

#include <cstdint>

#include "datawal/frame.h"
#include "file/buffered_writer.h"
#include "file/filesystem.h"
#include "segment/file_window.h"

namespace datawal {

class FrameCopy {
 public:
  // Copies from the first `source_size` bytes of `source` to `target`, which is empty. Both must
  // outlive the copy.
  FrameCopy(const File& source, std::uint64_t source_size, File& target);

  // Adds the frame of `size` bytes at `offset`, unless it does not decode any more: the source may
  // be failing, or somebody may be writing to it. Gives what was found.
  [[nodiscard]] Result<DecodeOutcome> add(std::uint64_t offset, std::size_t size);
  // Makes the copy durable.
  [[nodiscard]] Status finish();

  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] std::uint64_t bytes() const { return writer_.offset(); }

 private:
  [[nodiscard]] Result<ByteView> read(std::uint64_t offset, std::size_t size);

  const File* source_;
  File* target_;
  FileWindow window_;
  Bytes large_frame_;
  BufferedWriter writer_;
  std::uint64_t frames_ = 0;
};

}  // namespace datawal
