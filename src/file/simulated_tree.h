// The inodes and directories of a simulated disk, as programs see them and as the disk holds them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "file/simulated_file_data.h"
#include "file/simulated_process.h"

namespace datawal {

struct SimulatedNode;
// Shared, because an inode lives for as long as any of its names, open files and unsynced changes.
using SimulatedNodePointer = std::shared_ptr<SimulatedNode>;

// The names in one directory. Not thread-safe.
class SimulatedNames {
 public:
  using Map = std::map<std::string, SimulatedNodePointer, std::less<>>;
  struct Binding {
    std::string name;
    SimulatedNodePointer node;  // none: the name goes
  };

  [[nodiscard]] const Map& entries() const { return cached_; }
  // Makes all `bindings` at one instant; not on the disk before sync.
  void bind(std::vector<Binding> bindings);
  void sync();
  // As SimulatedFileData::fail_sync. What was pending stays so, and becomes durable only together
  // with a later change, since names reach the disk in the order of their changes.
  void fail_sync();
  // Keeps a number of the oldest pending changes.
  void cut_power(PowerCut policy, SimulatedRandom& random);
  // Makes one binding in the cache and on the disk at once.
  void place(Binding binding);
  // A copy with every node replaced by what `replacement` gives for it.
  [[nodiscard]] SimulatedNames copy(
      const std::function<SimulatedNodePointer(const SimulatedNodePointer&)>& replacement) const;

 private:
  static void apply(const std::vector<Binding>& bindings, Map& entries);
  void keep(std::size_t change_count);

  Map cached_;
  Map durable_;
  std::vector<std::vector<Binding>> pending_;
  std::size_t clean_count_ = 0;  // of pending_: passed over by sync
};

enum class SimulatedKind { kFile, kDirectory, kSymlink, kFifo };

struct SimulatedNode {
  SimulatedKind kind = SimulatedKind::kFile;
  std::uint64_t number = 0;                  // no other node of the machine has had it
  SimulatedFileData data = {};               // of a file
  SimulatedNames names = {};                 // of a directory
  std::weak_ptr<SimulatedNode> parent = {};  // the directory it was last given a name in
  std::uint64_t id = 0;                      // the inode's number
  std::int64_t modification_count = 0;       // of a file; stands for the time of the last change
  std::uint64_t link_count = 0;              // names that lead here now
  std::uint64_t change_count = 0;  // of a directory: what a watch on it would have noticed
  std::weak_ptr<const SimulatedClaim> lock_holder = {};           // of a file
  std::vector<std::weak_ptr<const SimulatedClaim>> openers = {};  // of a file
};

// The whole tree. Paths are absolute or relative to the root; "." and ".." are understood. Not
// thread-safe.
class SimulatedTree {
 public:
  SimulatedTree();

  [[nodiscard]] const SimulatedNodePointer& root() const { return root_; }
  // What `path` leads to now, or nothing. Symbolic links lead nowhere.
  [[nodiscard]] SimulatedNodePointer find(const std::filesystem::path& path) const;
  // The bytes of all files that have a name or are open.
  [[nodiscard]] std::uint64_t used_size() const;
  [[nodiscard]] SimulatedNodePointer make_node(SimulatedKind kind);
  // Binds `name` in `directory` to `node` or, without a node, to nothing, and keeps the counts.
  static void bind(const SimulatedNodePointer& directory, std::string_view name,
                   SimulatedNodePointer node);
  static void rename(SimulatedNode& directory, std::string_view from, std::string_view to);
  static void exchange(SimulatedNode& directory, std::string_view name, std::string_view other);
  // Puts `node` at `path` on the disk, with directories for the missing part of the path.
  void place(const std::filesystem::path& path, SimulatedNodePointer node);
  void cut_power(PowerCut policy, SimulatedRandom& random);
  [[nodiscard]] SimulatedTree copy() const;

 private:
  void restart();

  SimulatedNodePointer root_;
  std::vector<std::weak_ptr<SimulatedNode>> nodes_;
  std::uint64_t last_id_ = 0;
};

// The parts of `path` below the root, without "." and "..".
[[nodiscard]] std::vector<std::string> simulated_path_parts(const std::filesystem::path& path);

}  // namespace datawal
