// What a simulated machine has done, for messages.
#pragma once

#include <string>

#include "file/simulated_filesystem.h"

namespace datawal::test {

// The last calls, a line each.
[[nodiscard]] std::string tail_of_trace(const SimulatedFilesystem& filesystem);

}  // namespace datawal::test
