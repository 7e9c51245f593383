// datawal: look at, write and mend stores.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "tools/command_line.h"
#include "tools/signals.h"

namespace datawal::cli {
namespace {

bool environment_is_set(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool wants_color(const std::string& mode, bool is_terminal) {
  if (mode != "auto") return mode == "always";
  const char* const terminal = std::getenv("TERM");
  const bool is_dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return is_terminal && !is_dumb && !environment_is_set("NO_COLOR");
}

ExitCode report_error(Session& session, const Error& error) {
  session.diagnostics.error(error.to_string());
  return exit_code_of(error.code);
}

// A reader that has seen enough closes the pipe, and that is no failure. Anything else is.
ExitCode finish_output(Session& session, ExitCode code) {
  session.out.flush();
  if (session.out.usable() || session.out.os_error() == EPIPE) return code;
  session.diagnostics.error(std::string("cannot write to standard output: ") +
                            std::strerror(session.out.os_error()));
  return graver(code, ExitCode::kEnvironment);
}

ExitCode run(const std::vector<std::string>& arguments, Session& session) {
  CommandLine line;
  const Result<CommandFunction> command = line.parse(arguments);
  if (!command) return report_error(session, command.error());
  session.json = line.globals().json;
  session.colored = wants_color(line.globals().color, session.out.is_terminal());
  session.diagnostics.set_colored(
      wants_color(line.globals().color, session.diagnostics.is_terminal()));
  const Result<ExitCode> code = (*command)(session);
  if (code) return finish_output(session, *code);
  session.out.flush();  // what was found before the error comes before its message
  return finish_output(session, report_error(session, code.error()));
}

}  // namespace
}  // namespace datawal::cli

int main(int argc, char** argv) {
  using datawal::cli::ExitCode;
  datawal::cli::keep_standard_descriptors_open();
  datawal::cli::ignore_broken_pipes();
  datawal::cli::Session session;
  try {
    return static_cast<int>(
        datawal::cli::run(std::vector<std::string>(argv + 1, argv + argc), session));
  } catch (const std::bad_alloc&) {
    session.diagnostics.error("not enough memory");
    return static_cast<int>(ExitCode::kEnvironment);
  }
}
