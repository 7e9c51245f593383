// The writer lock: flock(2) on a file that is never removed.
#pragma once

#include <memory>

#include "file/filesystem.h"
#include "file/posix_file.h"

namespace datawal {

// What Directory::lock promises, on the file at `place`.
[[nodiscard]] Result<std::unique_ptr<FileLock>> lock_file(const FilePlace& place);

}  // namespace datawal
