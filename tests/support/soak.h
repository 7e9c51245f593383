// How much longer than usual a test with random inputs is to run.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace datawal::test {

// The environment variable DATAWAL_SOAK, 1 where it is not set.
[[nodiscard]] inline std::uint64_t soak_factor() {
  const char* text = std::getenv("DATAWAL_SOAK");
  const std::uint64_t factor = text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
  return factor > 0 ? factor : 1;
}

// How far apart the points of a sweep are, by an environment variable; 1 where it is not set.
[[nodiscard]] inline std::uint64_t stride_of(const char* variable) {
  const char* text = std::getenv(variable);
  const std::uint64_t stride = text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
  return stride > 0 ? stride : 1;
}

// In calls, of a sweep over calls: the environment variable DATAWAL_SWEEP_STRIDE. The builds
// with sanitizers, which are ten times slower, look at some of them only.
[[nodiscard]] inline std::uint64_t sweep_stride() {
  return stride_of("DATAWAL_SWEEP_STRIDE");
}

// In bytes or bits, of a sweep over damage that one thread decodes: DATAWAL_DECODE_STRIDE. What
// looks for errors of memory looks at all of them, what looks for races of threads at some.
[[nodiscard]] inline std::uint64_t decode_stride() {
  return stride_of("DATAWAL_DECODE_STRIDE");
}

// In seeds, of random sessions of one thread: DATAWAL_MODEL_STRIDE. What looks for races of threads
// runs some of them.
[[nodiscard]] inline std::uint64_t model_stride() {
  return stride_of("DATAWAL_MODEL_STRIDE");
}

}  // namespace datawal::test
