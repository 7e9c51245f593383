#include "file/path_check.h"

#include <cerrno>
#include <string>

namespace datawal {

Status check_entry_name(std::string_view name, const std::filesystem::path& directory_path) {
  const bool is_component = !name.empty() && name != "." && name != ".." &&
                            name.find('/') == std::string_view::npos &&
                            name.find('\0') == std::string_view::npos;
  if (is_component) return {};
  return std::unexpected(Error{.code = ErrorCode::kInvalidArgument,
                               .message = "The name of a file must be one part of a path, without "
                                          "slashes. Choose another name.",
                               .path = directory_path.string(),
                               .os_error = EINVAL});
}

Status check_path(const std::filesystem::path& path) {
  if (path.native().find('\0') == std::string::npos) return {};
  return std::unexpected(Error{.code = ErrorCode::kInvalidArgument,
                               .message = "The path contains a NUL byte. Choose another path.",
                               .path = path.string(),
                               .os_error = EINVAL});
}

}  // namespace datawal
