// Noticing changes in a directory by inotify.
#pragma once

#include <memory>

#include "file/filesystem.h"

namespace datawal {

// A watch on the directory that `directory_fd` has open. Where inotify is not to be had (its limits
// are easily reached on a busy machine), a watch that comes back at short intervals.
[[nodiscard]] std::unique_ptr<DirectoryWatch> watch_directory(int directory_fd);

}  // namespace datawal
