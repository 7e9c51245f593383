// The suites of workloads: each is run in a process and a directory of its own.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "compare/cell.h"

namespace datawal::bench {

struct Suite {
  std::string_view name;
  std::size_t value_size = 0;
  std::uint32_t count = 0;  // entries
  // Of slow stores so many times fewer operations are measured.
  std::uint32_t slow_divisor = 8;
  // It runs in every so many-th round, for slow stores in every so many-th of their own.
  std::uint32_t round_stride = 1;
  std::uint32_t slow_round_stride = 2;
  void (*run)(Cell& cell) = nullptr;
};

// Each is in the file of its name under suites/.
void run_store_suite(Cell& cell);
void run_write_suite(Cell& cell);
void run_durable_suite(Cell& cell);
void run_kill_suite(Cell& cell);
void run_compact_suite(Cell& cell);
void run_medium_suite(Cell& cell);
void run_large_suite(Cell& cell);
void run_limit_suite(Cell& cell);
void run_log_suite(Cell& cell);
void run_open_suite(Cell& cell);

// Those of a usual run, and the one for stores of many keys, which takes a run of its own.
[[nodiscard]] std::vector<Suite> usual_suites();
[[nodiscard]] std::vector<Suite> many_keys_suites();

}  // namespace datawal::bench
