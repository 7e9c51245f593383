// Runs the real `datawal` command as others do: as a process with pipes or a terminal.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "file/unique_fd.h"

namespace datawal::test {

// How a process has ended, and what it has said.
struct Outcome {
  std::string end;  // "exit 0", "signal 9"
  std::string out;
  std::string err;
};
void PrintTo(const Outcome& outcome, std::ostream* stream);

struct CommandOptions {
  std::string in = {};                        // standard input
  std::filesystem::path directory = {};       // to run in
  std::vector<std::string> environment = {};  // "NAME=value" on top of a plain one
  // What is to be standard output in place of a pipe, and "-" for none at all.
  std::string out_file = {};
  std::string program = DATAWAL_CLI_PATH;
};

// Runs the command to its end.
[[nodiscard]] Outcome run_command(const std::vector<std::string>& arguments,
                                  const CommandOptions& options = {});
// The same for any program that is found on the PATH.
[[nodiscard]] Outcome run_program(const std::string& program,
                                  const std::vector<std::string>& arguments,
                                  CommandOptions options = {});

// A command that runs beside the test. Killed, if it still runs, at the end.
class RunningCommand {
 public:
  explicit RunningCommand(const std::vector<std::string>& arguments,
                          const CommandOptions& options = {});
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;
  ~RunningCommand();

  // Writes to its standard input; false once nobody reads there any more.
  bool write(std::string_view text);
  void close_input() { in_ = UniqueFd(); }
  void close_output() { out_ = UniqueFd(); }

  // The next line of its standard output without the line feed; nullopt at the end. Fails the test
  // after two minutes of silence.
  [[nodiscard]] std::optional<std::string> read_line();
  // Everything that is still to come.
  [[nodiscard]] std::string read_rest();

  void signal(int number) const;
  // Waits for the end: "exit 0", "signal 9".
  [[nodiscard]] std::string wait();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  UniqueFd in_;
  UniqueFd out_;
  std::string buffer_;
};

// Which of a command's streams are a terminal; the others are pipes.
struct TerminalStreams {
  bool out = true;
  bool err = true;
};

// A command at a terminal, which shows what it writes there.
class TerminalCommand {
 public:
  TerminalCommand(const std::vector<std::string>& arguments, TerminalStreams streams,
                  const CommandOptions& options = {});
  TerminalCommand(const TerminalCommand&) = delete;
  TerminalCommand& operator=(const TerminalCommand&) = delete;
  ~TerminalCommand();

  // Waits until `text` has been shown; false if the command ends without, or two minutes go by.
  [[nodiscard]] bool wait_for(std::string_view text);
  // Writes to the command's standard input, which is a pipe.
  void write(std::string_view text);
  // Closes its standard input, waits for its end, and gives everything the terminal has shown.
  [[nodiscard]] Outcome finish();

 private:
  [[nodiscard]] bool read_more();

  pid_t pid_ = -1;
  UniqueFd master_;
  UniqueFd in_;
  UniqueFd pipe_;  // of the stream that is no terminal
  std::string shown_;
};

}  // namespace datawal::test
