#include "tools/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/try.h"
#include "datawal/frame.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kBlockSize = std::size_t{256} << 10;

std::unexpected<Error> input_error(const std::string& action, const std::string& name,
                                   int os_error) {
  return std::unexpected(
      Error{.code = os_error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
            .message = "cannot " + action + " " + name + ": " + std::strerror(os_error),
            .os_error = os_error});
}

std::unexpected<Error> too_large(const std::string& what, std::size_t size_max) {
  return std::unexpected(
      Error{.code = ErrorCode::kTooLarge,
            .message = what + " is larger than " + std::to_string(size_max) + " bytes"});
}

}  // namespace

Result<InputFile> InputFile::open(const std::string& path) {
  if (path == "-") return InputFile(STDIN_FILENO, "standard input");
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return input_error("open", path, errno);
  return InputFile(fd, path);
}

InputFile::InputFile(InputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)) {}

InputFile::~InputFile() {
  if (fd_ > STDIN_FILENO) ::close(fd_);
}

Result<std::size_t> InputFile::read(MutableByteView buffer) {
  while (true) {
    const ssize_t size = ::read(fd_, buffer.data(), buffer.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd data = {.fd = fd_, .events = POLLIN, .revents = 0};
      (void)::poll(&data, 1, -1);  // a failure shows in the next read
    } else if (errno != EINTR) {
      return input_error("read", name_, errno);
    }
  }
}

bool InputFile::would_wait() const {
  pollfd data = {.fd = fd_, .events = POLLIN, .revents = 0};
  return ::poll(&data, 1, 0) == 0;
}

std::optional<std::uint64_t> InputFile::size() const {
  struct stat status = {};
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

Result<Bytes> read_all(InputFile& input, std::size_t size_max) {
  Bytes bytes;
  while (true) {
    const std::size_t size = bytes.size();
    const std::size_t room = std::max(kBlockSize, std::min(size, size_max - size + 1));
    bytes.resize(size + room);
    DATAWAL_TRY_ASSIGN(const std::size_t added, input.read(MutableByteView(bytes).subspan(size)));
    bytes.resize(size + added);
    if (added == 0) return bytes;
    if (bytes.size() > size_max) return too_large("the content of " + input.name(), size_max);
  }
}

LineReader::LineReader(InputFile& input, std::size_t line_size_max)
    : input_(input), line_size_max_(line_size_max) {}

Result<std::optional<std::string_view>> LineReader::next() {
  while (true) {
    const std::size_t feed = buffer_.find('\n', searched_);
    const std::size_t size = std::min(feed, buffer_.size()) - begin_;
    if (size > line_size_max_) {
      return too_large("line " + std::to_string(line_number_ + 1) + " of " + input_.name(),
                       line_size_max_);
    }
    if (feed != std::string::npos) return take(size, 1);
    searched_ = buffer_.size();
    if (at_end_) return size == 0 ? std::nullopt : std::optional(take(size, 0));
    DATAWAL_TRY(fill());
  }
}

bool LineReader::would_wait() const {
  return !at_end_ && buffer_.find('\n', searched_) == std::string::npos && input_.would_wait();
}

Status LineReader::fill() {
  buffer_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  const std::size_t size = buffer_.size();
  buffer_.resize(size + std::max(kBlockSize, size / 2));
  Result<std::size_t> added = input_.read(std::as_writable_bytes(std::span(buffer_).subspan(size)));
  buffer_.resize(size + added.value_or(0));
  if (!added) return std::unexpected(std::move(added).error());
  at_end_ = *added == 0;
  return {};
}

std::string_view LineReader::take(std::size_t size, std::size_t separator_size) {
  const std::string_view line = std::string_view(buffer_).substr(begin_, size);
  begin_ += size + separator_size;
  searched_ = begin_;
  ++line_number_;
  return line;
}

Result<Bytes> read_value(const ValueArguments& arguments) {
  if (arguments.argument.has_value() == arguments.file.has_value()) {
    return std::unexpected(
        Error{.code = ErrorCode::kInvalidArgument,
              .message = "pass the value exactly once: as an argument, as - for standard input, or "
                         "with --value-file"});
  }
  if (arguments.argument && *arguments.argument != "-") {
    return to_bytes(as_bytes(*arguments.argument));
  }
  DATAWAL_TRY_ASSIGN(InputFile input, InputFile::open(arguments.file.value_or("-")));
  return read_all(input, kPayloadSizeMax);
}

}  // namespace datawal::cli
