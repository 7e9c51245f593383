// Copies intact frames of a segment to a new file.
#pragma once

#include <cstdint>

#include "file/buffered_writer.h"
#include "file/filesystem.h"

namespace datawal {

class FrameCopy {
 public:
  // Both files must outlive the copy; `target` is empty.
  FrameCopy(const File& source, File& target)
      : source_(&source), target_(&target), writer_(target) {}

  // Adds the source's bytes [begin, end), which are `frame_count` frames.
  [[nodiscard]] Status add(std::uint64_t begin, std::uint64_t end, std::uint64_t frame_count);
  // Makes the copy durable, and reads it back: kIo unless it is `frame_count` frames, as were
  // added.
  [[nodiscard]] Status finish(std::uint64_t frame_count);

  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] std::uint64_t bytes() const { return writer_.offset() + (end_ - begin_); }

 private:
  [[nodiscard]] Status flush();

  const File* source_;
  File* target_;
  BufferedWriter writer_;
  std::uint64_t begin_ = 0;  // what was added last and has not been copied yet
  std::uint64_t end_ = 0;
  std::uint64_t frames_ = 0;
};

}  // namespace datawal
