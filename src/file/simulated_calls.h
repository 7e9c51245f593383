// Counts the calls on a simulated filesystem, keeps a trace of them, and decides which of them
// fail.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datawal/error.h"

namespace datawal {

// The calls of the interface that can fail. create_directory is kCreateDirectory, then for each
// directory that it makes a kMakeDirectory and, for it and those above it, a kSyncParent.
enum class SimulatedCall {
  kOpenDirectory,
  kCreateDirectory,
  kList,
  kOpen,    // OpenMode::kRead and kReadWrite, and Filesystem::open_file
  kCreate,  // OpenMode::kCreateExclusive
  kRename,
  kRemove,
  kMakeDirectory,
  kSyncDirectory,
  kSyncParent,
  kLock,
  kWatch,
  kRead,
  kWrite,
  kSize,
  kTruncate,
  kSync,
  kReserve,
  kMap,
  kStore,  // FileMapping::publish
  kLink,
  kExchange,
  kIdentify,
};
inline constexpr std::size_t kSimulatedCallCount = 23;

// "write" for kWrite, and so on.
[[nodiscard]] std::string_view simulated_call_name(SimulatedCall call);
// Whether the call changes the cache or the disk.
[[nodiscard]] bool is_mutation(SimulatedCall call);

// An order to fail some calls.
struct SimulatedFault {
  static constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t first = 1;                 // of the matching calls from now on; 1 is the next one
  std::uint64_t count = 1;                 // how many matching calls fail from there on
  std::optional<SimulatedCall> call = {};  // only calls of this kind match
  std::string path_part = {};              // only calls on paths that contain this match
  ErrorCode code = ErrorCode::kIo;
  std::uint64_t written_prefix = 0;  // of a write that fails: bytes that it writes all the same
  bool takes_effect = false;         // the call does its work, and reports a failure all the same
};

// What the machine knows about one call.
struct SimulatedCallSite {
  SimulatedCall call;
  std::string path;
  std::string detail = {};  // for the trace
  std::uint64_t size = 0;   // bytes written
};

struct SimulatedFailure {
  enum class Cause { kFault, kStopsHere, kHasStopped };

  Cause cause;
  Error error;
  std::uint64_t written_prefix = 0;
  bool takes_effect = false;
};

// Not thread-safe.
class SimulatedCalls {
 public:
  // Counts the call; gives the failure that is in store for it, if any.
  [[nodiscard]] std::optional<SimulatedFailure> begin(const SimulatedCallSite& site);
  // Adds the call to the trace; without an error it has succeeded.
  void end(const SimulatedCallSite& site, const Error* error);

  void inject(SimulatedFault fault) { faults_.push_back({.fault = std::move(fault)}); }
  void clear_faults() { faults_.clear(); }
  // The n-th mutation from now on stops the machine: neither it nor any later call succeeds until
  // restart.
  void stop_at_mutation(std::uint64_t n) { mutations_until_stop_ = n; }
  [[nodiscard]] bool is_stopped() const { return is_stopped_; }
  void restart();

  [[nodiscard]] std::uint64_t call_count() const { return call_count_; }
  [[nodiscard]] std::uint64_t mutation_count() const { return mutation_count_; }
  [[nodiscard]] std::uint64_t count(SimulatedCall call) const;
  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }
  void reset_counts();
  [[nodiscard]] std::vector<std::string> trace() const { return {trace_.begin(), trace_.end()}; }
  // One line for the trace that is no call.
  void note(std::string line);

 private:
  struct ActiveFault {
    SimulatedFault fault;
    std::uint64_t match_count = 0;
  };

  [[nodiscard]] bool stops_here(const SimulatedCallSite& site);
  [[nodiscard]] std::optional<SimulatedFailure> find_fault(const SimulatedCallSite& site);

  std::vector<ActiveFault> faults_;
  std::uint64_t mutations_until_stop_ = 0;  // 0: never
  bool is_stopped_ = false;
  std::array<std::uint64_t, kSimulatedCallCount> counts_ = {};
  std::uint64_t call_count_ = 0;
  std::uint64_t mutation_count_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::deque<std::string> trace_;
};

}  // namespace datawal
