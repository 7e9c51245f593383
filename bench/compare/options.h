// The command line of datawal_compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace datawal::bench {

struct ValueSizePlan {
  std::size_t value_size;
  std::uint32_t count;  // entries
};

struct CompareOptions {
  std::filesystem::path directory;  // where the stores are made; on a real disk
  std::filesystem::path output;     // the JSON file
  std::uint32_t round_count = 5;
  std::uint32_t durable_count = 500;
  std::uint64_t seed = 20260101;
  std::vector<ValueSizePlan> sizes = {{100, 500'000}, {1024, 100'000}, {65'536, 4'000}};
  std::vector<std::string> stores;  // empty: all
};

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr const char* kUsage =
    "usage: datawal_compare --dir DIR --out FILE.json [--quick] [--rounds N] [--seed N]\n"
    "                       [--stores NAME,...] [--sizes BYTES,...]\n";

// Throws UsageError.
[[nodiscard]] CompareOptions parse_options(const std::vector<std::string>& arguments);

}  // namespace datawal::bench
