// The parser as the writers of completions see it.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace datawal::cli {

// What can stand where a value is wanted.
enum class ValueKind { kAnything, kFile, kDirectory, kChoice };

struct CompletionOption {
  std::vector<std::string> names;  // "-f", "--follow"; a positional has its own name
  std::string description;
  bool takes_value = false;
  ValueKind kind = ValueKind::kAnything;
  std::vector<std::string> choices = {};
  bool is_repeated = false;
};

struct CompletionCommand {
  std::string name;  // empty for the program itself
  std::string description;
  std::vector<CompletionOption> options;
  std::vector<CompletionOption> positionals;
};

// The program, then its subcommands. Options of the program count for each of them.
[[nodiscard]] std::vector<CompletionCommand> completion_model(const CLI::App& root);

// `text` in single quotes for a shell.
[[nodiscard]] std::string shell_quoted(const std::string& text);
[[nodiscard]] std::string joined(const std::vector<std::string>& words, const char* separator);

}  // namespace datawal::cli
