// Sets damaged bytes aside before they are cut.
#pragma once

#include <cstdint>
#include <string>

#include "datawal/record_log.h"
#include "file/filesystem.h"

namespace datawal {

// Copies the bytes of `segment_file` from `from.offset` to its end into a quarantine file beside
// it, synced together with its name, and gives that name. A copy that an interrupted run has left,
// whole or in part, is completed; a quarantine file with other bytes is never touched.
[[nodiscard]] Result<std::string> quarantine_tail(Directory& directory, const File& segment_file,
                                                  Position from);

}  // namespace datawal
