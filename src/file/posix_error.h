// The one place where errno becomes an Error.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string_view>

#include "datawal/error.h"

namespace datawal {

// The Error for `os_error` (an errno value). `action` completes the sentence "Cannot ...", as in
// "sync the file"; the description and a remedy follow it.
[[nodiscard]] Error posix_error(int os_error, std::string_view action,
                                const std::filesystem::path& path);

// The kNotRegularFile error for something of the mode `mode` where a regular file should be.
[[nodiscard]] Error not_regular_error(mode_t mode, int os_error, const std::filesystem::path& path);

// The kNotRegularFile error for a regular file that has other names too.
[[nodiscard]] Error links_error(nlink_t links, const std::filesystem::path& path);

// The kInvalidArgument error for something else where a directory should be.
[[nodiscard]] Error not_directory_error(int os_error, const std::filesystem::path& path);

}  // namespace datawal
