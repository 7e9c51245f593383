// Seeded random operations, applied to a driver and to the model at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "driver_process.h"
#include "model.h"

namespace datawal::compat {

// SplitMix64: the same sequence everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // Below `limit`.
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

enum class Kind { kLog, kStore };
[[nodiscard]] const char* kind_name(Kind kind);

class Workload {
 public:
  explicit Workload(std::uint64_t seed);

  // One random operation that `kind` has; checks what the driver replies against the model. Throws
  // std::runtime_error, with the operation, where they differ.
  void step(DriverProcess& driver, Kind kind, Model& model);
  // A command that appends a record, and the same to the model.
  [[nodiscard]] std::string append_command(Kind kind, Model& model);

  Random& random() { return random_; }
  [[nodiscard]] std::uint64_t operations() const { return operations_; }

 private:
  void step_log(DriverProcess& driver, Model& model);
  void step_store(DriverProcess& driver, Model& model);
  void read_store(DriverProcess& driver, const Model& model);
  [[nodiscard]] const Blob& any_key();
  [[nodiscard]] Blob any_payload();

  Random random_;
  std::vector<Blob> keys_;
  std::uint64_t operations_ = 0;
};

// Throws std::runtime_error, naming `what`, at the first difference.
void require_equal(const std::string& found, const std::string& expected, const std::string& what);
void require_equal(const std::vector<std::string>& found, const std::vector<std::string>& expected,
                   const std::string& what);

// Opens `directory` and checks the report, every record and, for a store, the live keys.
void open_and_compare(DriverProcess& driver, Kind kind, const std::string& directory,
                      const Model& model);

}  // namespace datawal::compat
