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

void keep_suites(CompareOptions& options, const std::string& text) {
  std::vector<Suite> kept;
  for (const std::string& word : split(text)) {
    const auto found = std::find_if(options.suites.begin(), options.suites.end(),
                                    [&word](const Suite& suite) { return suite.name == word; });
    if (found == options.suites.end()) throw UsageError("there is no suite of this name: " + word);
    kept.push_back(*found);
  }
  options.suites = kept;
}

void divide(CompareOptions& options, std::uint32_t divisor) {
  if (divisor == 0) throw UsageError("entries cannot be divided by zero");
  for (Suite& suite : options.suites) suite.count = std::max(suite.count / divisor, 200U);
}

// Whether `name` is an option without a value; then does what it says.
bool take_flag(CompareOptions& options, const std::string& name) {
  if (name == "--many-keys") {
    options.suites = many_keys_suites();
  } else if (name == "--all-alike") {
    options.are_slow_alike = true;
  } else {
    return false;
  }
  return true;
}

}  // namespace

CompareOptions parse_options(const std::vector<std::string>& arguments) {
  CompareOptions options;
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    const std::string& name = arguments[index];
    if (take_flag(options, name)) continue;
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
    } else if (name == "--suites") {
      keep_suites(options, value);
    } else if (name == "--divide") {
      divide(options, parse_number<std::uint32_t>(value));
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
