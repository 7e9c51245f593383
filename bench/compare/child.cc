#include "compare/child.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace datawal::bench {
namespace {

std::string read_to_end(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) throw std::runtime_error("cannot read from a child");
  }
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(descriptor, text.data(), text.size());
    if (count < 0) throw std::runtime_error("cannot write to the parent");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

// Runs `body` in a child that has the write end of a pipe.
ChildEnd end_of(const std::function<void(int)>& body) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("cannot make a pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    close(ends[0]);
    try {
      body(ends[1]);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      _exit(EXIT_FAILURE);
    }
    _exit(EXIT_SUCCESS);
  }
  close(ends[1]);
  ChildEnd end;
  end.text = read_to_end(ends[0]);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  } else if (status != 0) {
    throw std::runtime_error("a child process failed");
  }
  return end;
}

std::string text_of(ChildEnd end) {
  if (end.signal != 0) throw std::runtime_error("a child process was killed");
  return std::move(end.text);
}

}  // namespace

std::string output_of_fork(const std::function<std::string()>& work) {
  return text_of(end_of([&work](int descriptor) { write_all(descriptor, work()); }));
}

void run_until_killed(const std::function<void()>& work) {
  const ChildEnd end = end_of([&work](int /*descriptor*/) {
    work();
    raise(SIGKILL);
  });
  if (end.signal != SIGKILL) throw std::runtime_error("a child process was not killed");
}

ChildEnd end_of_self(const std::vector<std::string>& arguments) {
  return end_of([&arguments](int descriptor) {
    dup2(descriptor, STDOUT_FILENO);
    std::vector<std::string> words = arguments;
    words.insert(words.begin(), "datawal_compare");
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    execv("/proc/self/exe", pointers.data());
    throw std::runtime_error("cannot run this program anew");
  });
}

std::string output_of_self(const std::vector<std::string>& arguments) {
  return text_of(end_of_self(arguments));
}

}  // namespace datawal::bench
