#include "compare/options.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace datawal::bench {
namespace {

template <typename Number>
Number parse_number(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) throw UsageError("not a number: " + text);
  return number;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) words.push_back(word);
  return words;
}

void keep_sizes(CompareOptions& options, const std::string& text) {
  std::vector<ValueSizePlan> kept;
  for (const std::string& word : split(text)) {
    const auto size = parse_number<std::size_t>(word);
    const auto found =
        std::find_if(options.sizes.begin(), options.sizes.end(),
                     [size](const ValueSizePlan& plan) { return plan.value_size == size; });
    if (found == options.sizes.end()) throw UsageError("no plan for values of this size: " + word);
    kept.push_back(*found);
  }
  options.sizes = kept;
}

// Enough to see whether a change went the right way; the figures are not for publication.
void make_quick(CompareOptions& options) {
  options.round_count = 3;
  options.durable_count = 100;
  for (ValueSizePlan& plan : options.sizes) plan.count /= 5;
}

}  // namespace

CompareOptions parse_options(const std::vector<std::string>& arguments) {
  CompareOptions options;
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    const std::string& name = arguments[index];
    if (name == "--quick") {
      make_quick(options);
      continue;
    }
    if (++index == arguments.size()) throw UsageError("unknown or without a value: " + name);
    const std::string& value = arguments[index];
    if (name == "--dir") {
      options.directory = value;
    } else if (name == "--out") {
      options.output = value;
    } else if (name == "--rounds") {
      options.round_count = parse_number<std::uint32_t>(value);
    } else if (name == "--seed") {
      options.seed = parse_number<std::uint64_t>(value);
    } else if (name == "--stores") {
      options.stores = split(value);
    } else if (name == "--sizes") {
      keep_sizes(options, value);
    } else {
      throw UsageError("unknown: " + name);
    }
  }
  if (options.directory.empty() || options.output.empty()) {
    throw UsageError("--dir and --out are needed");
  }
  return options;
}

}  // namespace datawal::bench
