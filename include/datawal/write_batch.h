// WriteBatch: records that are appended together, all of them or none, whatever happens meanwhile.
//
//   datawal::WriteBatch batch;
//   batch.put(datawal::as_bytes("from"), datawal::as_bytes("60"));
//   batch.put(datawal::as_bytes("to"), datawal::as_bytes("40"));
//   store.write(batch);                       // DataWal; or RecordLog::append_batch
//   batch.clear();                            // and again: its memory is kept
//
// A batch is a list in memory and knows no log. On disk its records are consecutive, in one
// segment, behind an announcement that takes a txid and 59 bytes of its own and is not shown to
// readers. A batch of one record needs no announcement, for a record is whole or not there by
// itself.
//
// Thread safety: a batch belongs to one thread at a time; any number may read one that nobody
// changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/frame.h"

namespace datawal {

// The most records in a batch, and the most bytes of its frames.
inline constexpr std::size_t kBatchRecordsMax = 16'777'216;
inline constexpr std::size_t kBatchSizeMax = 1'073'741'824;

class DATAWAL_EXPORT WriteBatch {
 public:
  // Adds a record; the bytes are copied. Of several on one key the last counts. Fails with
  // kTooLarge where the key, the value or the batch would be above its limit, and the batch is as
  // it was. Cost: a copy.
  [[nodiscard]] Status put(ByteView key, ByteView value);
  [[nodiscard]] Status remove(ByteView key);
  // A Raw record without a key.
  [[nodiscard]] Status append(ByteView payload);
  // A record of any type. Fails with kInvalidArgument, too, for a type that is none, and for a Raw
  // record with a reserved key: see RecordLog::append_record.
  [[nodiscard]] Status append_record(RecordType type, ByteView key, ByteView payload);

  // Takes all records out and keeps the memory.
  void clear() noexcept;

  // The number of records.
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  // The bytes that appending it adds to a segment.
  [[nodiscard]] std::size_t byte_size() const noexcept;

  // The record of this index, below size(), without a txid. Its views are valid until the batch is
  // changed, moved or destroyed.
  [[nodiscard]] RecordView operator[](std::size_t index) const noexcept {
    const Entry& entry = entries_[index];
    const std::byte* const key = as_bytes(bytes_).data() + entry.offset;
    return {.type = entry.type,
            .key = {key, entry.key_size},
            .payload = {key + entry.key_size, entry.payload_size}};
  }
  [[nodiscard]] RecordType type(std::size_t index) const noexcept { return entries_[index].type; }
  // Where that record's frame begins, in bytes behind the begin of the first one's.
  [[nodiscard]] std::size_t frame_offset(std::size_t index) const noexcept {
    return entries_[index].offset + index * kFrameSizeMin;
  }
  // The bytes of all frames, without the announcement.
  [[nodiscard]] std::size_t frames_size() const noexcept {
    return bytes_.size() + size() * kFrameSizeMin;
  }

 private:
  struct Entry {
    std::uint32_t offset;  // of the key in bytes_; the payload is behind it
    std::uint32_t key_size;
    std::uint32_t payload_size;
    RecordType type;
  };
  static_assert(kBatchSizeMax <= UINT32_MAX);

  std::vector<Entry> entries_;
  std::string bytes_;  // can grow without being set to zeros first
};

// What appending a batch gives back.
struct AppendedBatch {
  Txid first_txid = 0;  // of its first record; one above last_txid if it had none
  Txid last_txid = 0;   // of its last record; the log's last if it had none
  SegmentId segment{};
  std::uint64_t offset = 0;  // of the first record's frame, bytes from the start of the segment
};

}  // namespace datawal
