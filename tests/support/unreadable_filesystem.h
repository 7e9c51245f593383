// A filesystem on a disk that cannot be read in places.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "file/filesystem.h"

namespace datawal::test {

// Bytes of a file that no read may touch.
struct UnreadableRange {
  std::string name;  // of the file in its directory
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// Passes everything on to another filesystem, but reads of files in `directory` fail with kIo where
// they touch one of the ranges.
class UnreadableFilesystem final : public Filesystem {
 public:
  UnreadableFilesystem(Filesystem& filesystem, std::filesystem::path directory,
                       std::vector<UnreadableRange> ranges)
      : filesystem_(filesystem), directory_(std::move(directory)), ranges_(std::move(ranges)) {}

  [[nodiscard]] Result<std::unique_ptr<Directory>> open_directory(
      const std::filesystem::path& path) override;
  [[nodiscard]] Result<std::unique_ptr<Directory>> create_directory(
      const std::filesystem::path& path) override {
    return filesystem_.create_directory(path);
  }
  [[nodiscard]] Result<std::unique_ptr<File>> open_file(
      const std::filesystem::path& path) override {
    return filesystem_.open_file(path);
  }
  [[nodiscard]] std::array<std::byte, 16> boot_id() const override { return filesystem_.boot_id(); }
  void fill_random(MutableByteView buffer) override { filesystem_.fill_random(buffer); }
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override {
    return filesystem_.now();
  }

 private:
  Filesystem& filesystem_;
  std::filesystem::path directory_;
  std::vector<UnreadableRange> ranges_;
};

// A file that cannot be read in these ranges, whatever their names.
[[nodiscard]] std::unique_ptr<File> make_unreadable(std::unique_ptr<File> file,
                                                    std::vector<UnreadableRange> ranges);

}  // namespace datawal::test
