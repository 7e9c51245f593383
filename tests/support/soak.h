// How much longer than usual a test with random inputs is to run.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace datawal::testing {

// The environment variable DATAWAL_SOAK, 1 where it is not set.
[[nodiscard]] inline std::uint64_t soak_factor() {
  const char* text = std::getenv("DATAWAL_SOAK");
  const std::uint64_t factor = text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
  return factor > 0 ? factor : 1;
}

// How far apart the points of a sweep are, in calls: the environment variable DATAWAL_SWEEP_STRIDE,
// 1 where it is not set. The builds with sanitizers, which are ten times slower, look at some of
// them only.
[[nodiscard]] inline std::uint64_t sweep_stride() {
  const char* text = std::getenv("DATAWAL_SWEEP_STRIDE");
  const std::uint64_t stride = text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
  return stride > 0 ? stride : 1;
}

}  // namespace datawal::testing
