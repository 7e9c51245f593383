// The files of a log's segments as they were at one moment, whatever takes their names later.
//
// A compaction puts other files in their place, which hold the same keys and values all together,
// but not one by one: who reads some segments from before it and some from behind it can miss a
// record, or see one that has been removed. So whoever reads several segments takes them from one
// set.
//
// Thread safety: const functions may be called by any thread at any time.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "datawal/record_log.h"
#include "file/filesystem.h"

namespace datawal {

class SegmentSet {
 public:
  // So many files at most are kept open. Of a larger set only the last is, which is written to, so
  // that its size and time tell nothing. The others are opened when they are asked for, and it is
  // noticed if they are others by then: what they were is held without a descriptor (see
  // File::hold), where that is to be had.
  static constexpr std::size_t kOpenFilesMax = 256;

  // The segments that there are now, whatever another process does to them meanwhile. Fails with
  // kGap if it does so without an end, and as listing and opening do.
  [[nodiscard]] static Result<SegmentSet> open(const std::shared_ptr<const Directory>& directory);
  // These segments, where the caller sees to it that nothing happens to them meanwhile.
  [[nodiscard]] static Result<SegmentSet> open(std::shared_ptr<const Directory> directory,
                                               std::vector<SegmentId> ids);

  [[nodiscard]] const std::vector<SegmentId>& ids() const { return ids_; }
  // Whether `segment` was the file of this identity; true where that is not to be known.
  [[nodiscard]] bool has(SegmentId segment, const std::optional<FileIdentity>& identity) const;
  // Fails with kGap if the segment has been compacted since, and could not be held.
  [[nodiscard]] Result<std::shared_ptr<const File>> file(SegmentId segment) const;

 private:
  SegmentSet(std::shared_ptr<const Directory> directory, std::vector<SegmentId> ids)
      : directory_(std::move(directory)), ids_(std::move(ids)) {}

  [[nodiscard]] Status open_all();
  // Whether what has been opened is what the names led to when they were listed.
  [[nodiscard]] bool is_as_listed(const std::vector<DirectoryEntry>& entries) const;
  [[nodiscard]] Result<bool> is_unchanged() const;
  [[nodiscard]] bool is_kept_open(SegmentId segment) const {
    return ids_.size() <= kOpenFilesMax || segment == ids_.back();
  }
  [[nodiscard]] Result<std::shared_ptr<const File>> open_file(SegmentId segment) const;

  std::shared_ptr<const Directory> directory_;
  std::vector<SegmentId> ids_;  // ascending
  // By id, shared with who reads them: open, held, or null.
  std::vector<std::shared_ptr<const File>> files_;
  std::vector<FileIdentity> identities_;  // by id
};

}  // namespace datawal
