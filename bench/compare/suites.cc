#include "compare/suites.h"

namespace datawal::bench {

std::vector<Suite> usual_suites() {
  return {
      {.name = "store", .value_size = 100, .count = 1'000'000, .run = run_store_suite},
      {.name = "write", .value_size = 100, .count = 1'000'000, .run = run_write_suite},
      {.name = "durable",
       .value_size = 100,
       .count = 3200,
       .slow_divisor = 1,
       .run = run_durable_suite},
      {.name = "kill", .value_size = 100, .count = 1'000'000, .run = run_kill_suite},
      {.name = "compact", .value_size = 100, .count = 500'000, .run = run_compact_suite},
      {.name = "medium",
       .value_size = 1024,
       .count = 100'000,
       .slow_divisor = 1,
       .run = run_medium_suite},
      {.name = "large",
       .value_size = 65'536,
       .count = 4'000,
       .slow_divisor = 1,
       .run = run_large_suite},
      {.name = "limit",
       .value_size = 100,
       .count = 2'000'000,
       .slow_divisor = 1,
       .round_stride = 2,
       .slow_round_stride = 1'000,
       .run = run_limit_suite},
      {.name = "log", .value_size = 100, .count = 1'000'000, .run = run_log_suite},
  };
}

std::vector<Suite> many_keys_suites() {
  return {{.name = "open",
           .value_size = 100,
           .count = 10'000'000,
           .slow_divisor = 1,
           .slow_round_stride = 1,
           .run = run_open_suite}};
}

}  // namespace datawal::bench
