// Shell completions, made from the parser itself, so that they know every subcommand and option
// there is and no other.
#pragma once

#include <string>

namespace CLI {
class App;
}  // namespace CLI

namespace datawal::cli {

[[nodiscard]] std::string bash_completion(const CLI::App& root);
[[nodiscard]] std::string zsh_completion(const CLI::App& root);
[[nodiscard]] std::string fish_completion(const CLI::App& root);

}  // namespace datawal::cli
