#include "log/segment_list.h"

#include <algorithm>

#include "base/try.h"
#include "format/names.h"

namespace datawal {

Result<std::vector<SegmentId>> list_segments(const Directory& directory) {
  DATAWAL_TRY_ASSIGN(const std::vector<DirectoryEntry> entries, directory.list());
  return segments_among(entries, directory);
}

Result<std::vector<SegmentId>> segments_among(const std::vector<DirectoryEntry>& entries,
                                              const Directory& directory) {
  std::vector<SegmentId> ids;
  for (const DirectoryEntry& entry : entries) {
    const std::optional<SegmentId> id = parse_segment_name(entry.name);
    if (!id) continue;
    if (entry.kind != EntryKind::kFile) {
      return std::unexpected(Error{
          .code = ErrorCode::kNotRegularFile,
          .message = "a segment must be a regular file, and this is not one; move it away, or "
                     "put the file that it stands for in its place",
          .path = (directory.path() / entry.name).string(),
          .segment = id});
    }
    ids.push_back(*id);
  }
  std::ranges::sort(ids);
  return ids;
}

}  // namespace datawal
