// What the command's exit status says: one meaning per code, and the one place that gives them.
#pragma once

#include "datawal/error.h"

namespace datawal::cli {

enum class ExitCode : int {
  kSuccess = 0,
  kNegative = 1,           // the answer is no: the key, version or txid asked for is not there
  kUsage = 2,              // the arguments or the input are wrong; their faulty part was not done
  kTailDamage = 3,         // done, and the log has a torn tail: nothing durable is lost
  kCorruption = 4,         // acknowledged records are damaged or missing
  kLocked = 5,             // another writer has the store open
  kEnvironment = 6,        // the operating system or the surroundings: no store, no space, I/O
  kUnsupportedFormat = 7,  // written by something newer than this build
};

[[nodiscard]] ExitCode exit_code_of(ErrorCode code) noexcept;

// The one to exit with where a command has come to both: the graver, for what an answer leaves out
// counts more than the answer.
[[nodiscard]] ExitCode graver(ExitCode one, ExitCode other) noexcept;

}  // namespace datawal::cli
