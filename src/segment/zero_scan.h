// Finds out where the data of a file end and the zeros of reserved space begin.
#pragma once

#include <cstdint>

#include "datawal/error.h"
#include "file/filesystem.h"

namespace datawal {

// Whether the bytes [begin, end) of `file` are all zero. Cost: reads up to the first that is not.
[[nodiscard]] Result<bool> is_zero_filled(const File& file, std::uint64_t begin, std::uint64_t end);

struct DataEnd {
  std::uint64_t offset = 0;      // behind the last byte that is not zero
  std::uint64_t bytes_read = 0;  // to find it
};

// Where the data in [begin, end) of `file` end; at `begin` if all of it is zeros. Cost: reads back
// from the end to there, 64 KiB at a time.
[[nodiscard]] Result<DataEnd> find_data_end(const File& file, std::uint64_t begin,
                                            std::uint64_t end);

}  // namespace datawal
