// The real filesystem, on which this process ends without warning before one of its changes, as if
// it were killed there.
//
//   StoppingFilesystem filesystem;
//   auto store = DataWal::open(path, {.filesystem = &filesystem});
//   filesystem.stop_at(7);                       // _exit before the seventh change from here on
//
// Changes are what others can see in a directory: names, sizes and bytes of files; not a sync.
//
// Thread safety: any thread may call anything.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "file/filesystem.h"

namespace datawal::compat {

class StoppingFilesystem final : public Filesystem {
 public:
  static constexpr int kExitCode = 77;

  void stop_at(std::uint64_t n) { *left_ = n; }

  [[nodiscard]] Result<std::unique_ptr<Directory>> open_directory(
      const std::filesystem::path& path) override;
  [[nodiscard]] Result<std::unique_ptr<Directory>> create_directory(
      const std::filesystem::path& path) override;
  [[nodiscard]] Result<std::unique_ptr<File>> open_file(
      const std::filesystem::path& path) override {
    return posix_filesystem().open_file(path);
  }
  [[nodiscard]] std::array<std::byte, 16> boot_id() const override {
    return posix_filesystem().boot_id();
  }
  void fill_random(MutableByteView buffer) override { posix_filesystem().fill_random(buffer); }
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override {
    return posix_filesystem().now();
  }

 private:
  // Changes to go; 0 is no end. Shared with everything that was opened.
  std::shared_ptr<std::atomic<std::uint64_t>> left_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace datawal::compat
