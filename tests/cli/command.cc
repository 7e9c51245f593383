#include "cli/command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ostream>
#include <utility>

#include "file/posix_test_support.h"

namespace datawal::test {
namespace {

constexpr int kPatience = 120'000;  // milliseconds; only a hanging command takes longer

// A closed pipe is something that these tests look at, and no reason to die.
const auto ignored_pipes = std::signal(SIGPIPE, SIG_IGN);

// What the new process gets as its descriptors 0, 1 and 2; below zero for none.
using Streams = std::array<int, 3>;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_of(const CommandOptions& options) {
  std::vector<std::string> environment = options.environment;  // the first of a name counts
  environment.insert(environment.end(), {"LC_ALL=C", "TERM=xterm"});
  for (const char* const name : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr) environment.push_back(std::string(name) + "=" + value);
  }
  return environment;
}

void set_stream(int fd, int number) {
  if (fd < 0) {
    (void)::close(number);
  } else if (::dup2(fd, number) < 0) {
    ::_exit(126);
  }
}

pid_t start(const std::vector<std::string>& arguments, const CommandOptions& options,
            const Streams& streams) {
  std::vector<std::string> words = {options.program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = environment_of(options);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(environment);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  // What the command sees of signals and descriptors is what a shell would give it.
  (void)std::signal(SIGPIPE, SIG_DFL);
  for (std::size_t number = 0; number < streams.size(); ++number) {
    set_stream(streams[number], static_cast<int>(number));
  }
  if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) ::_exit(126);
  ::execvpe(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Pipe make_pipe() {
  std::array<int, 2> ends = {};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    ADD_FAILURE() << "pipe2: " << std::strerror(errno);
    return {};
  }
  return {.reader = UniqueFd(ends[0]), .writer = UniqueFd(ends[1])};
}

// Appends what can be read now, after waiting for it; false at the end.
bool read_some(int fd, std::string& text) {
  pollfd data = {.fd = fd, .events = POLLIN, .revents = 0};
  const int ready = retry_interrupted([&] { return ::poll(&data, 1, kPatience); });
  if (ready == 0) ADD_FAILURE() << "nothing came for " << kPatience << " ms";
  if (ready <= 0) return false;
  std::array<char, 65536> part = {};
  const ssize_t size = retry_interrupted([&] { return ::read(fd, part.data(), part.size()); });
  if (size > 0) text.append(part.data(), static_cast<std::size_t>(size));
  return size > 0;
}

// A file without a name that holds `text`, at its beginning.
UniqueFd file_with(const std::string& text) {
  UniqueFd fd(
      ::open(std::filesystem::temp_directory_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  const auto size = static_cast<ssize_t>(text.size());
  if (::pwrite(fd.get(), text.data(), text.size(), 0) != size) {
    ADD_FAILURE() << "cannot write a temporary file: " << std::strerror(errno);
  }
  return fd;
}

// Reads two streams to their ends at the same time, so that neither fills up.
void read_both(Outcome& outcome, int out, int err) {
  std::array<pollfd, 2> streams = {
      {{.fd = out, .events = POLLIN, .revents = 0}, {.fd = err, .events = POLLIN, .revents = 0}}};
  std::array<std::string*, 2> texts = {&outcome.out, &outcome.err};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    if (retry_interrupted([&] { return ::poll(streams.data(), 2, kPatience); }) <= 0) {
      ADD_FAILURE() << "nothing came for " << kPatience << " ms";
      return;
    }
    for (std::size_t index = 0; index < 2; ++index) {
      if (streams[index].fd < 0 || streams[index].revents == 0) continue;
      if (!read_some(streams[index].fd, *texts[index])) streams[index].fd = -1;
    }
  }
}

void kill_if_running(pid_t pid) {
  if (pid <= 0) return;
  (void)::kill(pid, SIGKILL);
  (void)wait_for_end(pid);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = retry_interrupted([&] { return ::write(fd, text.data(), text.size()); });
    if (size < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

UniqueFd open_terminal() {
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master.valid() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
    ADD_FAILURE() << "cannot open a terminal: " << std::strerror(errno);
  }
  return master;
}

}  // namespace

void PrintTo(const Outcome& outcome, std::ostream* stream) {
  *stream << outcome.end << "\n---- stdout\n" << outcome.out << "---- stderr\n" << outcome.err;
}

Outcome run_command(const std::vector<std::string>& arguments, const CommandOptions& options) {
  const UniqueFd in = file_with(options.in);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Streams streams = {in.get(), out.writer.get(), err.writer.get()};
  UniqueFd file;
  if (options.out_file == "-") {
    streams[1] = -1;
  } else if (!options.out_file.empty()) {
    file = UniqueFd(::open(options.out_file.c_str(), O_WRONLY | O_CLOEXEC));
    streams[1] = file.get();
  }
  const pid_t pid = start(arguments, options, streams);
  out.writer = UniqueFd();
  err.writer = UniqueFd();
  Outcome outcome;
  read_both(outcome, out.reader.get(), err.reader.get());
  outcome.end = wait_for_end(pid);
  return outcome;
}

Outcome run_program(const std::string& program, const std::vector<std::string>& arguments,
                    CommandOptions options) {
  options.program = program;
  return run_command(arguments, options);
}

RunningCommand::RunningCommand(const std::vector<std::string>& arguments,
                               const CommandOptions& options) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  pid_ = start(arguments, options, {in.reader.get(), out.writer.get(), STDERR_FILENO});
  in_ = std::move(in.writer);
  out_ = std::move(out.reader);
}

RunningCommand::~RunningCommand() {
  kill_if_running(pid_);
}

bool RunningCommand::write(std::string_view text) {
  return write_all(in_.get(), text);
}

std::optional<std::string> RunningCommand::read_line() {
  std::size_t feed = 0;
  while ((feed = buffer_.find('\n')) == std::string::npos) {
    if (!read_some(out_.get(), buffer_)) return std::nullopt;
  }
  std::string line = buffer_.substr(0, feed);
  buffer_.erase(0, feed + 1);
  return line;
}

std::string RunningCommand::read_rest() {
  while (read_some(out_.get(), buffer_)) {
  }
  return std::exchange(buffer_, {});
}

void RunningCommand::signal(int number) const {
  (void)::kill(pid_, number);
}

std::string RunningCommand::wait() {
  return wait_for_end(std::exchange(pid_, -1));
}

TerminalCommand::TerminalCommand(const std::vector<std::string>& arguments, TerminalStreams streams,
                                 const CommandOptions& options)
    : master_(open_terminal()) {
  std::array<char, 128> name = {};
  (void)::ptsname_r(master_.get(), name.data(), name.size());
  const UniqueFd slave(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  Pipe in = make_pipe();
  Pipe other = make_pipe();
  pid_ = start(arguments, options,
               {in.reader.get(), streams.out ? slave.get() : other.writer.get(),
                streams.err ? slave.get() : other.writer.get()});
  in_ = std::move(in.writer);
  pipe_ = std::move(other.reader);
}

TerminalCommand::~TerminalCommand() {
  kill_if_running(pid_);
}

bool TerminalCommand::wait_for(std::string_view text) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatience);
  while (shown_.find(text) == std::string::npos) {
    // A terminal that goes on showing something else is as good as silent.
    if (!read_more() || std::chrono::steady_clock::now() > deadline) return false;
  }
  return true;
}

void TerminalCommand::write(std::string_view text) {
  (void)write_all(in_.get(), text);
}

Outcome TerminalCommand::finish() {
  in_ = UniqueFd();
  while (read_more()) {
  }
  Outcome outcome;
  while (read_some(pipe_.get(), outcome.err)) {
  }
  outcome.end = wait_for_end(std::exchange(pid_, -1));
  outcome.out = shown_;
  return outcome;
}

// The end of a terminal is an error, EIO, once nobody has its other side open.
bool TerminalCommand::read_more() {
  return read_some(master_.get(), shown_);
}

}  // namespace datawal::test
