// A limit on the memory of a process and the page cache it fills, by a control group of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace datawal::bench {

// A control group below that of this process (or, where that may not have any, below the root).
// Removed on destruction, when its process has ended.
class MemoryGroup {
 public:
  // Null where this machine does not allow it; `reason` is then why.
  [[nodiscard]] static std::unique_ptr<MemoryGroup> make(std::uint64_t limit, std::string& reason);

  explicit MemoryGroup(std::filesystem::path directory) : directory_(std::move(directory)) {}
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;
  ~MemoryGroup();

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

// Moves this process into a group.
void join_memory_group(const std::filesystem::path& group_directory);

// Makes the page cache forget all files below `directory`, which must be synced.
void forget_pages(const std::filesystem::path& directory);

}  // namespace datawal::bench
