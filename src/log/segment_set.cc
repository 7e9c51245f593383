#include "log/segment_set.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/try.h"
#include "format/names.h"
#include "log/segment_list.h"

namespace datawal {
namespace {

// Each try takes microseconds a segment, and what gets in its way a sync.
constexpr int kTriesMax = 1'000;

Error changing(const Directory& directory, std::optional<SegmentId> segment) {
  return {.code = ErrorCode::kGap,
          .message = "the log was compacted while it was being read; read it again",
          .path = directory.path().string(),
          .segment = segment};
}

// Of a file that has just been opened. Where that is not to be known, all are taken for the same.
FileIdentity identity_of(const File& file) {
  return file.identity_at_open().value_or(FileIdentity{});
}

}  // namespace

Result<SegmentSet> SegmentSet::open(const std::shared_ptr<const Directory>& directory) {
  for (int count = 0; count < kTriesMax; ++count) {
    DATAWAL_TRY_ASSIGN(const std::vector<DirectoryEntry> entries, directory->list());
    DATAWAL_TRY_ASSIGN(std::vector<SegmentId> ids, segments_among(entries, *directory));
    SegmentSet set(directory, std::move(ids));
    const Status opened = set.open_all();
    if (!opened && opened.error().code == ErrorCode::kNotFound) continue;
    if (!opened) return std::unexpected(opened.error());
    // A listing of so many names is of one moment: the kernel gives it in one piece.
    if (set.ids_.size() <= kOpenFilesMax && set.is_as_listed(entries)) return set;
    DATAWAL_TRY_ASSIGN(const bool unchanged, set.is_unchanged());
    if (unchanged) return set;
  }
  return std::unexpected(changing(*directory, std::nullopt));
}

Result<SegmentSet> SegmentSet::open(std::shared_ptr<const Directory> directory,
                                    std::vector<SegmentId> ids) {
  SegmentSet set(std::move(directory), std::move(ids));
  DATAWAL_TRY(set.open_all());
  return set;
}

Result<std::shared_ptr<const File>> SegmentSet::open_file(SegmentId segment) const {
  return directory_->open(segment_name(segment), OpenMode::kRead);
}

Status SegmentSet::open_all() {
  for (const SegmentId id : ids_) {
    DATAWAL_TRY_ASSIGN(std::shared_ptr<const File> file, open_file(id));
    identities_.push_back(identity_of(*file));
    if (!is_kept_open(id)) file = file->hold();
    files_.push_back(std::move(file));
  }
  return {};
}

bool SegmentSet::is_as_listed(const std::vector<DirectoryEntry>& entries) const {
  for (const DirectoryEntry& entry : entries) {
    const std::optional<SegmentId> id = parse_segment_name(entry.name);
    if (!id) continue;
    const auto index = static_cast<std::size_t>(std::ranges::lower_bound(ids_, *id) - ids_.begin());
    if (entry.inode == 0 || entry.inode != identities_[index].inode) return false;
  }
  return true;
}

// Whether there was a moment, behind the last opening and before this, at which the names led to
// what was opened: the files that are kept open cannot have become others since they were.
Result<bool> SegmentSet::is_unchanged() const {
  for (std::size_t index = 0; index < ids_.size(); ++index) {
    const Result<std::shared_ptr<const File>> file = open_file(ids_[index]);
    if (!file && file.error().code == ErrorCode::kNotFound) return false;
    if (!file) return std::unexpected(file.error());
    if (!identity_of(**file).is_same_file(identities_[index])) return false;
  }
  DATAWAL_TRY_ASSIGN(const std::vector<SegmentId> ids, list_segments(*directory_));
  return ids == ids_;
}

bool SegmentSet::has(SegmentId segment, const std::optional<FileIdentity>& identity) const {
  const auto found = std::ranges::lower_bound(ids_, segment);
  if (found == ids_.end() || *found != segment) return false;
  const FileIdentity& known = identities_[static_cast<std::size_t>(found - ids_.begin())];
  return !identity || identity->is_same_file(known);
}

Result<std::shared_ptr<const File>> SegmentSet::file(SegmentId segment) const {
  const auto found = std::ranges::lower_bound(ids_, segment);
  const auto index = static_cast<std::size_t>(found - ids_.begin());
  const bool is_known = index < ids_.size() && *found == segment;
  std::shared_ptr<const File> kept = is_known ? files_[index] : nullptr;
  if (is_known && is_kept_open(segment)) return kept;
  // Reading by a descriptor is cheaper.
  Result<std::shared_ptr<const File>> file = open_file(segment);
  const bool is_gone = !file && file.error().code == ErrorCode::kNotFound;
  const bool is_another = file && is_known && identity_of(**file) != identities_[index];
  if (!is_gone && !is_another) return file;
  if (kept) return kept;
  return std::unexpected(changing(*directory_, segment));
}

}  // namespace datawal
