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
#include "compare/store.h"

namespace datawal::bench {
namespace {

// The kernel's own sum over all mappings of this process.
std::int64_t anonymous_bytes() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  std::string word;
  while (rollup >> word) {
    std::int64_t kibibytes = 0;
    if (word == "Anonymous:" && rollup >> kibibytes) return kibibytes * 1024;
  }
  throw std::runtime_error("/proc/self/smaps_rollup does not tell the anonymous memory");
}

StoreKind kind_named(std::string_view name) {
  for (StoreKind& kind : all_store_kinds()) {
    if (kind.name == name) return std::move(kind);
  }
  fail(name, "there is no such store");
}

}  // namespace

OpenMemory memory_after_open(std::string_view store, const std::filesystem::path& directory,
                             std::size_t value_size) {
  std::istringstream output(output_of_self({std::string(kMemoryProbeArgument), std::string(store),
                                            directory.string(), std::to_string(value_size)}));
  OpenMemory memory;
  if (!(output >> memory.process_bytes >> memory.trimmed_bytes)) {
    fail(store, "the memory probe printed no numbers");
  }
  return memory;
}

void run_memory_probe(std::string_view store, const std::filesystem::path& directory,
                      std::size_t value_size) {
  const StoreKind kind = kind_named(store);
  const std::int64_t before = anonymous_bytes();
  const std::unique_ptr<Store> opened = kind.open({directory, value_size, false});
  const std::int64_t after = anonymous_bytes();
  malloc_trim(0);
  const std::int64_t trimmed = anonymous_bytes();
  std::printf("%lld %lld\n", static_cast<long long>(after - before),
              static_cast<long long>(trimmed - before));
}

void touch_memory(std::size_t size) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  if (memory != MAP_FAILED) munmap(memory, size);
}

}  // namespace datawal::bench
