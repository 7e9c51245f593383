// datawal_compare: the same workloads for datawal and its peers, interleaved in one run.
//
// Writes every single figure of every round as JSON; bench/run makes medians, ratios, the table and
// the plot of it. The stores take turns: each round runs every store once, and each round begins
// with another one.
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "compare/cell.h"
#include "compare/child.h"
#include "compare/memory.h"
#include "compare/options.h"

namespace datawal::bench {
namespace {

constexpr decltype(statfs::f_type) kTmpfsMagic = 0x01021994;

// On a filesystem in memory a durable put would cost nothing and prove nothing.
void require_disk(const std::filesystem::path& directory) {
  struct statfs facts{};
  if (statfs(directory.c_str(), &facts) != 0) {
    throw std::runtime_error("cannot look at " + directory.string());
  }
  if (facts.f_type == kTmpfsMagic) {
    throw std::runtime_error(directory.string() + " is in memory; name a directory on a disk");
  }
}

// Nothing of what came before may still be on its way to the disk when a cell begins.
void wait_for_writeback(const std::filesystem::path& directory) {
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || syncfs(descriptor) != 0) throw std::runtime_error("cannot sync the disk");
  close(descriptor);
}

std::vector<StoreKind> chosen_kinds(const CompareOptions& options) {
  std::vector<StoreKind> kinds = all_store_kinds();
  if (options.stores.empty()) return kinds;
  std::vector<StoreKind> chosen;
  for (const std::string& name : options.stores) {
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&name](const StoreKind& candidate) {
      return candidate.name == name;
    });
    if (kind == kinds.end()) throw UsageError("there is no store of this name: " + name);
    chosen.push_back(*kind);
  }
  return chosen;
}

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

// The samples of one cell as JSON objects, one a line.
std::string as_json(const std::vector<Sample>& samples, const std::string& place) {
  std::ostringstream text;
  text.precision(12);
  for (const Sample& sample : samples) {
    text << "    {" << place << ", \"workload\": " << quoted(sample.workload)
         << ", \"unit\": " << quoted(sample.unit) << ", \"value\": " << sample.value
         << ", \"operations\": " << sample.operations << "}\n";
  }
  return text.str();
}

std::string run_one(const CompareOptions& options, const StoreKind& kind, const ValueSizePlan& size,
                    std::uint32_t round) {
  const std::filesystem::path directory = options.directory / "cell";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  touch_memory(std::max<std::size_t>(1ULL << 30, 6 * size.value_size * size.count));
  wait_for_writeback(options.directory);
  std::fprintf(stderr, "round %u of %u, %zu bytes, %s\n", round + 1, options.round_count,
               size.value_size, std::string(kind.name).c_str());

  std::ostringstream place;
  place << "\"round\": " << round << ", \"store\": " << quoted(kind.name)
        << ", \"value_size\": " << size.value_size;
  const std::string samples = output_of_fork([&] {
    const Dataset dataset(size.value_size, size.count, options.seed + round);
    const CellPlan plan{kind, directory, std::min(options.durable_count, size.count)};
    return as_json(run_cell(plan, dataset), place.str());
  });
  std::filesystem::remove_all(directory);
  return samples;
}

std::string run_all(const CompareOptions& options, std::vector<StoreKind> kinds) {
  std::string samples;
  for (std::uint32_t round = 0; round < options.round_count; ++round) {
    for (const ValueSizePlan& size : options.sizes) {
      for (const StoreKind& kind : kinds) samples += run_one(options, kind, size, round);
    }
    std::rotate(kinds.begin(), kinds.begin() + 1, kinds.end());
  }
  return samples;
}

// One sample a line; all lines but the last need a comma.
std::string with_commas(std::string lines) {
  for (std::size_t at = lines.find("}\n"); at + 2 < lines.size(); at = lines.find("}\n", at + 3)) {
    lines.insert(at + 1, ",");
  }
  return lines;
}

void write_results(const CompareOptions& options, const std::vector<StoreKind>& kinds,
                   const std::string& samples) {
  std::ofstream out(options.output);
  out << "{\n  \"compiler\": " << quoted(DATAWAL_BENCH_COMPILER)
      << ",\n  \"build_type\": " << quoted(DATAWAL_BENCH_BUILD_TYPE)
      << ",\n  \"seed\": " << options.seed << ",\n  \"rounds\": " << options.round_count
      << ",\n  \"sizes\": [";
  for (const ValueSizePlan& size : options.sizes) {
    out << (&size == options.sizes.data() ? "" : ", ") << "{\"value_size\": " << size.value_size
        << ", \"entries\": " << size.count << "}";
  }
  out << "],\n  \"stores\": [";
  for (const StoreKind& kind : kinds) {
    out << (&kind == kinds.data() ? "" : ", ") << "{\"name\": " << quoted(kind.name)
        << ", \"version\": " << quoted(kind.version) << "}";
  }
  out << "],\n  \"samples\": [\n" << with_commas(samples) << "  ]\n}\n";
  out.close();
  if (!out) throw std::runtime_error("cannot write " + options.output.string());
}

void compare(const CompareOptions& options) {
  std::filesystem::create_directories(options.directory);
  require_disk(options.directory);
  const std::vector<StoreKind> kinds = chosen_kinds(options);
  write_results(options, kinds, run_all(options, kinds));
}

int run(const std::vector<std::string>& arguments) {
  try {
    if (arguments.size() == 4 && arguments[0] == kMemoryProbeArgument) {
      run_memory_probe(arguments[1], arguments[2], std::stoul(arguments[3]));
    } else {
      compare(parse_options(arguments));
    }
    return EXIT_SUCCESS;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "%s\n%s", error.what(), kUsage);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "datawal_compare: %s\n", error.what());
  }
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace datawal::bench

int main(int argument_count, char** argument_values) {
  return datawal::bench::run({argument_values + 1, argument_values + argument_count});
}
