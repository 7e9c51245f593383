// Options and positional arguments as this command wants them, on top of CLI11, which would
// otherwise read some texts as something else: "[a,b]" as a list, "010" as an octal number, the
// empty value in "--key=" as no value, "++" as the end of a subcommand.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/render.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace datawal::cli {

// The program's arguments in a form that CLI11 takes apart correctly. The options made below undo
// it.
[[nodiscard]] std::vector<std::string> protect_arguments(std::vector<std::string> arguments);
// `text`, which came out of CLI11, as it was given to the program.
[[nodiscard]] std::string unprotected(std::string text);

struct OptionText {
  std::string names;        // "-f,--follow"; without dashes a positional argument
  std::string description;  // for the help
  std::string value = {};   // what the value is, for the help and the completions: "FILE"
  bool required = false;
};

CLI::Option* add_flag(CLI::App& app, OptionText text, bool& target);

// Text, taken byte for byte.
void add_text(CLI::App& app, OptionText text, std::string& target);
void add_text(CLI::App& app, OptionText text, std::optional<std::string>& target);
// Any number of texts.
void add_texts(CLI::App& app, OptionText text, std::vector<std::string>& target);

// A decimal number.
CLI::Option* add_number(CLI::App& app, OptionText text, std::optional<std::uint64_t>& target,
                        std::uint64_t value_max = std::numeric_limits<std::uint64_t>::max());

// A decimal fraction from 0 to 1.
CLI::Option* add_fraction(CLI::App& app, OptionText text, std::optional<double>& target);

// One of `choices`, which stand in the help and in the completions as "a|b|c".
void add_choice(CLI::App& app, OptionText text, const std::vector<std::string>& choices,
                std::string& target);

// A required path; an empty one, as an unset variable of a script gives, is refused.
void add_path(CLI::App& app, OptionText text, std::string& target);
// The same, if it need not be given.
CLI::Option* add_path(CLI::App& app, OptionText text, std::optional<std::string>& target);
// The positional STORE.
void add_store(CLI::App& app, std::string& target);

// Refuses the first without, or together with, the second.
void require_with(CLI::Option* option, CLI::Option* needed);
void refuse_with(CLI::Option* option, CLI::Option* other);

// --bytes and --no-truncate.
struct BytesArguments {
  std::string mode = "auto";
  bool no_truncate = false;

  [[nodiscard]] BytesStyle style() const;
};
void add_bytes_options(CLI::App& app, BytesArguments& target);

// The decimal number that `text` is, or nullopt.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace datawal::cli
