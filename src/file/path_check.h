// What a path or a name must be before it is given to any filesystem.
#pragma once

#include <filesystem>
#include <string_view>

#include "datawal/error.h"

namespace datawal {

// kInvalidArgument unless `name` is the name of one entry of a directory: one component, and not
// "." or
// "..". `directory_path` is for the message.
[[nodiscard]] Status check_entry_name(std::string_view name,
                                      const std::filesystem::path& directory_path);

// kInvalidArgument if the operating system would see only a part of `path`.
[[nodiscard]] Status check_path(const std::filesystem::path& path);

}  // namespace datawal
