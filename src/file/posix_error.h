// The one place where errno becomes an Error.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <filesystem>
#include <optional>
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

// The Error for a rename over `target` that failed with `os_error`.
[[nodiscard]] Error replace_error(int os_error, const std::filesystem::path& target);

// The kLocked error; `holder` is the process that the lock file at `path` names, if it names one.
[[nodiscard]] Error locked_error(std::optional<pid_t> holder, const std::filesystem::path& path);

}  // namespace datawal
