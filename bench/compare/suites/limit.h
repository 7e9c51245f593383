// The process of the suite "limit" that runs with little memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace datawal::bench {

// The argument by which main() knows that it is that process; the rest is store, directory, value
// size, count, seed, limit, the group's directory.
inline constexpr std::string_view kLimitedRunArgument = "--limited-run";

// Joins the group, opens the store, and prints a line for each workload: its name, nanoseconds an
// operation, operations, separated by tabs.
void run_limited(const std::vector<std::string>& arguments);

}  // namespace datawal::bench
