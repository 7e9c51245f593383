// RecordLog: an append-only log of checksummed records in a directory of segment files, for one
// writer.
//
//   datawal::Result<datawal::RecordLog> log = datawal::RecordLog::open("events");
//   log->append(datawal::as_bytes("something happened"));
//   log->sync();                                  // now it outlives a power cut
//   datawal::RecordCursor cursor = log->scan();
//   while (auto record = cursor.next()) { if (!*record) break; /* use (*record)->payload */ }
//
// Thread safety: any number of threads may call any function of one RecordLog at the same time, but
// for moving and destroying it. The order of txids is the order on disk. A RecordCursor belongs to
// one thread at a time, and may be used while others append.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/frame.h"
#include "datawal/options.h"
#include "datawal/stats.h"
#include "datawal/write_batch.h"

namespace datawal {

// A place in a log: the first byte of a frame, or the end of a segment. Ordered as the log is.
struct Position {
  SegmentId segment{};
  std::uint64_t offset = 0;  // bytes from the start of the segment

  friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

// Where a record is, in 16 bytes.
struct RecordRef {
  SegmentId segment{};
  std::uint32_t size = 0;    // of the frame, in bytes
  std::uint64_t offset = 0;  // of the frame, bytes from the start of the segment

  [[nodiscard]] constexpr Position position() const noexcept { return {segment, offset}; }
  friend constexpr bool operator==(const RecordRef&, const RecordRef&) = default;
};
static_assert(sizeof(RecordRef) == 16);

// A record met by a scan. The views are valid until the cursor moves or is destroyed.
struct ScannedRecord : RecordView {
  RecordRef ref;
};

// What is at the end of the last segment.
enum class TailKind {
  kClean,       // the last frame ends where the file ends
  kUnused,      // zeros: reserved space, no damage
  kIncomplete,  // a frame that is not whole yet: of a live writer, or of one that died
  kDamaged,     // anything else that a crash can leave
};

// The end of the last segment, where it was not clean.
struct TailReport {
  TailKind kind = TailKind::kClean;
  Position position = {};                  // of the first byte that is not part of a valid frame
  std::uint64_t size = 0;                  // bytes from there to the end of the file as found
  std::uint64_t intact_frames_beyond = 0;  // frames behind the position whose checksum holds
  bool cut = false;  // whether the bytes have been cut off; they are in `quarantine`
  std::string quarantine =
      {};  // the name of the file in the store that they were copied to, if any
  std::optional<Error> deferred =
      {};  // why they have not been cut yet; the first append tries again
};

// What opening or scanning a log found.
struct RecoveryReport {
  std::uint32_t files_scanned = 0;
  std::uint64_t records_replayed = 0;
  std::uint32_t tail_truncated = 0;  // segments whose tail was set aside: 0 or 1
  std::uint64_t tail_bytes_discarded =
      0;                                // bytes of that tail, zeros of reserved space not counted
  std::uint32_t mid_stream_errors = 0;  // always 0: such errors end the scan
  std::uint32_t unsupported_versions = 0;  // always 0: such errors end the scan
  Txid last_txid_seen = 0;                 // the highest; 0 if there is no record
  std::uint64_t txid_gaps = 0;             // places where a txid does not follow the one before it
  std::optional<Position> first_txid_gap = {};
  std::optional<Position> durable =
      {};  // up to here the log is known to have been synced, if anything says so
  TailReport tail = {};
};

// What an append gives back.
struct Appended {
  Txid txid = 0;
  RecordRef ref = {};
};

class LogScan;

// Reads records in log order, one at a time, with memory bounded by the largest record. Of a batch
// it gives all or nothing, and not the announcement, which only reports count. Movable. It keeps
// working after its log is closed or gone, on the segments that were there when it was made.
class DATAWAL_EXPORT RecordCursor {
 public:
  explicit RecordCursor(std::unique_ptr<LogScan> scan);
  RecordCursor(RecordCursor&&) noexcept;
  RecordCursor& operator=(RecordCursor&&) noexcept;
  ~RecordCursor();

  // The next record, or nullopt at the end. After an error or the end every further call gives the
  // same. Fails with kCorruption where acknowledged records are damaged or missing, kCrcMismatch,
  // kTruncated, kStructural or kUnsupportedVersion where a record is damaged otherwise, kGap if the
  // scan was to begin behind the end of a segment, kNotFound, kNotRegularFile, kIo. Cost: one read
  // per 256 KiB, one CRC per record. The files of up to 256 segments are kept open. Those of a log
  // with more are kept without a descriptor, by mappings, of which a process has 16,384 at most and
  // none where its address space is limited (RLIMIT_AS) or process_vm_readv is forbidden: if a
  // compaction then replaces a segment before it is read, kGap. A new scan has what there is now.
  [[nodiscard]] Result<std::optional<ScannedRecord>> next();

  // What has been read so far; complete once next() has given nullopt.
  [[nodiscard]] const RecoveryReport& report() const;

  // The position behind the last record that next() gave.
  [[nodiscard]] Position position() const;

 private:
  std::unique_ptr<LogScan> scan_;
};

class SharedLog;
struct CopyStats;  // in datawal/backup.h

class DATAWAL_EXPORT RecordLog {
 public:
  explicit RecordLog(std::unique_ptr<SharedLog> log);
  // Opens the log in `directory` for writing, making both if they are missing (mkdir -p), takes the
  // writer lock, reads every record once, and repairs what a crash can leave at the end: damaged
  // bytes are copied to
  // "<segment>.<offset>.quarantine", synced, and cut off (at the first append, if there is no space
  // for that now). Fails with kLocked, kCorruption (see Options::damage), kStructural,
  // kUnsupportedVersion, kNotRegularFile, kNotFound, kIo. Cost: one sequential read and one CRC of
  // the whole log; memory bounded by the largest record.
  [[nodiscard]] static Result<RecordLog> open(const std::filesystem::path& directory,
                                              const Options& options = {});

  RecordLog(RecordLog&&) noexcept;
  RecordLog& operator=(RecordLog&&) noexcept;
  // Closes as close() does, but cannot say whether that worked.
  ~RecordLog();

  // Appends a Raw record without a key. On return the record outlives the death of this process and
  // is visible to readers; it outlives a power cut as `durability` says, or Options::durability.
  // Fails with kTooLarge (nothing written, the log goes on), kPoisoned, kExhausted, kClosed, and
  // with kNoSpace or kIo: the log is then poisoned, unless it was what has to be done before the
  // first record that failed; that is tried again by the next call. Cost: a copy and a CRC, where
  // space is reserved and files may be mapped; one write(2) for the first 64 KiB after an open and
  // after each sync, for frames above 32 KiB, and elsewhere. The first append after an open also
  // makes durable what was found, two or three syncs.
  [[nodiscard]] Result<Appended> append(ByteView payload,
                                        std::optional<Durability> durability = {});

  // Appends a record of any type; otherwise as append(). Fails with kInvalidArgument for a type
  // that is none, and for a Raw record whose key begins with NUL and "dwal/", which are reserved.
  [[nodiscard]] Result<Appended> append_record(RecordType type, ByteView key, ByteView payload,
                                               std::optional<Durability> durability = {});

  // Appends all records of `batch`, or none: whatever happens meanwhile, readers, and whoever opens
  // the log after a crash, find all of them or nothing. They are in one segment; a batch larger
  // than Options::segment_size_max gets one of its own. An empty one does nothing. Otherwise as
  // append(). Cost: one copy and CRC of all, in one write(2) above 32 KiB.
  [[nodiscard]] Result<AppendedBatch> append_batch(const WriteBatch& batch,
                                                   std::optional<Durability> durability = {});

  // Returns when every record appended so far, and every record found at open, would outlive a
  // power cut. A failure poisons the log, for what the disk then holds cannot be known. Cost: one
  // fdatasync; one more for the directory where a segment is new; nothing where nothing was
  // appended since the last.
  [[nodiscard]] Status sync();

  // Returns when the record `txid` and all before it would outlive a power cut, as sync() makes
  // them. Fails with kInvalidArgument for a txid that no append has given yet, otherwise as sync()
  // does. Cost: nothing if they would already; a sync that others may share.
  [[nodiscard]] Status wait_durable(Txid txid);
  // The same without waiting: calls `done` on a thread of the log's own, with the outcome, once
  // that is known; at the latest when the log is closed. `done` must not call the log's close() or
  // destructor. Fails at once, and does not call, where wait_durable() would fail at once.
  [[nodiscard]] Status when_durable(Txid txid, std::function<void(const Status&)> done);
  // The same with a future.
  [[nodiscard]] std::future<Status> durable_future(Txid txid);

  // Closes the active segment durably and begins the next. Fails with kExhausted after segment
  // 99,999,999 (the log goes on), otherwise as append() does. Appending rotates by itself at
  // Options::segment_size_max. Cost: one fdatasync of the segment, one of the watermark, one sync
  // of the directory.
  [[nodiscard]] Status rotate();

  // Syncs, and makes `target`, which must not exist or be an empty directory (kNotEmpty,
  // kAlreadyExists), a copy of the log in its own right: sealed segments as further names of the
  // same files, or copies where the filesystem has no links or is another one, and the durable part
  // of the active one as a copy. Others may append meanwhile. Whole and durable, or not there; see
  // datawal/backup.h. Fails as sync() does, with kCorruption where a frame is damaged, with
  // kNoSpace and kIo. Cost: a few system calls a segment, one read and one CRC of the whole log.
  [[nodiscard]] Result<CopyStats> checkpoint(const std::filesystem::path& target);

  // Syncs what was appended and releases the lock; every later write, sync and rotation gives
  // kClosed, reading goes on, and closing again does nothing. Fails as sync() does; the lock is
  // released all the same.
  [[nodiscard]] Status close();

  // All records there are now, in order. The cursor does not see records appended later.
  [[nodiscard]] RecordCursor scan() const;
  // The same from a record's position on. `from` must be the position of a frame or the end of a
  // segment, or the scan reports damage there, or kGap behind the end. Where there is no such
  // segment it begins with the next one.
  [[nodiscard]] RecordCursor scan_from(Position from) const;
  // The same from the first record whose txid is at least `txid`. Cost: one small read per segment.
  [[nodiscard]] RecordCursor scan_from_txid(Txid txid) const;

  // What open() found. Changes no more, unless TailReport::deferred is set: then the first append
  // changes it, and must not run at the same time as a look at it.
  [[nodiscard]] const RecoveryReport& recovery_report() const;
  [[nodiscard]] SegmentId active_segment() const;
  // Ids of all segments, ascending; the last is the active one.
  [[nodiscard]] std::vector<SegmentId> segments() const;
  [[nodiscard]] const std::filesystem::path& directory() const;
  // The txid of the newest record, 0 if there is none; and of the newest record known to be
  // durable.
  [[nodiscard]] Txid last_txid() const;
  [[nodiscard]] Txid durable_txid() const;
  // The position behind the newest record.
  [[nodiscard]] Position end() const;
  // After a failed write or sync: everything but reading fails with kPoisoned until the log is
  // reopened.
  [[nodiscard]] bool is_poisoned() const;

  // What this log has done since it was opened, and what it is like: see stats.h. Any thread, also
  // after close(). Cost: some microseconds; writers wait for a part of them, readers never.
  [[nodiscard]] Stats stats() const;

 private:
  std::unique_ptr<SharedLog> log_;
};

}  // namespace datawal
