// The file of the floor: frames of the size that datawal's have, in a file whose blocks are
// reserved beforehand.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "compare/store.h"

namespace datawal::bench {

class FloorFile {
 public:
  struct Frame {
    ByteView key;
    ByteView value;
    bool is_removal = false;
    std::uint64_t size = 0;
  };

  // Reserves `capacity` bytes, or more if the file is larger, and maps them.
  FloorFile(const std::filesystem::path& path, std::uint64_t capacity);
  FloorFile(const FloorFile&) = delete;
  FloorFile& operator=(const FloorFile&) = delete;
  ~FloorFile();

  // The size of a frame on disk.
  [[nodiscard]] static std::uint64_t frame_size(std::size_t key_size, std::size_t value_size);

  // Copies a frame and its CRC to the end, through the mapping. Any number of threads may do so.
  // Gives its offset.
  std::uint64_t append(ByteView key, ByteView value) { return append(key, value, false); }
  std::uint64_t append_removal(ByteView key) { return append(key, {}, true); }

  // Writes frames of all entries by one pwrite(2) and waits until an fdatasync(2) has begun after
  // that and returned; threads that wait share one. Gives the offset of the first frame.
  std::uint64_t append_durably(std::span<const Entry> entries);

  // The frame at `offset`, its CRC checked, or nullopt where the frames end. Throws if it is wrong.
  [[nodiscard]] std::optional<Frame> frame_at(std::uint64_t offset) const;
  // Where the next frame goes.
  [[nodiscard]] std::uint64_t end() const { return end_.load(std::memory_order_relaxed); }
  void set_end(std::uint64_t end) { end_ = end; }

  // Copies the frames for whose offset `is_wanted` to a new file, and syncs it.
  void copy_to(const std::filesystem::path& path,
               const std::function<bool(std::uint64_t offset)>& is_wanted) const;

 private:
  std::uint64_t append(ByteView key, ByteView value, bool is_removal);
  [[nodiscard]] std::uint64_t reserve(std::uint64_t size);
  void sync_up_to(std::uint64_t write_number);

  int descriptor_ = -1;
  std::byte* data_ = nullptr;
  std::uint64_t capacity_ = 0;
  std::atomic<std::uint64_t> end_ = 0;

  std::mutex syncing_mutex_;
  std::condition_variable synced_;
  std::uint64_t written_count_ = 0;
  std::uint64_t synced_count_ = 0;
  bool is_syncing_ = false;
};

}  // namespace datawal::bench
