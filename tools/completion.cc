#include "tools/completion.h"

#include <algorithm>
#include <span>

#include "tools/completion_model.h"

namespace datawal::cli {
namespace {

using Commands = std::vector<CompletionCommand>;

std::vector<std::string> subcommand_names(const Commands& commands) {
  std::vector<std::string> names;
  for (const CompletionCommand& command : std::span(commands).subspan(1)) {
    names.push_back(command.name);
  }
  return names;
}

std::vector<std::string> option_names(const CompletionCommand& command) {
  std::vector<std::string> names;
  for (const CompletionOption& option : command.options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

// The command that fills COMPREPLY for a value of this kind.
std::string bash_values(const CompletionOption& option) {
  switch (option.kind) {
    case ValueKind::kChoice:
      return "_datawal_reply -W " + shell_quoted(joined(option.choices, " "));
    case ValueKind::kFile:
      return "_datawal_reply -f";
    case ValueKind::kDirectory:
      return "_datawal_reply -d";
    case ValueKind::kAnything:
      break;
  }
  return ":";
}

// Cases "<command>:<option>)" for the values of a command's options.
std::string bash_value_cases(const CompletionCommand& command) {
  std::string cases;
  for (const CompletionOption& option : command.options) {
    if (!option.takes_value) continue;
    // The options of the program itself may stand behind any subcommand.
    const std::string prefix = command.name.empty() ? "*:" : command.name + ":";
    for (const std::string& name : option.names) {
      cases.append("    ").append(prefix).append(name).append(") ");
      cases.append(bash_values(option)).append("; return ;;\n");
    }
  }
  return cases;
}

std::string bash_positionals(const CompletionCommand& command) {
  // Whatever has a place of its own in the line is a file, a directory or free text: which place it
  // is would take the parser itself to tell.
  for (const CompletionOption& positional : command.positionals) {
    if (positional.kind == ValueKind::kFile) return "_datawal_reply -f";
  }
  return command.positionals.empty() ? ":" : bash_values(command.positionals.front());
}

// A value of _arguments: blanks and colons in a description would end it.
std::string zsh_text(std::string text) {
  std::ranges::replace(text, ':', ';');
  std::ranges::replace(text, '[', '(');
  std::ranges::replace(text, ']', ')');
  return text;
}

std::string zsh_values(const CompletionOption& option) {
  switch (option.kind) {
    case ValueKind::kChoice:
      return "(" + joined(option.choices, " ") + ")";
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kDirectory:
      return "_files -/";
    case ValueKind::kAnything:
      break;
  }
  return " ";
}

std::string zsh_option(const CompletionOption& option) {
  std::string specs;
  for (const std::string& name : option.names) {
    std::string spec = name + "[" + zsh_text(option.description) + "]";
    if (option.takes_value) spec += ":value:" + zsh_values(option);
    specs += " " + shell_quoted(spec);
  }
  return specs;
}

std::string zsh_arguments(const CompletionCommand& command) {
  std::string specs;
  for (const CompletionOption& option : command.options) specs += zsh_option(option);
  for (const CompletionOption& positional : command.positionals) {
    specs += " " + shell_quoted((positional.is_repeated ? "*:" : ":") + positional.names.front() +
                                ":" + zsh_values(positional));
  }
  return specs;
}

std::string fish_values(const CompletionOption& option) {
  switch (option.kind) {
    case ValueKind::kChoice:
      return " -x -a " + shell_quoted(joined(option.choices, " "));
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kDirectory:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::kAnything:
      break;
  }
  return " -x";
}

std::string fish_condition(const CompletionCommand& command) {
  if (command.name.empty()) return "";
  return " -n " + shell_quoted("__fish_seen_subcommand_from " + command.name);
}

std::string fish_option(const CompletionCommand& command, const CompletionOption& option) {
  std::string line = "complete -c datawal" + fish_condition(command);
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.takes_value) line += fish_values(option);
  return line + " -d " + shell_quoted(option.description) + "\n";
}

}  // namespace

std::string bash_completion(const CLI::App& root) {
  const Commands commands = completion_model(root);
  const std::string names = joined(subcommand_names(commands), " ");
  std::string values;
  std::string cases;
  for (const CompletionCommand& command : commands) {
    values += bash_value_cases(command);
    if (command.name.empty()) continue;
    cases += "    " + command.name + ") options=\"$options " + joined(option_names(command), " ") +
             "\"; positional=" + shell_quoted(bash_positionals(command)) + " ;;\n";
  }
  return "# bash completion for datawal: source <(datawal completion bash)\n"
         "_datawal_reply() { mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$cur\"); }\n"
         "_datawal() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local command='' positional='' options word\n"
         "  COMPREPLY=()\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in " +
         joined(subcommand_names(commands), "|") +
         ") command=$word; break ;; esac\n"
         "  done\n"
         "  case $command:$previous in\n" +
         values + "  esac\n  options='" + joined(option_names(commands.front()), " ") +
         "'\n  case $command in\n    '') positional=\"_datawal_reply -W '" + names + "'\" ;;\n" +
         cases +
         "  esac\n"
         "  if [[ $cur == -* ]]; then _datawal_reply -W \"$options\"; else eval \"$positional\"; "
         "fi\n"
         "}\n"
         "complete -o filenames -F _datawal datawal\n";
}

std::string zsh_completion(const CLI::App& root) {
  const Commands commands = completion_model(root);
  std::string choices;
  std::string cases;
  for (const CompletionCommand& command : std::span(commands).subspan(1)) {
    choices += "      " + shell_quoted(command.name + ":" + zsh_text(command.description)) + "\n";
    cases +=
        "    " + command.name + ") _arguments \"$global[@]\"" + zsh_arguments(command) + " ;;\n";
  }
  return "#compdef datawal\n"
         "# zsh completion for datawal: source <(datawal completion zsh)\n"
         "_datawal() {\n"
         "  local curcontext=$curcontext state line\n"
         "  local -a commands global\n"
         "  commands=(\n" +
         choices + "  )\n  global=(" + zsh_arguments(commands.front()) +
         ")\n"
         "  _arguments -C \"$global[@]\" '1:command:->command' '*::argument:->argument'\n"
         "  case $state in\n"
         "    command) _describe command commands; return ;;\n"
         "    argument) ;;\n"
         "    *) return ;;\n"
         "  esac\n"
         "  case $line[1] in\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _datawal ]]; then _datawal \"$@\"; else compdef _datawal datawal; "
         "fi\n";
}

std::string fish_completion(const CLI::App& root) {
  const Commands commands = completion_model(root);
  std::string script =
      "# fish completion for datawal: datawal completion fish | source\n"
      "complete -c datawal -f\n";
  for (const CompletionCommand& command : commands) {
    if (!command.name.empty()) {
      script += "complete -c datawal -n __fish_use_subcommand -a " + command.name + " -d " +
                shell_quoted(command.description) + "\n";
    }
    for (const CompletionOption& option : command.options) script += fish_option(command, option);
    for (const CompletionOption& positional : command.positionals) {
      if (positional.kind == ValueKind::kAnything) continue;
      script += "complete -c datawal" + fish_condition(command) + fish_values(positional) + "\n";
    }
  }
  return script;
}

}  // namespace datawal::cli
