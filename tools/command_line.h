// The program's subcommands and global options, and the parser made of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/session.h"

namespace CLI {
class App;
}  // namespace CLI

namespace datawal::cli {

// Where a subcommand stands in the help.
inline constexpr const char* kLookGroup = "Look";
inline constexpr const char* kChangeGroup = "Change";
inline constexpr const char* kMoveGroup = "Copy and convert";
inline constexpr const char* kMendGroup = "Check and mend";
inline constexpr const char* kOtherGroup = "Other";

struct CommandText {
  std::string name;
  const char* group;
  std::string summary;   // one line
  std::string examples;  // whole lines, indented by two blanks
  std::string details;   // whole paragraphs; may be empty
};

struct GlobalArguments {
  bool json = false;
  std::string color = "auto";
};

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();

  // Adds a subcommand and gives its parser, which takes the options. Only for the add_ functions
  // below.
  CLI::App& add(const CommandText& text, CommandFunction run);

  // What `arguments` (without the program's name) ask for. The function prints help and version
  // itself. Fails with kInvalidArgument.
  [[nodiscard]] Result<CommandFunction> parse(std::vector<std::string> arguments);

  [[nodiscard]] const CLI::App& root() const { return *root_; }
  [[nodiscard]] const GlobalArguments& globals() const { return globals_; }

 private:
  struct Command {
    CLI::App* parser;
    CommandFunction run;
  };

  std::unique_ptr<CLI::App> root_;
  GlobalArguments globals_;
  std::vector<Command> commands_;
};

// One for each file of commands.
void add_scan_commands(CommandLine& line);       // scan, dump
void add_get_command(CommandLine& line);         // get
void add_history_command(CommandLine& line);     // history
void add_tail_command(CommandLine& line);        // tail
void add_info_command(CommandLine& line);        // info
void add_segments_command(CommandLine& line);    // segments
void add_stats_command(CommandLine& line);       // stats
void add_write_commands(CommandLine& line);      // put, delete, rotate
void add_append_command(CommandLine& line);      // append
void add_apply_command(CommandLine& line);       // apply
void add_check_commands(CommandLine& line);      // report, verify, check
void add_mend_commands(CommandLine& line);       // repair, salvage
void add_export_command(CommandLine& line);      // export
void add_import_command(CommandLine& line);      // import
void add_compact_command(CommandLine& line);     // compact
void add_backup_commands(CommandLine& line);     // snapshot, backup, restore
void add_bench_command(CommandLine& line);       // bench
void add_completion_command(CommandLine& line);  // completion

}  // namespace datawal::cli
