// A small benchmark of a store on the disk that it is to be on.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "datawal/datawal.h"

namespace datawal::cli {

struct BenchPlan {
  std::uint64_t keys = 0;
  std::uint64_t durable_puts = 0;
  std::size_t value_size = 0;
};

struct BenchStep {
  std::string_view name;
  std::uint64_t operations = 0;
  std::chrono::nanoseconds elapsed{};
  std::optional<LatencyHistogram> latency = {};  // of single operations, where the store knows
};

// A directory with a name of its own below another, removed with all that is in it at the end.
class TemporaryDirectory {
 public:
  // Fails with kNotFound or kIo.
  [[nodiscard]] static Result<TemporaryDirectory> make(const std::filesystem::path& parent);
  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

// Makes a store in `directory` and takes the time of what it does, step by step. Ends early, with
// the steps that are done, once `is_stopped` says so.
[[nodiscard]] Result<std::vector<BenchStep>> run_disk_bench(
    const std::filesystem::path& directory, const BenchPlan& plan,
    const std::function<bool()>& is_stopped);

}  // namespace datawal::cli
