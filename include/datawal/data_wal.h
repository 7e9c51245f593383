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
// read through the page cache.
//
// Thread safety: any number of threads may call any function of one DataWal at the same time, but
// for moving and destroying it. get(), contains_key(), ref_of() and size() take no lock and wait
// for nobody; a get() that begins after a put() has returned finds what that put, or a later one,
// wrote. What walks over the whole store (items(), compact_to(), export_jsonl()) may run beside
// writes too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string_view>

#include "datawal/bytes.h"
#include "datawal/compaction.h"
#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/frame.h"
#include "datawal/record_log.h"

namespace datawal {

// A value that get() gave: owned bytes. Movable.
class Value {
 public:
  Value() = default;
  // Takes `buffer`, of which the value is the `size` bytes from `offset` on.
  Value(std::unique_ptr<std::byte[]> buffer, std::size_t offset, std::size_t size) noexcept
      : buffer_(std::move(buffer)), offset_(offset), size_(size) {}

  // Valid as long as this Value is.
  [[nodiscard]] ByteView bytes() const noexcept { return {buffer_.get() + offset_, size_}; }
  [[nodiscard]] std::string_view text() const noexcept { return as_text(bytes()); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t offset_ = 0;
  std::size_t size_ = 0;
};

// A live key and its value, met by an iteration. The views are valid until it moves on.
struct Item {
  ByteView key;
  ByteView value;
  RecordRef ref = {};
};

struct Removed {
  Txid txid = 0;         // of the tombstone
  bool existed = false;  // whether the key was there before
};

struct CompactionStats {
  std::uint64_t live_keys = 0;
  std::uint64_t records_written = 0;
  std::uint64_t bytes_written = 0;
};

struct ExportStats {
  std::uint64_t records_written = 0;
  std::uint64_t bytes_written = 0;
};

struct ImportStats {
  std::uint64_t records_read = 0;  // lines, each one put
  std::uint64_t bytes_read = 0;
};

enum class Overwrite { kNo, kYes };

class ItemCursorState;

// Walks the live keys in log order. A key that is written during the walk may be missed. Movable.
class DATAWAL_EXPORT ItemCursor {
 public:
  explicit ItemCursor(std::unique_ptr<ItemCursorState> state);
  ItemCursor(ItemCursor&&) noexcept;
  ItemCursor& operator=(ItemCursor&&) noexcept;
  ~ItemCursor();

  // The next live key and its value, or nullopt at the end. Fails as RecordCursor::next does. The
  // store must outlive the cursor and stay where it is (not be moved).
  [[nodiscard]] Result<std::optional<Item>> next();

 private:
  std::unique_ptr<ItemCursorState> state_;
};

class DATAWAL_EXPORT DataWal {
 public:
  // Opens the store in `directory` for writing, as RecordLog::open opens its log. The index comes
  // from the checkpoint that the last close has saved, and the log behind that is read; where there
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
  // Whether get() would find a value, checked as get() does.
  [[nodiscard]] Result<bool> contains_key(ByteView key) const;
  // Where the key's record is, or nullopt.
  [[nodiscard]] Result<std::optional<RecordRef>> ref_of(ByteView key) const;

  // Writes. Durability, visibility and errors are those of RecordLog::append; put() and remove()
  // also fail with kIo where the record that they would replace cannot be read to compare its key,
  // and put() with kExhausted where more than 4 TiB of log are addressed. After an error the store
  // holds what it held before, unless it was the sync of Durability::kEveryWrite that failed: then
  // the record is there, may not outlive a power cut, and the log is poisoned. remove() writes a
  // tombstone even where the key is absent. append() writes a Raw record, which keys and values do
  // not show.
  [[nodiscard]] Result<Txid> put(ByteView key, ByteView value,
                                 std::optional<Durability> durability = {});
  [[nodiscard]] Result<Removed> remove(ByteView key, std::optional<Durability> durability = {});
  [[nodiscard]] Result<Txid> append(ByteView payload, std::optional<Durability> durability = {});

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

  // All live keys with their values, or without (Item::value is then empty), in log order, lazily.
  // Cost: one sequential read of the log.
  [[nodiscard]] ItemCursor items() const;
  [[nodiscard]] ItemCursor keys() const;
  // Calls `visit` for each live key until it returns false. The views are valid during the call.
  [[nodiscard]] Status for_each(const std::function<bool(const Item&)>& visit) const;

  // Writes the live keys as a new store into `target`, which must not exist or be an empty
  // directory (kNotEmpty, kAlreadyExists): one segment, one Put a key, in ascending byte order of
  // the keys, txids from 1. It is built in a temporary directory beside the target, synced and
  // renamed: the target is there whole, or not at all. This store is not changed. Cost: memory for
  // all live keys; one read and one write of every live record.
  [[nodiscard]] Result<CompactionStats> compact_to(const std::filesystem::path& target) const;

  // Rewrites the segments in place without what no read can find any more: see compaction.h. Reads
  // and writes go on meanwhile; a write waits for some microseconds at a time, and once a segment
  // for a rename(2). Begins a new segment if there is garbage in the active one. One compaction
  // runs at a time, others wait. Fails with kReadOnly, kInvalidArgument, kCorruption where a
  // segment is damaged (which then stays as it is, as do all behind it), kNoSpace and kIo. What has
  // been done before a failure is not undone, and needs not be. Cost: one read of the segments that
  // are rewritten and one write of what is kept, two syncs a segment; memory for one segment's live
  // records, 32 bytes each; space on disk for one segment more.
  [[nodiscard]] Result<CompactionReport> compact(const CompactionOptions& options = {});
  // What the bytes of the log are, and so what compact() can gain.
  [[nodiscard]] SpaceUse space_use() const;
  // As RecordLog::stats, with what a store has besides.
  [[nodiscard]] Stats stats() const;

  // Writes the live keys as JSON lines {"key_b64":"...","value_b64":"..."} in ascending byte order
  // of the keys. The file appears whole and synced, or not at all; missing parent directories are
  // made. Fails with kAlreadyExists if the file exists and `overwrite` is kNo. Cost: memory for all
  // live keys.
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
