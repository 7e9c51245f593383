// Reads the windows of a snapshot of which all records should be live, by two threads: whoever
// takes one window after the other, and another thread that reads those ahead meanwhile.
//
// Both do the same: read the first window that nobody has begun with, into one of a ring of lists.
// So neither waits for the other as long as there is something to read, and it does not matter
// which of them is the faster one, or has no processor to run on.
//
// Thread safety: for one thread.
//
// Memory: the items of eight windows, 48 bytes for each record of 1 MiB of log.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "datawal/item.h"
#include "file/background_thread.h"
#include "store/log_windows.h"

namespace datawal {

class SnapshotState;

class WindowsAhead {
 public:
  // Both must outlive it. Whether a window is taken for dense must not change before stop().
  WindowsAhead(const SnapshotState& snapshot, const LogWindows& windows)
      : snapshot_(snapshot), windows_(windows) {}
  WindowsAhead(const WindowsAhead&) = delete;
  WindowsAhead& operator=(const WindowsAhead&) = delete;
  ~WindowsAhead() { stop(); }

  // Gives the records of a window, checked. False where they are not all live, or not in memory.
  // To be asked for every window in turn. The other thread is begun once so many have been taken
  // that its beginning costs little.
  [[nodiscard]] bool take(std::size_t window, std::vector<Item>& items);
  // How many windows are read ahead of the one that was taken last.
  [[nodiscard]] std::size_t distance() const noexcept { return is_begun_ ? kRing : 0; }
  // Returns when nothing is under way. What comes then is read by who takes it.
  void stop() noexcept;

 private:
  static constexpr std::size_t kRing = 8;

  struct ReadWindow {
    std::vector<Item> items;
    bool is_read = false;
    std::atomic<std::size_t> done_end = 0;  // behind the window that it is of, once it is read
  };

  [[nodiscard]] bool is_worth_it(std::size_t window) const noexcept;
  void begin(std::size_t window);
  void run_ahead();
  [[nodiscard]] bool read_next(std::size_t end);
  [[nodiscard]] bool read(std::size_t window, std::vector<Item>& items) const;

  const SnapshotState& snapshot_;
  const LogWindows& windows_;
  bool is_begun_ = false;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<std::size_t> next_ = 0;       // the first window that nobody has begun with
  std::atomic<std::size_t> taken_end_ = 0;  // behind the last window that was taken
  std::array<ReadWindow, kRing> ring_;
  std::unique_ptr<BackgroundThread> second_;
};

}  // namespace datawal
