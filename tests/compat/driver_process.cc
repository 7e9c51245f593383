#include "driver_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <stdexcept>

namespace datawal::compat {
namespace {

void throw_if(bool failed, const char* what) {
  if (failed) throw std::runtime_error(what);
}

}  // namespace

const std::array<Implementation, 2> kCrates = {{
    {"crate 0.1.4", DATAWAL_COMPAT_CRATE_0_1_4},
    {"crate 0.1.5", DATAWAL_COMPAT_CRATE_0_1_5},
}};
const Implementation kDatawal = {"datawal", DATAWAL_COMPAT_DRIVER};

DriverProcess::DriverProcess(const Implementation& implementation) : name_(implementation.name) {
  // A driver that dies is noticed by its replies, not by a signal.
  throw_if(std::signal(SIGPIPE, SIG_IGN) == SIG_ERR, "cannot ignore SIGPIPE");
  int to_child[2];
  int from_child[2];
  throw_if(pipe2(to_child, O_CLOEXEC) != 0, "cannot make a pipe");
  throw_if(pipe2(from_child, O_CLOEXEC) != 0, "cannot make a pipe");
  posix_spawn_file_actions_t actions;
  throw_if(posix_spawn_file_actions_init(&actions) != 0, "out of memory");
  posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
  std::string program = implementation.program;
  char* const arguments[] = {program.data(), nullptr};
  const int error = posix_spawn(&child_, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(to_child[0]);
  ::close(from_child[1]);
  input_ = to_child[1];
  output_ = from_child[0];
  throw_if(error != 0, "cannot start the driver");
}

DriverProcess::~DriverProcess() {
  if (input_ >= 0) ::close(input_);
  reap();
  ::close(output_);
}

void DriverProcess::reap() {
  if (child_ > 0) {
    while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  child_ = -1;
}

void DriverProcess::kill() {
  if (child_ > 0) ::kill(child_, SIGKILL);
  reap();
}

bool DriverProcess::send(std::string_view command) {
  std::string line(command);
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t count = write(input_, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool DriverProcess::receive(std::string& line) {
  std::size_t searched = 0;
  std::size_t end = 0;
  while ((end = buffer_.find('\n', searched)) == std::string::npos) {
    searched = buffer_.size();
    char block[65536];
    const ssize_t count = read(output_, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    buffer_.append(block, static_cast<std::size_t>(count));
  }
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return true;
}

std::string DriverProcess::ask(std::string_view command) {
  std::string reply;
  if (!send(command) || !receive(reply)) {
    throw std::runtime_error(name_ + " ended at: " + std::string(command.substr(0, 200)));
  }
  return reply;
}

std::string DriverProcess::must(std::string_view command) {
  const std::string reply = ask(command);
  if (reply == "ok") return {};
  if (reply.starts_with("ok ")) return reply.substr(3);
  throw std::runtime_error(name_ + ": " + std::string(command.substr(0, 200)) + ": " + reply);
}

std::vector<std::string> DriverProcess::must_list(std::string_view command) {
  const std::string text = must(command);
  std::size_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  std::vector<std::string> lines(count);
  for (std::string& line : lines) {
    if (!receive(line)) throw std::runtime_error(name_ + " ended within a reply");
  }
  return lines;
}

}  // namespace datawal::compat
