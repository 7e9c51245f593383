#include "file/posix_watch.h"

#include <poll.h>
#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <thread>

#include "file/unique_fd.h"

namespace datawal {
namespace {

class InotifyWatch final : public DirectoryWatch {
 public:
  explicit InotifyWatch(UniqueFd fd) : fd_(std::move(fd)) {}

  void wait(std::chrono::milliseconds timeout) override {
    const auto timeout_ms = std::clamp<std::chrono::milliseconds::rep>(
        timeout.count(), 0, std::numeric_limits<int>::max());
    pollfd ready = {.fd = fd_.get(), .events = POLLIN, .revents = 0};
    // A signal ends the wait early, which a hint may.
    if (::poll(&ready, 1, static_cast<int>(timeout_ms)) > 0) drain();
  }

 private:
  // What happened is of no interest, only that something did.
  void drain() {
    std::array<char, 4096> events = {};
    while (::read(fd_.get(), events.data(), events.size()) > 0) {
    }
  }

  UniqueFd fd_;
};

class PollingWatch final : public DirectoryWatch {
 public:
  void wait(std::chrono::milliseconds timeout) override {
    constexpr std::chrono::milliseconds kIntervalMax{10};
    std::this_thread::sleep_for(std::min(timeout, kIntervalMax));
  }
};

}  // namespace

std::unique_ptr<DirectoryWatch> watch_directory(int directory_fd) {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) return std::make_unique<PollingWatch>();
  // The descriptor's own path: the directory's may lead elsewhere by now.
  const std::string path = "/proc/self/fd/" + std::to_string(directory_fd);
  constexpr std::uint32_t kEvents = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE;
  if (::inotify_add_watch(fd.get(), path.c_str(), kEvents) < 0) {
    return std::make_unique<PollingWatch>();
  }
  return std::make_unique<InotifyWatch>(std::move(fd));
}

}  // namespace datawal
