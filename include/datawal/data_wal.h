// DataWal: a key/value store, bytes to bytes, that is a projection of a RecordLog. The last write
// of a key wins.
//
//   datawal::Result<datawal::DataWal> store = datawal::DataWal::open("state");
//   store->put(datawal::as_bytes("cursor"), datawal::as_bytes("42"));
//   store->sync();                                             // now it outlives a power cut
//   auto value = store->get(datawal::as_bytes("cursor"));      // Result<std::optional<Value>>
//   if (value && *value) use((*value)->text());
//
// Memory: 15 bytes a live key, whatever the key's length; keys and values stay on disk, and are
// read through the page cache. A walk over all keys takes 16 bytes for each 128 KiB of log while it
// lasts, and 8 bytes for each key that lies among records that are dead, or in a file that is not
// mapped. An order of them (Snapshot::range, compact_to, export_jsonl) takes 32 bytes a key, or 56
// where keys begin with the same eight bytes, and the keys themselves where files are not mapped.
//
// Thread safety: any number of threads may call any function of one DataWal at the same time, but
// for moving and destroying it. get() and its like, contains_key() and ref_of() take no lock and
// wait for nobody; a get() that begins after a put() has returned finds what that put, or a later
// one, wrote. size() waits for a write that is going on, at most. What walks over the whole store
// (items(), compact_to(), export_jsonl()) does so on a snapshot: it sees one moment, while others
// write on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/compaction.h"
#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/frame.h"
#include "datawal/history.h"
#include "datawal/item.h"
#include "datawal/record_log.h"
#include "datawal/snapshot.h"
#include "datawal/store_stats.h"
#include "datawal/value.h"
#include "datawal/write_batch.h"

namespace datawal {

struct Removed {
  Txid txid = 0;         // of the tombstone
  bool existed = false;  // whether the key was there before
};

class DATAWAL_EXPORT DataWal {
 public:
  // Opens the store in `directory` for writing, as RecordLog::open opens its log. The index comes
  // from the checkpoint that was saved last, and the log behind that is read; where there
  // is none that fits, all of the log is, once. Cost: 11 ms for a million keys of a checkpoint; 60
  // to 180 ns for each record that is read.
  [[nodiscard]] static Result<DataWal> open(const std::filesystem::path& directory,
                                            const Options& options = {});
  // Opens the store as it is at this moment for reading: takes no lock, creates nothing, works
  // beside a live writer, on read-only media and on a full disk. Writes fail with kReadOnly. Later
  // writes of others are not seen. A torn tail is left alone and reported. Fails with kNotFound
  // where there is no directory.
  [[nodiscard]] static Result<DataWal> open_read_only(const std::filesystem::path& directory,
                                                      const Options& options = {});

  DataWal(DataWal&&) noexcept;
  DataWal& operator=(DataWal&&) noexcept;
  // Closes as close() does, but cannot say whether that worked.
  ~DataWal();

  // The value of `key`, or nullopt. Reads one frame and checks its CRC, type, length and key. Fails
  // with kShortRead, kTruncated, kCrcMismatch, kStructural, kUnsupportedVersion, kLengthMismatch,
  // kNotAPut or kKeyMismatch where the record on disk is not the one that was written, and with
  // kIo. Cost: one hash look-up, one CRC, one allocation; a pread(2) or two where files are not
  // mapped (Options::map_files, open_read_only()). An absent key reads nothing.
  [[nodiscard]] Result<std::optional<Value>> get(ByteView key) const;
  // The same without an allocation: gives the value's size, and copies as much of it as fits into
  // `buffer`. Where the size is more than the buffer has, its rest is missing.
  [[nodiscard]] Result<std::optional<std::size_t>> get_into(ByteView key,
                                                            MutableByteView buffer) const;
  // The same without a copy: the bytes in the log, which stay as long as the PinnedValue does.
  // Worth it for values above a few KiB. Where files are not mapped it costs what get() does.
  [[nodiscard]] Result<std::optional<PinnedValue>> get_view(ByteView key) const;
  // What get() gives for each of `keys`, in their order. Cost: 0.6 times that of as many get(),
  // where the log is larger than the caches of the processor, for their loads run side by side. The
  // keys are looked up one after the other, not at one moment: ask a snapshot() for that.
  [[nodiscard]] std::vector<Result<std::optional<Value>>> multi_get(
      std::span<const ByteView> keys) const;
  // Whether get() would find a value, checked as get() does.
  [[nodiscard]] Result<bool> contains_key(ByteView key) const;
  // Where the key's record is, or nullopt.
  [[nodiscard]] Result<std::optional<RecordRef>> ref_of(ByteView key) const;

  // Writes. Durability, visibility and errors are those of RecordLog::append; put() and remove()
  // also fail with kIo where the record that they, or one of the 64 puts before, would replace
  // cannot be read to compare its key, and put() with kExhausted where more than 4 TiB of log are
  // addressed. After an error the store holds what it held before, unless it was the sync of
  // Durability::kEveryWrite that failed: then the record is there, may not outlive a power cut, and
  // the log is poisoned. remove() writes a tombstone even where the key is absent. append() writes
  // a Raw record, which keys and values do not show.
  [[nodiscard]] Result<Txid> put(ByteView key, ByteView value,
                                 std::optional<Durability> durability = {});
  [[nodiscard]] Result<Removed> remove(ByteView key, std::optional<Durability> durability = {});
  [[nodiscard]] Result<Txid> append(ByteView payload, std::optional<Durability> durability = {});

  // Writes all records of `batch`, or none, and gives the txid of the last, or of the log's last if
  // the batch is empty. As RecordLog::append_batch, and with the errors of put(). Gets of other
  // threads see all of it from one moment on, too.
  [[nodiscard]] Result<Txid> write(const WriteBatch& batch,
                                   std::optional<Durability> durability = {});

  // As RecordLog's functions of these names.
  [[nodiscard]] Status sync();
  [[nodiscard]] Status wait_durable(Txid txid);
  [[nodiscard]] Status when_durable(Txid txid, std::function<void(const Status&)> done);
  [[nodiscard]] std::future<Status> durable_future(Txid txid);
  [[nodiscard]] Status rotate();
  [[nodiscard]] Status close();

  // The number of live keys. No input or output.
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] bool empty() const;

  // The store as it is now, for reading while it is written on. Writers wait for some 2
  // microseconds for a million keys; see Snapshot for what it costs them later.
  [[nodiscard]] Result<Snapshot> snapshot() const;
  // The store as it was right after the record `txid` was written, 0 for before the first. Fails
  // with kInvalidArgument for a txid above the newest, and with kGap where the log no longer has,
  // or never had, every record from txid 1 to there in order, for then nobody knows; otherwise as
  // scan() does. Cost: reads the log up to there, and 15 bytes a key in memory.
  [[nodiscard]] Result<Snapshot> as_of(Txid txid) const;
  // Every put and removal of `key` that the log still has, oldest first. Cost: reads the log.
  [[nodiscard]] VersionCursor history(ByteView key) const;

  // All live keys with their values, or without (Item::value is then empty), in log order, lazily,
  // as they are now: the cursor has a snapshot. Cost: see ItemCursor::next_batch.
  [[nodiscard]] ItemCursor items() const;
  [[nodiscard]] ItemCursor keys() const;
  // Calls `visit` for each live key, in log order, until it returns false. The views are valid
  // during the call.
  [[nodiscard]] Status for_each(const std::function<bool(const Item&)>& visit) const;

  // Writes the live keys as a new store into `target`, which must not exist or be an empty
  // directory (kNotEmpty, kAlreadyExists): one segment, one Put a key, in ascending byte order of
  // the keys, txids from 1. It is built in a temporary directory beside the target, synced and
  // renamed: the target is there whole, or not at all. This store is not changed. Cost: an order
  // of the keys; one read and one write of every live record.
  [[nodiscard]] Result<CompactionStats> compact_to(const std::filesystem::path& target) const;

  // Rewrites the segments in place without what no read can find any more: see compaction.h. Reads
  // and writes go on meanwhile; a write waits for up to 200 microseconds at a time, and once a
  // segment for a rename(2). Begins a new segment if there is garbage in the active one. One
  // compaction runs at a time, others wait. Fails with kReadOnly, kInvalidArgument, kCorruption
  // where a segment is damaged (which then stays as it is, as do all behind it), kNoSpace and kIo.
  // What has been done before a failure is not undone, and needs not be. Cost: one read of the
  // segments that are rewritten and one write of what is kept, two syncs a segment; memory for one
  // segment's live records, 32 bytes each at most; space on disk for one segment more.
  [[nodiscard]] Result<CompactionReport> compact(const CompactionOptions& options = {});
  // What the bytes of the log are, and so what compact() can gain.
  [[nodiscard]] SpaceUse space_use() const;
  // As RecordLog::stats, with what a store has besides.
  [[nodiscard]] Stats stats() const;

  // A copy of the whole store, as RecordLog::checkpoint(). Fails with kReadOnly where the store was
  // opened read-only: use datawal::checkpoint() there.
  [[nodiscard]] Result<CopyStats> checkpoint(const std::filesystem::path& target);

  // Writes the live keys as JSON lines {"key_b64":"...","value_b64":"..."} in ascending byte order
  // of the keys. The file appears whole and synced, or not at all; missing parent directories are
  // made. Fails with kAlreadyExists if the file exists and `overwrite` is kNo. Cost: an order of
  // the keys; one read of every live record.
  [[nodiscard]] Result<ExportStats> export_jsonl(const std::filesystem::path& file,
                                                 Overwrite overwrite = Overwrite::kYes) const;
  // Puts every line of such a file, in order, and syncs. The whole file is checked first: fails
  // with kParse naming the line, or kTooLarge, with the store as it was. A failure to write, or a
  // file that changes meanwhile, can leave the lines before it imported. Cost: two reads of the
  // file.
  [[nodiscard]] Result<ImportStats> import_jsonl(const std::filesystem::path& file);

  // All records of the log, in order, tombstones and Raw records included.
  [[nodiscard]] RecordCursor scan() const;
  // The log beneath, for reading; null if the store was opened read-only.
  [[nodiscard]] const RecordLog* log() const;
  [[nodiscard]] const RecoveryReport& recovery_report() const;
  [[nodiscard]] const std::filesystem::path& directory() const;
  [[nodiscard]] bool is_poisoned() const;

 private:
  class Impl;
  explicit DataWal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace datawal
