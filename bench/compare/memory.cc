#include "compare/memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "compare/child.h"

namespace datawal::bench {
namespace {

// A number of kibibytes that the kernel tells, in bytes.
std::int64_t bytes_of_field(const char* file, std::string_view name) {
  std::ifstream stream(file);
  std::string word;
  while (stream >> word) {
    std::int64_t kibibytes = 0;
    if (word == name && stream >> kibibytes) return kibibytes * 1024;
  }
  throw std::runtime_error(std::string(file) + " does not tell " + std::string(name));
}

// The kernel's own sum over all mappings of this process.
std::int64_t anonymous_bytes() {
  return bytes_of_field("/proc/self/smaps_rollup", "Anonymous:");
}

}  // namespace

OpenMemory memory_after_open(const CellPlan& plan, const std::filesystem::path& directory) {
  std::istringstream output(output_of_self(
      {std::string(kMemoryProbeArgument), std::string(plan.kind.name), directory.string(),
       std::to_string(plan.value_size), std::to_string(plan.count), std::to_string(plan.seed)}));
  OpenMemory memory;
  if (!(output >> memory.process_bytes >> memory.trimmed_bytes >> memory.read_bytes)) {
    fail(plan.kind.name, "the memory probe printed no numbers");
  }
  return memory;
}

void run_memory_probe(const std::vector<std::string>& arguments) {
  const std::filesystem::path directory = arguments.at(1);
  const Cell cell({.kind = store_kind_named(arguments.at(0)),
                   .directory = directory,
                   .value_size = std::stoul(arguments.at(2)),
                   .count = static_cast<std::uint32_t>(std::stoul(arguments.at(3))),
                   .seed = std::stoul(arguments.at(4))});
  const std::vector<std::uint32_t> order = cell.shuffled(Purpose::kGet);
  malloc_trim(0);
  const std::int64_t before = anonymous_bytes();
  const std::unique_ptr<Store> opened = cell.open(directory);
  const std::int64_t after = anonymous_bytes();
  malloc_trim(0);
  const std::int64_t trimmed = anonymous_bytes();
  const auto session = opened->session();
  for (const std::uint32_t index : order) cell.get(*session, index, Generation::kPut);
  const std::int64_t read = anonymous_bytes();
  std::printf("%lld %lld %lld\n", static_cast<long long>(after - before),
              static_cast<long long>(trimmed - before), static_cast<long long>(read - before));
}

void touch_memory(std::size_t size) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  if (memory != MAP_FAILED) munmap(memory, size);
}

std::size_t available_memory() {
  return static_cast<std::size_t>(bytes_of_field("/proc/meminfo", "MemAvailable:"));
}

}  // namespace datawal::bench
