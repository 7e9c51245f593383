#include "tools/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace datawal::cli {
namespace {

constexpr std::size_t kBlockSize = std::size_t{256} << 10;

}  // namespace

Output::Output(int fd) : fd_(fd), is_terminal_(::isatty(fd) == 1) {}

void Output::write(std::string_view text) {
  if (!usable()) return;
  if (buffer_.size() + text.size() > kBlockSize) flush();
  if (text.size() > kBlockSize) return write_through(text);
  buffer_.append(text);
}

void Output::flush() {
  write_through(buffer_);
  buffer_.clear();
}

bool Output::reader_gone() const {
  pollfd state = {.fd = fd_, .events = 0, .revents = 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

void Output::write_through(std::string_view text) {
  while (usable() && !text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // Somebody has made the pipe non-blocking; that is no reason to lose data.
      pollfd room = {.fd = fd_, .events = POLLOUT, .revents = 0};
      (void)::poll(&room, 1, -1);  // a failure shows in the next write
    } else if (errno != EINTR) {
      os_error_ = errno;
    }
  }
}

}  // namespace datawal::cli
