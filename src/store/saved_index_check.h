// Holds the index that was saved beside a log against that log. Checksums prove that it is as it
// was written, not that it says what the log does.
#pragma once

#include <memory>
#include <optional>

#include "datawal/maintenance.h"
#include "file/filesystem.h"

namespace datawal {

// Nullopt if there is none. Reads twice what of the log it covers, and needs memory for two
// indexes. A writer may be at work: what a saved index covers is durable and stays as it is, but
// for compactions, after which there is another one; then that is looked at. Fails only where
// reading fails.
[[nodiscard]] Result<std::optional<SidecarReport>> check_saved_index(
    const std::shared_ptr<Directory>& directory, const Options& options);

}  // namespace datawal
