// Work done in a process of its own, so that no store inherits another's heap, threads or caches.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace datawal::bench {

// Runs `work` in a fork of this process and gives the text that it returned. Throws if it threw
// (the reason is then on stderr) or died. This process must not have threads.
[[nodiscard]] std::string output_of_fork(const std::function<std::string()>& work);

// What a program printed, and how it ended.
struct ChildEnd {
  std::string text;
  int signal = 0;  // that killed it, or 0
};

// Runs this same program anew with `arguments`. Throws if it failed, but not if it was killed.
[[nodiscard]] ChildEnd end_of_self(const std::vector<std::string>& arguments);

// Runs `work` in a fork of this process, which then kills itself with SIGKILL. Throws if it ended
// in any other way. This process must not have threads.
void run_until_killed(const std::function<void()>& work);

// As end_of_self(), but gives what was printed, and throws also if it was killed.
[[nodiscard]] std::string output_of_self(const std::vector<std::string>& arguments);

}  // namespace datawal::bench
