#include "tools/completion_model.h"

#include <CLI/CLI.hpp>
#include <ranges>
#include <utility>

namespace datawal::cli {
namespace {

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

void set_value_kind(CompletionOption& option, const std::string& type) {
  if (type.contains('|')) {
    option.kind = ValueKind::kChoice;
    for (const auto choice : std::views::split(type, '|')) {
      std::string word(choice.begin(), choice.end());
      if (word.ends_with("=N")) word.pop_back();  // the number is the user's to choose
      option.choices.push_back(std::move(word));
    }
  } else if (type == "FILE" || type == "OUTFILE") {
    option.kind = ValueKind::kFile;
  } else if (type == "STORE" || type == "TARGET" || type == "SRC" || type == "DST" ||
             type == "DIR") {
    option.kind = ValueKind::kDirectory;
  }
}

CompletionOption convert(const CLI::Option& from) {
  CompletionOption option = {.names = {},
                             .description = from.get_description(),
                             .takes_value = from.get_items_expected_max() > 0,
                             .is_repeated = from.get_allow_extra_args()};
  const std::string type = from.get_type_name();
  if (from.get_positional()) {
    option.names = {from.get_name(true)};
    set_value_kind(option, type.contains('|') ? type : from.get_name(true));
    return option;
  }
  for (const std::string& name : from.get_snames()) option.names.push_back("-" + name);
  for (const std::string& name : from.get_lnames()) option.names.push_back("--" + name);
  if (option.takes_value) set_value_kind(option, type);
  return option;
}

CompletionCommand convert(const CLI::App& app, bool is_root) {
  CompletionCommand command = {.name = is_root ? "" : app.get_name(),
                               .description = first_line(app.get_description()),
                               .options = {},
                               .positionals = {}};
  for (const CLI::Option* const option : app.get_options()) {
    (option->get_positional() ? command.positionals : command.options).push_back(convert(*option));
  }
  return command;
}

}  // namespace

std::vector<CompletionCommand> completion_model(const CLI::App& root) {
  std::vector<CompletionCommand> commands = {convert(root, true)};
  for (const CLI::App* const app : root.get_subcommands({})) {
    commands.push_back(convert(*app, false));
  }
  return commands;
}

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char character : text) {
    quoted += character == '\'' ? "'\\''" : std::string(1, character);
  }
  return quoted + "'";
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

}  // namespace datawal::cli
