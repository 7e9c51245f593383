// The command line of datawal_compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "compare/suites.h"

namespace datawal::bench {

struct CompareOptions {
  std::filesystem::path directory;  // where the stores are made; on a real disk
  std::filesystem::path output;     // the JSON file
  std::uint32_t round_count = 5;
  std::uint64_t seed = 20260101;
  std::vector<Suite> suites = usual_suites();
  std::vector<std::string> stores;  // empty: all
  bool are_slow_alike = false;      // slow stores take part in every round, with all entries
};

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr const char* kUsage =
    "usage: datawal_compare --dir DIR --out FILE.json [--many-keys] [--rounds N] [--seed N]\n"
    "                       [--stores NAME,...] [--suites NAME,...] [--divide N] [--all-alike]\n"
    "  --many-keys  stores of ten million keys instead of the usual suites\n"
    "  --suites     only these: store, write, durable, kill, compact, medium, large, limit, log\n"
    "  --divide     so many times fewer entries\n"
    "  --all-alike  slow stores get as many rounds and entries as the others\n";

// Throws UsageError.
[[nodiscard]] CompareOptions parse_options(const std::vector<std::string>& arguments);

}  // namespace datawal::bench
