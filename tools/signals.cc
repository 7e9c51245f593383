#include "tools/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <initializer_list>

namespace datawal::cli {
namespace {

constexpr std::chrono::milliseconds kLookEvery(50);

// Global, because a signal handler can reach nothing else; atomic, because threads read it.
std::atomic<bool> stop_signal_noted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void note_stop_signal(int /*signal*/) {
  stop_signal_noted.store(true);
}

}  // namespace

void catch_stop_signals() {
  struct sigaction action = {};
  action.sa_handler = note_stop_signal;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool stop_was_requested() {
  return stop_signal_noted.load();
}

StopOnSignal::StopOnSignal() {
  catch_stop_signals();
  thread_ = std::jthread([this](const std::stop_token& end) { watch(end); });
}

void StopOnSignal::watch(const std::stop_token& end) {
  std::unique_lock lock(mutex_);
  while (!end.stop_requested() && !stop_was_requested()) {
    wake_.wait_for(lock, end, kLookEvery, [] { return false; });
  }
  if (stop_was_requested()) source_.request_stop();
}

void ignore_broken_pipes() {
  (void)std::signal(SIGPIPE, SIG_IGN);
}

void keep_standard_descriptors_open() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    // open(2) gives the lowest free number, which is this one.
    (void)::open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

}  // namespace datawal::cli
