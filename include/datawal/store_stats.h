// What the functions of a DataWal and of a Snapshot that walk over all keys tell about it.
//
// Plain value types.
#pragma once

#include <cstdint>

namespace datawal {

struct CompactionStats {
  std::uint64_t live_keys = 0;
  std::uint64_t records_written = 0;
  std::uint64_t bytes_written = 0;
};

struct ExportStats {
  std::uint64_t records_written = 0;
  std::uint64_t bytes_written = 0;
};

struct ImportStats {
  std::uint64_t records_read = 0;  // lines, each one put
  std::uint64_t bytes_read = 0;
};

enum class Overwrite { kNo, kYes };

}  // namespace datawal
