// RecordLogReader: reads a log without the writer's lock, beside a live writer in this or another
// process.
//
//   datawal::Result<datawal::RecordLogReader> reader = datawal::RecordLogReader::open("events");
//   datawal::Result<datawal::Follower> follower = reader->follow();
//   while (auto record = follower->next(std::chrono::seconds(1))) { if (*record) use(**record); }
//
// Creates nothing and writes nothing: works on read-only media and on a full disk. Reads by system
// calls only, so that a file cut by another program is an error and not a signal.
//
// Thread safety: a reader's const functions may run at the same time. Cursors and followers belong
// to one thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/record_log.h"

namespace datawal {

class FollowerState;

// Waits for records as they are written, across rotations. Movable.
class DATAWAL_EXPORT Follower {
 public:
  explicit Follower(std::unique_ptr<FollowerState> state);
  Follower(Follower&&) noexcept;
  Follower& operator=(Follower&&) noexcept;
  ~Follower();

  // The next record as soon as it is whole, or nullopt after `timeout` without one; zero does not
  // wait. The views are valid until the next call. A half-written record is waited for. Gives each
  // record once, in the order of the txids, whatever a compaction does meanwhile. Fails with kGap
  // where records that it has not seen yet are, or may be, gone (their segment was removed or
  // compacted, or the log begun anew), with kCorruption, kCrcMismatch or kStructural at damage that
  // no live writer leaves, and with kIo. An error is final: open a new follower. Notices a record
  // within 50 milliseconds at the latest, mostly at once.
  [[nodiscard]] Result<std::optional<ScannedRecord>> next(std::chrono::milliseconds timeout);

  // The txid of the last record it gave, or the one before the first it will give. follow(txid() +
  // 1) resumes.
  [[nodiscard]] Txid txid() const;

 private:
  std::unique_ptr<FollowerState> state_;
};

class ReaderState;

class DATAWAL_EXPORT RecordLogReader {
 public:
  // Takes a snapshot of the names of the segments; an empty directory is fine. Fails with
  // kNotFound, kInvalidArgument if the path is not a directory, kIo. Only Options::filesystem is
  // looked at.
  [[nodiscard]] static Result<RecordLogReader> open(const std::filesystem::path& directory,
                                                    const Options& options = {});

  RecordLogReader(RecordLogReader&&) noexcept;
  RecordLogReader& operator=(RecordLogReader&&) noexcept;
  ~RecordLogReader();

  // Records in order, of the segments that were there at open; bytes appended to them since then
  // are seen. At the end of the last one an unfinished or torn frame ends the scan, and the
  // cursor's report tells which it is. May be called any number of times.
  [[nodiscard]] RecordCursor scan() const;
  [[nodiscard]] RecordCursor scan_from(Position from) const;
  [[nodiscard]] RecordCursor scan_from_txid(Txid txid) const;

  // Follows the log from the record `from` on; 0 is the oldest there is. Fails with kGap if `from`
  // is older than the oldest record, missing, or more than one beyond the newest, or if a
  // compaction comes in between and replaces what cannot be kept: see RecordCursor::next().
  [[nodiscard]] Result<Follower> follow(Txid from = 0) const;
  // Follows the log from its end, as it is at this moment.
  [[nodiscard]] Result<Follower> follow_from_end() const;

  // Ids of the segments, ascending, as they were at open.
  [[nodiscard]] const std::vector<SegmentId>& segments() const;
  [[nodiscard]] const std::filesystem::path& directory() const;

 private:
  explicit RecordLogReader(std::unique_ptr<ReaderState> state);
  std::unique_ptr<ReaderState> state_;
};

}  // namespace datawal
