#include "file/simulated_calls.h"

#include <cerrno>
#include <utility>

#include "file/posix_error.h"

namespace datawal {
namespace {

struct CallTraits {
  std::string_view name;
  bool is_mutation;
};

// In the order of SimulatedCall.
constexpr std::array<CallTraits, kSimulatedCallCount> kTraits = {{
    {"open_directory", false},
    {"create_directory", false},
    {"list", false},
    {"open", false},
    {"create", true},
    {"rename", true},
    {"remove", true},
    {"make_directory", true},
    {"sync_directory", true},
    {"sync_parent", true},
    {"lock", true},
    {"watch", false},
    {"read", false},
    {"write", true},
    {"size", false},
    {"truncate", true},
    {"sync", true},
    {"reserve", true},
    {"map", false},
    {"store", true},
    {"link", true},
    {"exchange", true},
    {"identify", false},
}};
static_assert(static_cast<std::size_t>(SimulatedCall::kIdentify) + 1 == kSimulatedCallCount);

std::size_t index_of(SimulatedCall call) {
  return static_cast<std::size_t>(call);
}

const CallTraits& traits_of(SimulatedCall call) {
  return kTraits[index_of(call)];
}

Error stopped_error(const SimulatedCallSite& site) {
  return Error{.code = ErrorCode::kIo,
               .message = "The machine has stopped. Start it again by crash or kill_process.",
               .path = site.path,
               .os_error = EIO};
}

Error injected_error(const SimulatedFault& fault, const SimulatedCallSite& site) {
  const int os_error = fault.code == ErrorCode::kNoSpace ? ENOSPC : EIO;
  std::string action(simulated_call_name(site.call));
  Error error = posix_error(os_error, action.append(" (an injected fault)"), site.path);
  error.code = fault.code;
  return error;
}

}  // namespace

std::string_view simulated_call_name(SimulatedCall call) {
  return traits_of(call).name;
}

bool is_mutation(SimulatedCall call) {
  return traits_of(call).is_mutation;
}

std::uint64_t SimulatedCalls::count(SimulatedCall call) const {
  return counts_[index_of(call)];
}

std::optional<SimulatedFailure> SimulatedCalls::begin(const SimulatedCallSite& site) {
  using Cause = SimulatedFailure::Cause;
  if (is_stopped_) {
    return SimulatedFailure{.cause = Cause::kHasStopped, .error = stopped_error(site)};
  }
  ++counts_[index_of(site.call)];
  ++call_count_;
  if (is_mutation(site.call)) ++mutation_count_;
  if (stops_here(site)) {
    return SimulatedFailure{.cause = Cause::kStopsHere, .error = stopped_error(site)};
  }
  return find_fault(site);
}

bool SimulatedCalls::stops_here(const SimulatedCallSite& site) {
  if (mutations_until_stop_ == 0 || !is_mutation(site.call)) return false;
  --mutations_until_stop_;
  is_stopped_ = mutations_until_stop_ == 0;
  return is_stopped_;
}

// Every fault counts every call that matches it; the first that is due decides.
std::optional<SimulatedFailure> SimulatedCalls::find_fault(const SimulatedCallSite& site) {
  std::optional<SimulatedFailure> failure;
  for (ActiveFault& active : faults_) {
    const SimulatedFault& fault = active.fault;
    if (fault.call && *fault.call != site.call) continue;
    if (site.path.find(fault.path_part) == std::string::npos) continue;
    ++active.match_count;
    const bool is_due =
        active.match_count >= fault.first && active.match_count - fault.first < fault.count;
    if (!is_due || failure) continue;
    failure = SimulatedFailure{.cause = SimulatedFailure::Cause::kFault,
                               .error = injected_error(fault, site),
                               .written_prefix = fault.written_prefix,
                               .takes_effect = fault.takes_effect};
  }
  return failure;
}

void SimulatedCalls::end(const SimulatedCallSite& site, const Error* error) {
  if (error == nullptr) bytes_written_ += site.size;
  std::string line(simulated_call_name(site.call));
  line.append(" ").append(site.path);
  if (!site.detail.empty()) line.append(" ").append(site.detail);
  line.append(": ").append(error == nullptr ? "ok" : error_code_name(error->code));
  note(std::move(line));
}

void SimulatedCalls::note(std::string line) {
  constexpr std::size_t kTraceSizeMax = 10'000;
  if (trace_.size() == kTraceSizeMax) trace_.pop_front();
  trace_.push_back(std::move(line));
}

void SimulatedCalls::restart() {
  is_stopped_ = false;
  mutations_until_stop_ = 0;
}

void SimulatedCalls::reset_counts() {
  counts_ = {};
  call_count_ = 0;
  mutation_count_ = 0;
  bytes_written_ = 0;
}

}  // namespace datawal
