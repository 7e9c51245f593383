// Random numbers that are the same on every machine for the same seed.
#pragma once

#include <cstdint>

namespace datawal {

// SplitMix64. Not thread-safe.
class SimulatedRandom {
 public:
  explicit SimulatedRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
  }

  // A number from 0 up to but not including `count`, which is at least 1.
  std::uint64_t below(std::uint64_t count) { return next() % count; }

 private:
  std::uint64_t state_;
};

}  // namespace datawal
