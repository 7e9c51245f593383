// The programs on a simulated machine.
#pragma once

#include <sys/types.h>

#include <memory>

namespace datawal {

// One run of a program. Everything it opens refers to it, and fails once it is dead.
struct SimulatedProcess {
  pid_t id;
  bool is_alive = true;  // guarded by the machine's mutex
};
using SimulatedProcessPointer = std::shared_ptr<SimulatedProcess>;

// A lock that is held or a file that is open. It ends with the object that owns it, or with the
// process; the inode knows it by a weak reference.
struct SimulatedClaim {
  SimulatedProcessPointer process;

  // Whether there is such a claim at all, and whoever made it lives.
  [[nodiscard]] static bool holds(const std::weak_ptr<const SimulatedClaim>& claim) {
    const auto found = claim.lock();
    return found && found->process->is_alive;
  }
};

}  // namespace datawal
