// datawal_compare: the same workloads for datawal and its peers, interleaved in one run.
//
// Writes every single figure of every round as JSON; bench/run makes medians, ratios, the table and
// the plot of it. The stores take turns: each round runs every store once, and each round begins
// with another one.
#include <sys/vfs.h>

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
#include "compare/suites/limit.h"

namespace datawal::bench {
namespace {

constexpr decltype(statfs::f_type) kTmpfsMagic = 0x01021994;
// As much memory as a store uses, its part of the page cache included.
constexpr std::size_t kTouchedSize = 4ULL << 30;

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

std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') json += '\\';
    json += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
  }
  return json + '"';
}

// The samples and notes of one cell as JSON objects, one a line.
std::string as_json(const Cell& cell, const std::string& place) {
  std::ostringstream text;
  text.precision(12);
  for (const Sample& sample : cell.samples()) {
    text << "    {" << place << ", \"workload\": " << json_text(sample.workload)
         << ", \"unit\": " << json_text(sample.unit) << ", \"value\": " << sample.value
         << ", \"operations\": " << sample.operations << ", \"end_ns\": " << sample.end_ns << "}\n";
  }
  for (const Note& note : cell.notes()) {
    text << "    {" << place << ", \"workload\": " << json_text(note.workload)
         << ", \"note\": " << json_text(note.text) << "}\n";
  }
  return text.str();
}

bool is_slow_in(const CompareOptions& options, const StoreKind& kind) {
  return kind.is_slow && !options.are_slow_alike;
}

bool takes_part(const CompareOptions& options, const Suite& suite, const StoreKind& kind,
                std::uint32_t round) {
  const bool is_slow = is_slow_in(options, kind);
  const std::uint32_t stride =
      std::max(suite.round_stride, is_slow ? suite.slow_round_stride : std::uint32_t{1});
  return round % stride == 0;
}

// A failure of these ends the run; one of a peer costs it its figures of the suite.
bool is_own(const StoreKind& kind) {
  return kind.is_floor || kind.name == all_store_kinds().front().name;
}

std::string failure_as_json(const Suite& suite, const std::string& place, const char* reason) {
  std::fprintf(stderr, "datawal_compare: failed: %s\n", reason);
  return "    {" + place + ", \"workload\": " + json_text("all of " + std::string(suite.name)) +
         ", \"note\": " + json_text(reason) + "}\n";
}

std::string run_suite(const Suite& suite, const CellPlan& plan, const std::string& place) {
  try {
    Cell cell(plan);
    suite.run(cell);
    return as_json(cell, place);
  } catch (const std::exception& error) {
    if (is_own(plan.kind)) throw;
    return failure_as_json(suite, place, error.what());
  }
}

std::string run_one(const CompareOptions& options, const StoreKind& kind, const Suite& suite,
                    std::uint32_t round) {
  if (!takes_part(options, suite, kind, round)) return "";
  const std::filesystem::path directory = options.directory / "cell";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  sync_disk(options.directory);
  std::fprintf(stderr, "round %u of %u, %s, %s\n", round + 1, options.round_count,
               std::string(suite.name).c_str(), std::string(kind.name).c_str());

  std::ostringstream place;
  place << "\"round\": " << round << ", \"store\": " << json_text(kind.name)
        << ", \"value_size\": " << suite.value_size;
  const std::uint32_t measured_count_max =
      is_slow_in(options, kind) ? suite.count / suite.slow_divisor : suite.count;
  const CellPlan plan = {.kind = kind,
                         .directory = directory,
                         .value_size = suite.value_size,
                         .count = suite.count,
                         .seed = options.seed + round,
                         .measured_count_max = measured_count_max};
  std::string samples;
  try {
    samples = output_of_fork([&] { return run_suite(suite, plan, place.str()); });
  } catch (const std::exception&) {
    if (is_own(kind)) throw;
    samples = failure_as_json(suite, place.str(), "its process died");
  }
  std::filesystem::remove_all(directory);
  return samples;
}

std::string run_all(const CompareOptions& options, std::vector<StoreKind> kinds) {
  std::string samples;
  for (std::uint32_t round = 0; round < options.round_count; ++round) {
    touch_memory(std::min(available_memory() / 2, kTouchedSize));
    for (const Suite& suite : options.suites) {
      for (const StoreKind& kind : kinds) samples += run_one(options, kind, suite, round);
    }
    std::rotate(kinds.begin(), kinds.begin() + 1, kinds.end());
  }
  return samples;
}

// One sample a line; all lines but the last need a comma.
std::string with_commas(std::string_view lines) {
  std::string text;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const bool is_between = lines[at] == '\n' && at + 1 < lines.size();
    if (is_between) text += ',';
    text += lines[at];
  }
  return text;
}

void write_results(const CompareOptions& options, const std::vector<StoreKind>& kinds,
                   const std::string& samples) {
  std::ofstream out(options.output);
  out << "{\n  \"compiler\": " << json_text(DATAWAL_BENCH_COMPILER)
      << ",\n  \"build_type\": " << json_text(DATAWAL_BENCH_BUILD_TYPE)
      << ",\n  \"seed\": " << options.seed << ",\n  \"rounds\": " << options.round_count
      << ",\n  \"suites\": [";
  for (const Suite& suite : options.suites) {
    const std::uint32_t divisor = options.are_slow_alike ? 1 : suite.slow_divisor;
    out << (&suite == options.suites.data() ? "" : ", ") << "{\"name\": " << json_text(suite.name)
        << ", \"value_size\": " << suite.value_size << ", \"entries\": " << suite.count
        << ", \"slow_operations\": " << suite.count / divisor << "}";
  }
  out << "],\n  \"stores\": [";
  for (const StoreKind& kind : kinds) {
    const bool is_slow = is_slow_in(options, kind);
    out << (&kind == kinds.data() ? "" : ", ") << "{\"name\": " << json_text(kind.name)
        << ", \"version\": " << json_text(kind.version)
        << ", \"is_slow\": " << (is_slow ? "true" : "false") << "}";
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
    if (!arguments.empty() && arguments[0] == kMemoryProbeArgument) {
      run_memory_probe({arguments.begin() + 1, arguments.end()});
    } else if (!arguments.empty() && arguments[0] == kLimitedRunArgument) {
      run_limited({arguments.begin() + 1, arguments.end()});
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
