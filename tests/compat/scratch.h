// A directory of its own for each test, and the files in it as bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datawal/bytes.h"

namespace datawal::compat {

// Where a test's stores are. Thousands of small ones that are synced all the time are no burden for
// a filesystem in memory; nothing that these tests can see depends on it.
enum class Medium { kDisk, kMemory };

// A new empty directory, removed with everything in it at the end.
class Scratch {
 public:
  explicit Scratch(Medium medium = Medium::kDisk);
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // A name in it that was not given before.
  [[nodiscard]] std::filesystem::path fresh(const std::string& stem);

 private:
  std::filesystem::path path_;
  unsigned count_ = 0;
};

// These throw std::runtime_error where the file system fails.
[[nodiscard]] Bytes read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, ByteView bytes);

// "00000007.dwal" for 7.
[[nodiscard]] std::string segment_file(std::uint32_t id);
// The bytes of that segment of the store in `directory`.
[[nodiscard]] Bytes read_segment(const std::filesystem::path& directory, std::uint32_t id = 1);
// The names of the segments in `directory`, sorted.
[[nodiscard]] std::vector<std::string> segment_names(const std::filesystem::path& directory);
// The names of everything in `directory`, sorted.
[[nodiscard]] std::vector<std::string> all_names(const std::filesystem::path& directory);
// Copies the store, with all its sidecars.
void copy_store(const std::filesystem::path& from, const std::filesystem::path& to);
// The files `*.quarantine` in `directory`, sorted.
[[nodiscard]] std::vector<std::filesystem::path> quarantine_files(
    const std::filesystem::path& directory);

}  // namespace datawal::compat
