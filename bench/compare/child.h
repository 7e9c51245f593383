// Work done in a process of its own, so that no store inherits another's heap, threads or caches.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace datawal::bench {

// Runs `work` in a fork of this process and gives the text that it returned. Throws if it threw
// (the reason is then on stderr) or died. This process must not have threads.
[[nodiscard]] std::string output_of_fork(const std::function<std::string()>& work);

// Runs this same program anew with `arguments` and gives what it printed. Throws if it failed.
[[nodiscard]] std::string output_of_self(const std::vector<std::string>& arguments);

}  // namespace datawal::bench
