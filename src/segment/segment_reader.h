// Reads the frames of one segment in order, by pread, with memory bounded by the largest frame.
//
// By frames, or by what is all or nothing: a batch is then as one frame that is damaged as long as
// not all of it is there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "datawal/frame.h"
#include "file/filesystem.h"
#include "format/batch_frame.h"

namespace datawal {

enum class SegmentStep {
  kFrame,   // a valid frame: see frame()
  kEnd,     // the last frame ended where the segment does
  kDamage,  // no frame decodes here: see damage()
};

enum class Batches {
  kAsFrames,  // announcements and records of a batch are frames like others
  kWhole,     // an announcement is a frame only if its whole batch is behind it
};

class SegmentReader {
 public:
  // Reads the bytes [begin, end) of `file`, which must outlive the reader. `begin` is where a frame
  // starts.
  SegmentReader(const File& file, std::uint64_t begin, std::uint64_t end,
                Batches batches = Batches::kAsFrames);

  // Reads the frame at offset() and moves behind it, if there is one. Fails only where reading
  // fails.
  [[nodiscard]] Result<SegmentStep> next();

  // The last frame read. Its views are valid until the next call of next().
  [[nodiscard]] const DecodedFrame& frame() const { return frame_; }
  // Why the last step was kDamage: anything but a frame. Of a batch that is not whole, what
  // decoding all of it as one thing gives.
  [[nodiscard]] const DecodeOutcome& damage() const { return damage_; }
  // What the frame at hand, or the batch that is damaged, announces. With Batches::kWhole only.
  [[nodiscard]] const std::optional<BatchAnnouncement>& announcement() const {
    return announcement_;
  }
  // Where the next frame starts.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }

  // The segment has grown, or was cut behind offset(): read up to `end` from now on.
  void set_end(std::uint64_t end);

 private:
  [[nodiscard]] ByteView buffered() const;
  [[nodiscard]] DecodeOutcome decode() const;
  [[nodiscard]] Result<bool> is_batch_whole();
  [[nodiscard]] bool has_buffered(BatchProgress& progress);
  [[nodiscard]] Status read_members(BatchProgress& progress) const;
  [[nodiscard]] Status fill(std::uint64_t needed);

  const File* file_;
  Batches batches_;
  std::uint64_t offset_;
  std::uint64_t end_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t start_ = 0;  // of the bytes at offset_, in the buffer
  std::size_t stop_ = 0;   // behind the last byte in the buffer
  DecodedFrame frame_;
  DecodeOutcome damage_;
  std::optional<BatchAnnouncement> announcement_;
  std::uint64_t checked_end_ = 0;  // before it, what is in the buffer has been decoded already
};

}  // namespace datawal
