// completion: a script for the user's shell.
#include <memory>

#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/completion.h"

namespace datawal::cli {
namespace {

Result<ExitCode> run_completion(const CLI::App& root, const std::string& shell, Session& session) {
  session.out.write(shell == "bash"  ? bash_completion(root)
                    : shell == "zsh" ? zsh_completion(root)
                                     : fish_completion(root));
  return ExitCode::kSuccess;
}

}  // namespace

void add_completion_command(CommandLine& line) {
  const auto shell = std::make_shared<std::string>();
  const CLI::App& root = line.root();
  CLI::App& completion =
      line.add({.name = "completion",
                .group = kOtherGroup,
                .summary = "Print a script that completes this command's arguments",
                .examples = "  source <(datawal completion bash)\n"
                            "  datawal completion zsh > ~/.zfunc/_datawal\n"
                            "  datawal completion fish > ~/.config/fish/completions/datawal.fish\n",
                .details = ""},
               [shell, &root](Session& session) { return run_completion(root, *shell, session); });
  add_choice(completion, {.names = "SHELL", .description = "The shell", .required = true},
             {"bash", "zsh", "fish"}, *shell);
}

}  // namespace datawal::cli
