// Who holds a store's writer lock, told without touching it: trying the lock, even for an instant,
// could make a writer that is just starting fail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace datawal::cli {

enum class LockHolding { kFree, kHeld, kUnknown };

struct LockState {
  LockHolding holding = LockHolding::kUnknown;
  std::optional<std::uint64_t> process;  // the holder's id, if it is known
};

// Looks into the kernel's table of locks. A store without a lock file is free.
[[nodiscard]] LockState lock_state(const std::string& store);

// A lock file, as far as the kernel's table names files.
struct LockFile {
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint64_t inode = 0;
  std::optional<std::uint64_t> process = {};  // that the file's content names
};

// The holder of the flock(2) on `file` by `table`, whose format is that of /proc/locks. Some
// filesystems show another device there than stat(2) does, so that an inode that fits counts too if
// the holder is the process that the file names.
[[nodiscard]] LockState find_lock(std::string_view table, const LockFile& file);

}  // namespace datawal::cli
