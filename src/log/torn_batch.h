// What is said of batches that cannot be read as such.
#pragma once

#include <string>

#include "datawal/record_log.h"
#include "file/filesystem.h"
#include "format/batch_frame.h"

namespace datawal {

// The words for `damage`, which is what decoding a whole batch gave.
[[nodiscard]] std::string torn_batch_text(const DecodeOutcome& damage);

// A batch was announced, at `position`, in a way that only a newer version of this program knows:
// whether it is whole cannot be told, so that none of the log behind it can be read.
[[nodiscard]] Error unsupported_batch(const BatchAnnouncement& announcement,
                                      const Directory& directory, Position position);

}  // namespace datawal
