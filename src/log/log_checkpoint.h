// Checkpoints of a log that is open for writing.
#pragma once

#include <filesystem>

#include "datawal/backup.h"
#include "log/shared_log.h"

namespace datawal {

// As RecordLog::checkpoint. Whoever appends waits for no more than a sync and a look at where the
// log ends.
[[nodiscard]] Result<CopyStats> checkpoint_log(SharedLog& log, const std::filesystem::path& target);

}  // namespace datawal
