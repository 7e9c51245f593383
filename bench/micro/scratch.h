// A directory for one benchmark, empty at the start and gone at the end.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace datawal::bench {

// Below $DATAWAL_BENCH_DIR, which should be on a disk, or else below the current directory.
class ScratchDirectory {
 public:
  ScratchDirectory() : path_(base() / ("micro-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;  // a destructor has nobody to tell
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::filesystem::path store() const { return path_ / "store"; }

 private:
  static std::filesystem::path base() {
    const char* directory = std::getenv("DATAWAL_BENCH_DIR");
    return directory != nullptr ? directory : ".";
  }

  std::filesystem::path path_;
};

}  // namespace datawal::bench
