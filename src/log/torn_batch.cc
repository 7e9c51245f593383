#include "log/torn_batch.h"

#include "format/names.h"
#include "segment/decode_error.h"

namespace datawal {

std::string torn_batch_text(const DecodeOutcome& damage) {
  return "a batch of records of which not all is there (" + decode_error_text(damage) + ")";
}

Error unsupported_batch(const BatchAnnouncement& announcement, const Directory& directory,
                        Position position) {
  return {.code = ErrorCode::kUnsupportedVersion,
          .message = "a batch announced in version " + std::to_string(announcement.version) +
                     " (this build supports " + std::to_string(kBatchVersion) +
                     "): a newer version of this program wrote it; use that version",
          .path = (directory.path() / segment_name(position.segment)).string(),
          .segment = position.segment,
          .offset = position.offset};
}

}  // namespace datawal
