// Open files for reading records at random: a bounded number of them, the least recently used
// closed first.
//
// Thread safety: any thread may call it at any time.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "datawal/record_log.h"
#include "file/filesystem.h"
#include "log/segment_set.h"

namespace datawal {

class SegmentFiles {
 public:
  // Opens the files that have the segments' names, or those of `held`.
  explicit SegmentFiles(std::shared_ptr<const Directory> directory,
                        std::shared_ptr<const SegmentSet> held = {},
                        std::size_t open_files_max = SegmentSet::kOpenFilesMax);

  // The file of `segment`, open for reading. Shared, because another thread may still be reading
  // from a file that this one pushes out.
  [[nodiscard]] Result<std::shared_ptr<const File>> get(SegmentId segment);
  // From now on files are opened by their names.
  void release_held();
  // Another file has the name of `segment` now.
  void forget(SegmentId segment);

 private:
  [[nodiscard]] Result<std::shared_ptr<const File>> open(SegmentId segment) const;

  struct Entry {
    SegmentId segment;
    std::shared_ptr<const File> file;
  };

  std::shared_ptr<const Directory> directory_;
  std::shared_ptr<const SegmentSet> held_;  // shared with whoever scans them
  std::size_t open_files_max_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<SegmentId, std::list<Entry>::iterator> by_segment_;
};

}  // namespace datawal
