// One cell of the comparison: all workloads of one store at one value size, once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compare/dataset.h"
#include "compare/store.h"

namespace datawal::bench {

// One measured figure. Smaller is better in every unit.
struct Sample {
  std::string workload;
  std::string unit;  // "ns/op", "ns/key", "ms" or "bytes/key"
  double value = 0;
  std::uint64_t operations = 0;
};

struct CellPlan {
  StoreKind kind;
  std::filesystem::path directory;  // fresh; everything of the cell is below it
  std::uint32_t durable_count = 0;
};

// Runs every workload that the store has, checks every result, and gives the figures in the order
// of measuring. Throws std::runtime_error at the first wrong result.
[[nodiscard]] std::vector<Sample> run_cell(const CellPlan& plan, const Dataset& dataset);

}  // namespace datawal::bench
