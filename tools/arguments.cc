#include "tools/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <utility>

namespace datawal::cli {
namespace {

// No argument of a program can contain this character, so that it can be told apart again.
constexpr char kGuard = '\0';

bool is_misread(std::string_view argument) {
  return (argument.starts_with('[') && argument.ends_with(']')) || argument == "{}" ||
         argument == "++" || (argument.starts_with("--") && argument.ends_with('='));
}

// Why a value is refused; nothing if it is not.
using Complaint = std::optional<std::string>;

// Hands the one value of an option to `take`, which gives a Complaint.
template <typename Take>
CLI::Option* add_single(CLI::App& app, OptionText text, const Take& take) {
  const std::string names = text.names;
  const CLI::callback_t callback = [take, names](const CLI::results_t& results) {
    const Complaint complaint = take(unprotected(results.front()));
    if (complaint) throw CLI::ValidationError(names, *complaint);
    return true;
  };
  return app.add_option(std::move(text.names), callback, std::move(text.description))
      ->type_size(1)
      ->expected(1)
      ->type_name(std::move(text.value))
      ->required(text.required);
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

}  // namespace

std::vector<std::string> protect_arguments(std::vector<std::string> arguments) {
  for (std::string& argument : arguments) {
    if (is_misread(argument)) argument += kGuard;
  }
  return arguments;
}

std::string unprotected(std::string text) {
  std::erase(text, kGuard);
  return text;
}

CLI::Option* add_flag(CLI::App& app, OptionText text, bool& target) {
  return app.add_flag(std::move(text.names), target, std::move(text.description));
}

void add_text(CLI::App& app, OptionText text, std::string& target) {
  add_single(app, std::move(text), [&target](std::string value) {
    target = std::move(value);
    return Complaint();
  });
}

void add_text(CLI::App& app, OptionText text, std::optional<std::string>& target) {
  add_single(app, std::move(text), [&target](std::string value) {
    target = std::move(value);
    return Complaint();
  });
}

void add_texts(CLI::App& app, OptionText text, std::vector<std::string>& target) {
  const CLI::callback_t callback = [&target](const CLI::results_t& results) {
    std::ranges::transform(results, std::back_inserter(target), unprotected);
    return true;
  };
  app.add_option(std::move(text.names), callback, std::move(text.description))
      ->type_size(1)
      ->expected(CLI::detail::expected_max_vector_size)
      ->type_name(std::move(text.value))
      ->required(text.required);
}

CLI::Option* add_number(CLI::App& app, OptionText text, std::optional<std::uint64_t>& target,
                        std::uint64_t value_max) {
  text.value = "N";
  return add_single(app, std::move(text), [&target, value_max](const std::string& value) {
    target = parse_number(value);
    if (target && *target <= value_max) return Complaint();
    return Complaint("'" + value + "' is not a decimal number up to " + std::to_string(value_max));
  });
}

CLI::Option* add_fraction(CLI::App& app, OptionText text, std::optional<double>& target) {
  text.value = "R";
  return add_single(app, std::move(text), [&target](const std::string& value) {
    double number = 0;
    const auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), number,
                                               std::chars_format::fixed);
    target = number;
    const bool is_whole = status == std::errc() && end == value.data() + value.size();
    if (is_whole && number >= 0 && number <= 1) return Complaint();
    return Complaint("'" + value + "' is not a number from 0 to 1");
  });
}

void add_choice(CLI::App& app, OptionText text, const std::vector<std::string>& choices,
                std::string& target) {
  text.value = joined(choices, "|");
  add_single(app, std::move(text), [&target, choices](const std::string& value) {
    target = value;
    if (std::ranges::find(choices, value) != choices.end()) return Complaint();
    return Complaint("'" + value + "' is not one of " + joined(choices, ", "));
  });
}

void add_path(CLI::App& app, OptionText text, std::string& target) {
  text.required = true;
  add_single(app, std::move(text), [&target](std::string value) {
    target = std::move(value);
    return target.empty() ? Complaint("the path is empty") : Complaint();
  });
}

CLI::Option* add_path(CLI::App& app, OptionText text, std::optional<std::string>& target) {
  return add_single(app, std::move(text), [&target](std::string value) {
    target = std::move(value);
    return target->empty() ? Complaint("the path is empty") : Complaint();
  });
}

void add_store(CLI::App& app, std::string& target) {
  add_path(app, {.names = "STORE", .description = "The store's directory"}, target);
}

void require_with(CLI::Option* option, CLI::Option* needed) {
  option->needs(needed);
}

void refuse_with(CLI::Option* option, CLI::Option* other) {
  option->excludes(other);
}

BytesStyle BytesArguments::style() const {
  const BytesMode known = mode == "raw"      ? BytesMode::kRaw
                          : mode == "base64" ? BytesMode::kBase64
                          : mode == "hex"    ? BytesMode::kHex
                                             : BytesMode::kAuto;
  return {.mode = known, .truncate = !no_truncate};
}

void add_bytes_options(CLI::App& app, BytesArguments& target) {
  add_choice(app,
             {.names = "--bytes",
              .description =
                  "How to show bytes: auto and raw show text as it is and anything else in base64"},
             {"auto", "raw", "base64", "hex"}, target.mode);
  add_flag(app,
           {.names = "--no-truncate", .description = "Show all bytes of a field, not the first 64"},
           target.no_truncate);
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace datawal::cli
