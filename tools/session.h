// What every command gets beside its own arguments.
#pragma once

#include <unistd.h>

#include <functional>

#include "datawal/error.h"
#include "tools/diagnostics.h"
#include "tools/exit_codes.h"
#include "tools/output.h"

namespace datawal::cli {

struct Session {
  Output out{STDOUT_FILENO};
  Diagnostics diagnostics{STDERR_FILENO};
  bool json = false;
  bool colored = false;  // standard output
};

// Does a command's work. An error is printed by main() and decides the exit code.
using CommandFunction = std::function<Result<ExitCode>(Session&)>;

}  // namespace datawal::cli
