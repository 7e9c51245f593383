#include "compare/limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace datawal::bench {
namespace {

constexpr const char* kGroupName = "datawal-bench";
const std::filesystem::path kRoot = "/sys/fs/cgroup";

// Where a group could be made, and how its limit is called there.
struct Place {
  std::filesystem::path parent;
  std::string limit_file;
};

bool write_text(const std::filesystem::path& file, std::string_view text) {
  const int descriptor = open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const ssize_t count = write(descriptor, text.data(), text.size());
  close(descriptor);
  return count == static_cast<ssize_t>(text.size());
}

// A line of /proc/self/cgroup is "number:controllers:path".
std::vector<Place> places() {
  std::vector<Place> found;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 2);
    if (controllers == "memory") {
      found.push_back({kRoot / "memory" / path, "memory.limit_in_bytes"});
    } else if (controllers.empty()) {
      found.push_back({kRoot / path, "memory.max"});
      found.push_back({kRoot, "memory.max"});
    }
  }
  return found;
}

}  // namespace

std::unique_ptr<MemoryGroup> MemoryGroup::make(std::uint64_t limit, std::string& reason) {
  reason = "there is no control group for memory";
  for (const Place& place : places()) {
    const std::filesystem::path directory = place.parent / kGroupName;
    std::error_code error;
    // Version 2 lends its controllers to a group's children only when told to.
    if (place.limit_file == "memory.max") {
      (void)write_text(place.parent / "cgroup.subtree_control", "+memory");
    }
    std::filesystem::create_directory(directory, error);
    if (error) {
      reason = "no control group can be made: " + error.message();
      continue;
    }
    auto group = std::make_unique<MemoryGroup>(directory);
    if (write_text(directory / place.limit_file, std::to_string(limit))) return group;
    reason = "a control group's memory cannot be limited";
  }
  return nullptr;
}

// A group can be removed a moment after its last process has ended.
MemoryGroup::~MemoryGroup() {
  for (int attempt = 0; attempt < 100 && rmdir(directory_.c_str()) != 0; ++attempt) {
    usleep(10'000);
  }
}

void join_memory_group(const std::filesystem::path& group_directory) {
  if (!write_text(group_directory / "cgroup.procs", std::to_string(getpid()))) {
    throw std::runtime_error("cannot join the control group");
  }
}

void forget_pages(const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const int descriptor = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) continue;
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    close(descriptor);
  }
}

}  // namespace datawal::bench
