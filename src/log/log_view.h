// A log as it is on disk at one moment: its segments, and what its watermark says about them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "datawal/record_log.h"
#include "file/filesystem.h"
#include "format/watermark_slot.h"
#include "log/segment_set.h"

namespace datawal {

struct LogView {
  // Shared, because cursors outlive the log that made them.
  std::shared_ptr<Directory> directory;
  std::vector<SegmentId> segments = {};  // ascending
  // Their files, where nobody keeps others from replacing them, or where they would be opened again
  // and again. Shared by the copies of a view.
  std::shared_ptr<const SegmentSet> held = {};
  std::optional<Watermark> watermark = {};  // only if it belongs to these segments
  bool same_boot = false;                   // as when the watermark was written

  // The file of one of the segments.
  [[nodiscard]] Result<std::shared_ptr<const File>> open(SegmentId segment) const;
};

// Reads the sidecar, then the names of the segments, and holds the one against the other. A sidecar
// that was left behind by another log is passed over. Fails with kCorruption where a segment that
// was durable is missing, unless `damage` is kLongestPrefix.
[[nodiscard]] Result<LogView> load_log_view(std::shared_ptr<Directory> directory,
                                            const Filesystem& filesystem, DamagePolicy damage);

// The same for who holds the lock. The view has the files of its segments, so that whoever looks at
// them before the log is open need not open them again.
struct LockedLog {
  LogView view;
  std::vector<DirectoryEntry> entries;  // of the directory
};
[[nodiscard]] Result<LockedLog> load_locked_log(std::shared_ptr<Directory> directory,
                                                const Filesystem& filesystem, DamagePolicy damage);
// Gives `view` the files of its segments, if these are not too many to have them all open.
[[nodiscard]] Status hold_segments(LogView& view);

// The same for who holds no lock: another process may compact or rotate the log meanwhile, and go
// on to do so, and the view stays as it is.
[[nodiscard]] Result<LogView> hold_log_view(std::shared_ptr<Directory> directory,
                                            const Filesystem& filesystem, DamagePolicy damage);

// Opens the directory of a store for reading. Fails with kInvalidArgument for an empty path, which
// is more likely a variable that nobody has set than the current directory, with kNotFound, and as
// Filesystem::open_directory does.
[[nodiscard]] Result<std::shared_ptr<Directory>> open_store(const std::filesystem::path& path,
                                                            const Options& options);
// The same, making what is missing.
[[nodiscard]] Result<std::shared_ptr<Directory>> create_store(const std::filesystem::path& path,
                                                              const Options& options);

// options.filesystem, or the operating system.
[[nodiscard]] Filesystem& filesystem_of(const Options& options);

}  // namespace datawal
