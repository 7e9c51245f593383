// compact --in-place: a store rewrites its own segments.
#pragma once

#include <string>

#include "datawal/datawal.h"
#include "tools/session.h"

namespace datawal::cli {

// Compacts until it is done, or SIGINT or SIGTERM says to stop; then what has been rewritten stays
// so, and the code is kNegative.
[[nodiscard]] Result<ExitCode> compact_in_place(Session& session, const std::string& store,
                                                CompactionOptions options);

}  // namespace datawal::cli
