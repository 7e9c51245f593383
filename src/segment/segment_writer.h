// Appends frames to one segment.
//
// There are two ways to the same file. The first bytes after a sync are written, the rest is stored
// through a mapping of space that has been reserved: no system call a frame. Once enough has been
// appended for it to pay, space is reserved ahead, so that neither a store nor a durable append has
// to grow the file; what is left of it is zeros, and is cut off when the segment ends. Where the
// filesystem reserves nothing, everything is written.
//
// Thread safety: one thread at a time; sync() may run beside append().
#pragma once

#include <cstdint>
#include <memory>

#include "datawal/frame.h"
#include "file/filesystem.h"
#include "format/batch_frame.h"
#include "segment/pages_ahead.h"

namespace datawal {

struct SegmentWritePolicy {
  bool may_reserve = true;
  bool may_map = true;
  std::uint64_t size_max = 0;            // no space is reserved behind this offset
  std::uint64_t write_through_size = 0;  // bytes after a sync that are written, not stored
};

struct SegmentWriteCounts {
  std::uint64_t stored = 0;   // records, through a mapping
  std::uint64_t written = 0;  // records
  std::uint64_t reservations_refused = 0;
  std::uint64_t mappings_refused = 0;

  SegmentWriteCounts& operator+=(const SegmentWriteCounts& other) noexcept {
    stored += other.stored;
    written += other.written;
    reservations_refused += other.reservations_refused;
    mappings_refused += other.mappings_refused;
    return *this;
  }
};

class SegmentWriter {
 public:
  // Continues `file` at `end`, which is where it ends.
  SegmentWriter(std::unique_ptr<File> file, std::uint64_t end, const SegmentWritePolicy& policy);

  // Appends a record, whose type and sizes have been checked, and gives its frame's checksum. On
  // return other processes see it, and it outlives this one. After a failure a part of the frame
  // may be in the file.
  [[nodiscard]] Result<std::uint32_t> append(const RecordView& record);

  // The same of all records of a batch, two or more, behind an announcement of this txid. Nobody
  // who reads along sees anything of them before all of them are there.
  [[nodiscard]] Result<BatchChecksums> append_batch(const WriteBatch& batch, Txid txid);

  // Returns when what was appended before the call would outlive a power cut.
  [[nodiscard]] Status sync() { return file_->sync(); }
  // To be told after each sync, in order with append().
  void note_sync() noexcept;

  // Makes ahead of the first append what many of them need: space, and a mapping of it.
  [[nodiscard]] Status prepare();
  // Reserves the space up to the largest size that the segment may have. False where it is not to
  // be had, or none is reserved in this file at all.
  [[nodiscard]] Result<bool> reserve_rest();

  [[nodiscard]] bool has_unused() const { return reserved_end_ > end_; }
  // Cuts off what has been reserved and not used. Not synced.
  [[nodiscard]] Status cut_unused();

  // Behind the last frame.
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] File& file() { return *file_; }
  [[nodiscard]] bool is_mapped() const { return mapping_ != nullptr; }
  [[nodiscard]] const SegmentWriteCounts& counts() const { return counts_; }

 private:
  // Above it the pages of a fresh mapping cost more than the system call.
  static constexpr std::size_t kStoreSizeMax = std::size_t{32} << 10;

  template <typename Encode>
  [[nodiscard]] auto append_encoded(std::size_t size, Encode encode)
      -> Result<decltype(encode(MutableByteView{}))>;
  // Whether the next bytes are to be stored, and all that needs is there: nearly always.
  [[nodiscard]] bool is_ready(std::size_t size) const {
    return end_ + size <= prepared_end_ && size <= kStoreSizeMax &&
           since_sync_ >= policy_.write_through_size;
  }
  [[nodiscard]] Result<bool> make_ready(std::size_t size);
  [[nodiscard]] bool needs_more_ahead() const;
  void prepare_pages(std::uint64_t end);
  void begin_ahead();
  [[nodiscard]] Result<bool> reserve_for(std::uint64_t end);
  [[nodiscard]] Result<bool> reserve_until(std::uint64_t wanted);
  [[nodiscard]] bool map();
  [[nodiscard]] Status write(MutableByteView bytes);
  [[nodiscard]] MutableByteView frame_buffer(std::size_t size);
  void shrink_frame_buffer();

  std::unique_ptr<File> file_;
  SegmentWritePolicy policy_;
  std::unique_ptr<FileMapping> mapping_;
  std::uint64_t end_;
  std::uint64_t reserved_end_;      // of the file
  std::uint64_t prepared_end_ = 0;  // of the pages that a store need not wait for
  std::uint64_t since_open_ = 0;    // bytes appended
  std::uint64_t since_sync_ = 0;
  std::uint64_t syncs_ = 0;
  std::unique_ptr<std::byte[]> frame_;
  std::size_t frame_capacity_ = 0;
  SegmentWriteCounts counts_;
  bool is_ahead_stale_ = false;  // a sync came after ahead_ had begun
  PagesAhead ahead_;             // last, so that it ends first
};

}  // namespace datawal
