// Reads the frames of one segment many at a time, for who wants to look at several before it is
// done with the first.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "datawal/frame.h"
#include "file/filesystem.h"
#include "file/second_thread.h"

namespace datawal {

// A frame, and where it is.
struct BatchedFrame {
  std::uint64_t offset = 0;  // in the segment
  ByteView bytes;            // all of the frame
  RecordView record;
  std::uint32_t crc = 0;
};

class FrameBatches {
 public:
  // Reads the first `end` bytes of `file`, which must outlive this.
  FrameBatches(const File& file, std::uint64_t end, std::size_t read_size = std::size_t{256} << 10);

  // The next frames, each of them valid; none at the end, and where no frame decodes: then offset()
  // is before the end. What was given is valid until the next call. Fails only where reading fails.
  // Memory: `read_size`, or the largest frame.
  [[nodiscard]] Result<std::span<const BatchedFrame>> next();

  // Goes on at `offset`, where a frame begins.
  void go_to(std::uint64_t offset) { offset_ = offset; }

  // Behind the frames given so far.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] bool is_at_end() const { return offset_ == end_; }
  // Why next() gave nothing before the end.
  [[nodiscard]] const DecodeOutcome& damage() const { return damage_; }

 private:
  // The number of bytes that are needed to go on, 0 if there are frames or none will come.
  [[nodiscard]] std::uint64_t decode(ByteView bytes);

  const File* file_;
  std::uint64_t end_;
  std::size_t read_size_;
  std::uint64_t offset_ = 0;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t capacity_ = 0;
  std::vector<BatchedFrame> frames_;
  DecodeOutcome damage_;
};

// The same, read by another thread while those that were given before are worked on.
class FrameBatchesAhead {
 public:
  FrameBatchesAhead(const File& file, std::uint64_t end);
  FrameBatchesAhead(const FrameBatchesAhead&) = delete;
  FrameBatchesAhead& operator=(const FrameBatchesAhead&) = delete;
  ~FrameBatchesAhead() = default;

  // As FrameBatches::next. Memory: 2 MiB, or twice the largest frame.
  [[nodiscard]] Result<std::span<const BatchedFrame>> next();
  // Those that next() has given frames of last: where they end, and what is behind.
  [[nodiscard]] const FrameBatches& given() const { return batches_[given_]; }

 private:
  void begin();

  std::array<FrameBatches, 2> batches_;
  std::size_t given_ = 1;
  bool is_ahead_ = false;  // there is so much that another thread is worth it
  bool is_begun_ = false;
  Result<std::span<const BatchedFrame>> read_;
  SecondThread second_;  // last, so that it ends first
};

// Says of a sealed segment that no frame decodes where `frames` has come to.
[[nodiscard]] Error sealed_damage(SegmentId segment, const FrameBatches& frames);

}  // namespace datawal
