// Copies a log to an empty directory, segment by segment, beside whoever writes to it or compacts
// it meanwhile, in this or another process.
//
// The log is what it was at one instant, without a lock: it is looked at (see SegmentSet), its
// segments are taken, and it is looked at once more. If every name still leads to the file that it
// led to, and that was taken, what has been taken is the log of that instant: a compaction replaces
// one file, or removes one, by each of its steps, and the state of the log is the same after each.
// What has begun since lies behind. If not, what has changed is taken anew.
//
// So that the order of the instants holds, the last segment is opened with the others and read
// afterwards: a compaction drops a record only for the sake of a later one that is durable, which
// is then in what is read. A sealed segment is linked only after the names in the source have been
// synced: with the name of the next one lost by a power cut, it would be the one that is written
// to.
//
// Thread safety: one thread.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "datawal/backup.h"
#include "file/filesystem.h"
#include "format/backup_manifest.h"
#include "log/segment_contents.h"
#include "log/segment_set.h"

namespace datawal {

enum class CopyMode {
  kLink,  // sealed segments become further names of the same files, where that is possible
  kCopy,
};

class LogCopy {
 public:
  // Both directories must outlive this.
  LogCopy(Directory& source, Directory& target, CopyMode mode)
      : source_(source), target_(target), mode_(mode) {}

  // Sealed segments that are in `earlier`, a former copy of the log with this manifest, and have
  // not changed since, are linked from there. To be called first.
  void reuse(const Directory& earlier, const BackupManifest& manifest);
  // Leaves out what lies behind this segment, which counts as the last. To be called first.
  void end_with(SegmentId last) { limit_ = last; }

  // Takes all segments but the last, and opens that. With CopyMode::kLink this is a few system
  // calls a segment, unless links are not to be had. A lock that keeps compaction from its next
  // step may be held meanwhile, so that no second attempt is needed; it is not needed for anything
  // else. Fails with kNotFound where there is no segment.
  // `instant` are the segments of one moment, of who has a way to tell; without them, or where they
  // have been replaced since, it looks for another moment itself.
  [[nodiscard]] Status take_sealed(std::shared_ptr<const SegmentSet> instant = {});
  [[nodiscard]] SegmentId last() const { return last_->id; }
  [[nodiscard]] const File& last_file() const { return *last_->file; }
  // Whether the name of the last segment still leads to the file that was opened.
  [[nodiscard]] Result<bool> is_last_current() const;
  // Copies the first `size` bytes of the last segment, or links what reuse() has been given, if
  // that holds the same.
  [[nodiscard]] Status take_last(std::uint64_t size);
  // The same up to the record with this txid, or the last before it.
  [[nodiscard]] Status take_last_up_to(Txid txid);
  // Makes the last segment, which is the one that is written to, a file of its own.
  [[nodiscard]] Status own_last();

  // Reads back, and checks, every frame of what has been taken, but for what was linked from an
  // earlier copy. Fails with kCorruption.
  [[nodiscard]] Status verify();
  // Whether the copy is what the manifest given to reuse() says, after verify().
  [[nodiscard]] bool is_unchanged() const;

  enum class Presence { kAbsent, kPresent, kAnother };
  // Whether a frame with this txid and checksum is in the copy, or only others with that txid.
  // Where it is not the last of a segment that was linked from an earlier copy, it is not found
  // there.
  [[nodiscard]] Result<Presence> look_for(Txid txid, std::uint32_t frame_crc) const;

  // Of what has been verified.
  [[nodiscard]] BackupManifest manifest() const;
  [[nodiscard]] CopyStats stats() const;
  // Whether it is the log as it was after `txid`: the last that it has, behind 1, 2, 3 ... of which
  // those that are missing were dropped by a compaction that had seen no more than that.
  [[nodiscard]] bool is_history_of(Txid txid) const;
  // Writes and syncs the watermark of a log that was closed here. None for a log without a record,
  // which has nothing to know it by.
  [[nodiscard]] Status write_watermark(const Filesystem& filesystem);

 private:
  enum class Origin { kLinked, kCopied, kEarlier };
  struct Segment {
    Origin origin = Origin::kCopied;
    std::uint64_t size = 0;
    std::optional<FileIdentity> source = {};
    std::optional<SegmentReading> reading = {};
  };
  struct LastSegment {
    SegmentId id{};
    std::unique_ptr<File> file;
    std::optional<FileIdentity> identity;
  };

  [[nodiscard]] Result<std::vector<SegmentId>> within_limit(const SegmentSet& instant) const;
  [[nodiscard]] Result<bool> is_settled(const SegmentSet& instant,
                                        const std::vector<SegmentId>& ids) const;
  [[nodiscard]] Status take(const std::vector<SegmentId>& ids);
  [[nodiscard]] Status take_segment(SegmentId id);
  [[nodiscard]] Status open_last(SegmentId id);
  [[nodiscard]] Status copy_last(std::uint64_t size);
  [[nodiscard]] Status drop(SegmentId id);
  [[nodiscard]] Result<bool> link(SegmentId id, File& file, Segment& segment);
  [[nodiscard]] Result<bool> link_earlier(SegmentId id, const File& file, Segment& segment);
  [[nodiscard]] Result<Presence> look_in(SegmentId id, Txid txid, std::uint32_t frame_crc) const;
  [[nodiscard]] Status verify_segment(SegmentId id, Segment& segment) const;
  [[nodiscard]] Error error_in(SegmentId id, Error error) const;

  Directory& source_;
  Directory& target_;
  CopyMode mode_;
  std::optional<SegmentId> limit_;
  const Directory* earlier_ = nullptr;
  std::map<SegmentId, BackupSegment> earlier_segments_;
  std::map<SegmentId, Segment> segments_;  // what is in the target
  std::optional<LastSegment> last_;
};

}  // namespace datawal
