#include "file/posix_error.h"

#include <cerrno>
#include <cstring>
#include <string>

namespace datawal {
namespace {

struct Reason {
  ErrorCode code;
  std::string_view remedy;
};

Reason reason_of(int os_error) {
  switch (os_error) {
    case ENOENT:
      return {ErrorCode::kNotFound, "Check the path, and that nothing else removed it."};
    case EEXIST:
      return {ErrorCode::kAlreadyExists, "Choose another name, or move away what is there."};
    case ENOTEMPTY:
      return {ErrorCode::kNotEmpty, "Choose a directory that is empty or does not exist."};
    case ENOSPC:
      return {ErrorCode::kNoSpace, "Free some space (or inodes) on this filesystem."};
    case EDQUOT:
      return {ErrorCode::kNoSpace, "Free some space, or have the disk quota raised."};
    case EACCES:
      return {ErrorCode::kIo,
              "Give this user the permission on the file and its directories, or run as a user who "
              "has it."};
    case EPERM:
      return {ErrorCode::kIo,
              "Check the permission of this user on the file, and that the file is not marked "
              "immutable."};
    case EROFS:
      return {ErrorCode::kIo,
              "The filesystem is read-only: mount it writable, or open for reading only."};
    case EIO:
      return {ErrorCode::kIo, "The disk or its connection may be failing: look at the kernel log."};
    case EFBIG:
      return {ErrorCode::kIo,
              "Raise the limit on the size of files (ulimit -f), or use a filesystem that allows "
              "larger ones."};
    case EMFILE:
      return {ErrorCode::kIo, "Raise this process's limit of open files (ulimit -n)."};
    case ENFILE:
      return {ErrorCode::kIo, "Raise the system's limit of open files (fs.file-max)."};
    case ENAMETOOLONG:
      return {ErrorCode::kIo, "Use a shorter path."};
    case ELOOP:
      return {ErrorCode::kIo, "Check the symbolic links on the path: they form a loop."};
    default:
      return {ErrorCode::kIo, "Check the filesystem and the kernel log."};
  }
}

std::string description_of(int os_error) {
  const char* text = ::strerrordesc_np(os_error);
  return text != nullptr ? std::string(text) : "error " + std::to_string(os_error);
}

std::string_view kind_of(mode_t mode) {
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO (named pipe)";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "something else";
}

}  // namespace

Error posix_error(int os_error, std::string_view action, const std::filesystem::path& path) {
  const Reason reason = reason_of(os_error);
  std::string message = "Cannot ";
  message.append(action).append(": ").append(description_of(os_error)).append(". ");
  message.append(reason.remedy);
  return Error{
      .code = reason.code, .message = message, .path = path.string(), .os_error = os_error};
}

Error not_regular_error(mode_t mode, int os_error, const std::filesystem::path& path) {
  std::string message = "A regular file should be here, but this is ";
  message.append(kind_of(mode)).append(". Nothing was read or changed; move it away.");
  return Error{.code = ErrorCode::kNotRegularFile,
               .message = message,
               .path = path.string(),
               .os_error = os_error};
}

Error links_error(nlink_t links, const std::filesystem::path& path) {
  return Error{.code = ErrorCode::kNotRegularFile,
               .message = "A file with one name should be here, but this one has " +
                          std::to_string(links) +
                          " links: writing to it would change a file elsewhere. Nothing was "
                          "changed; replace it by a copy of its own.",
               .path = path.string(),
               .os_error = EMLINK};
}

Error not_directory_error(int os_error, const std::filesystem::path& path) {
  return Error{.code = ErrorCode::kInvalidArgument,
               .message =
                   "A directory should be here, but this is something else. Choose another "
                   "path, or move away what is there.",
               .path = path.string(),
               .os_error = os_error};
}

Error replace_error(int os_error, const std::filesystem::path& target) {
  if (os_error == EISDIR) return not_regular_error(S_IFDIR, os_error, target);
  if (os_error == ENOTDIR) {
    return Error{.code = ErrorCode::kAlreadyExists,
                 .message =
                     "Cannot rename a directory over something that is none. Choose another "
                     "name, or move away what is there.",
                 .path = target.string(),
                 .os_error = os_error};
  }
  // POSIX allows both for a directory that is not empty.
  return posix_error(os_error == EEXIST ? ENOTEMPTY : os_error, "rename over the target", target);
}

Error locked_error(std::optional<pid_t> holder, const std::filesystem::path& path) {
  std::string message = "The directory is already locked";
  if (holder) message += " by process " + std::to_string(*holder);
  message += ". Only one writer at a time may use it: close that program, or wait for it.";
  return Error{.code = ErrorCode::kLocked,
               .message = message,
               .path = path.string(),
               .os_error = EWOULDBLOCK};
}

}  // namespace datawal
