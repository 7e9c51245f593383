// The memory of processes: what a store holds after an open, and memory made ready before
// measuring.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "compare/cell.h"

namespace datawal::bench {

// What an open added to the anonymous memory of a fresh process. The page cache is not counted,
// neither through read nor through a mapping.
struct OpenMemory {
  double process_bytes = 0;  // as the system sees the process
  double trimmed_bytes = 0;  // after the heap has given back what is free in it
  double read_bytes = 0;     // after every entry was then read once, in random order
};

// Opens the store of a cell in a fresh process and measures there.
[[nodiscard]] OpenMemory memory_after_open(const CellPlan& plan,
                                           const std::filesystem::path& directory);

// The argument by which main() knows that it is that fresh process; the rest is store, directory,
// value size, count, seed.
inline constexpr std::string_view kMemoryProbeArgument = "--memory-probe";

// What the fresh process does: opens the store, reads it, and prints the numbers.
void run_memory_probe(const std::vector<std::string>& arguments);

// Touches `size` bytes of fresh memory and gives them back, so that a virtual machine has them from
// its host before a measurement asks for them.
void touch_memory(std::size_t size);

// What could be asked for, in bytes.
[[nodiscard]] std::size_t available_memory();

}  // namespace datawal::bench
