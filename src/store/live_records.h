// Walks over the live records of a snapshot in log order, many at a time; those of large stores by
// two threads.
//
// Thread safety: belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "datawal/item.h"
#include "store/log_windows.h"
#include "store/record_reader.h"
#include "store/windows_ahead.h"

namespace datawal {

class SnapshotState;

class LiveRecords {
 public:
  // `snapshot` must outlive it.
  explicit LiveRecords(const SnapshotState& snapshot);

  // The next records, checked; none at the end. Valid until the next call. Fails where the next
  // record is not the one that was written, and does so again when it is called again.
  [[nodiscard]] Result<std::span<Item>> next();

 private:
  [[nodiscard]] bool read_listed();
  [[nodiscard]] Status read_one();

  const SnapshotState& snapshot_;
  LogWindows windows_;
  WindowsAhead ahead_;
  std::size_t next_window_ = 0;
  std::span<const std::uint64_t> slots_;  // of the window, that have not been read
  RecordReader reader_;
  std::vector<Item> items_;
};

}  // namespace datawal
