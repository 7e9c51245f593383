// The state that all programs on a simulated machine share.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "file/filesystem.h"
#include "file/simulated_calls.h"
#include "file/simulated_process.h"
#include "file/simulated_tree.h"

namespace datawal {

// A write that did not happen because the machine stopped at it.
struct SimulatedWrite {
  SimulatedNodePointer node;
  std::uint64_t offset;
  Bytes data;
};

// Everything but the mutex is guarded by the mutex.
class SimulatedMachine {
 public:
  explicit SimulatedMachine(std::uint64_t seed);

  // Runs `work`, which returns a Result or a Status, as the call `site` of `process`; or fails it
  // instead, when one of the faults says so, after telling `on_failure`.
  template <typename Work, typename OnFailure>
  std::invoke_result_t<Work> call(const SimulatedProcess& process, const SimulatedCallSite& site,
                                  Work work, OnFailure on_failure);
  template <typename Work>
  std::invoke_result_t<Work> call(const SimulatedProcess& process, const SimulatedCallSite& site,
                                  Work work) {
    return call(process, site, std::move(work), [](const SimulatedFailure&) {});
  }

  [[nodiscard]] SimulatedProcessPointer start_process();
  void kill_all();
  void power_on();
  // The parts of File::write_at and truncate that depend on the disk. `path` is for messages.
  [[nodiscard]] Status write(SimulatedNode& node, std::uint64_t offset, ByteView data,
                             const std::filesystem::path& path);
  [[nodiscard]] Status truncate(SimulatedNode& node, std::uint64_t size,
                                const std::filesystem::path& path);
  // The error of every change on a read-only disk.
  [[nodiscard]] Status check_writable(const std::filesystem::path& path) const;

  mutable std::mutex mutex;
  SimulatedTree tree;
  SimulatedCalls calls;
  SimulatedRandom random;
  std::optional<std::uint64_t> capacity;
  bool is_read_only = false;
  bool can_link = true;
  std::uint64_t write_through_size = std::uint64_t{64} << 10;
  AheadOfRotation ahead_of_rotation;
  std::optional<SimulatedWrite> interrupted_write;
  std::array<std::byte, 16> boot_id = {};
  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
  std::function<void()> wait_action;
  std::function<void()> sync_action;
  std::function<void()> look_action;

 private:
  [[nodiscard]] std::uint64_t room_for_growth() const;

  std::vector<std::weak_ptr<SimulatedProcess>> processes_;
  pid_t last_process_id_ = 1000;
};

// The error of everything that a dead process has open.
[[nodiscard]] Error dead_process_error(const std::filesystem::path& path);

template <typename Work, typename OnFailure>
std::invoke_result_t<Work> SimulatedMachine::call(const SimulatedProcess& process,
                                                  const SimulatedCallSite& site, Work work,
                                                  OnFailure on_failure) {
  const std::scoped_lock guard(mutex);
  if (!process.is_alive) return std::unexpected(dead_process_error(site.path));
  std::optional<SimulatedFailure> failure = calls.begin(site);
  if (failure && !failure->takes_effect) {
    on_failure(*failure);
    calls.end(site, &failure->error);
    return std::unexpected(std::move(failure->error));
  }
  std::invoke_result_t<Work> result = work();
  if (failure) result = std::unexpected(std::move(failure->error));
  calls.end(site, result ? nullptr : &result.error());
  return result;
}

}  // namespace datawal
