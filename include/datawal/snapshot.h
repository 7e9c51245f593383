// Snapshot: a store as it was at one moment, for reading while others go on writing.
//
//   datawal::Result<datawal::Snapshot> snapshot = store.snapshot();
//   auto value = snapshot->get(datawal::as_bytes("cursor"));
//   auto users = snapshot->prefix(datawal::as_bytes("user:"));       // Result<OrderedCursor>
//   while (auto item = users->next()) { if (!*item) break; /* use (*item)->key and ->value */ }
//
// It is of one txid: everything up to it, nothing behind. There may be any number, and they may
// outlive the store.
//
// Thread safety: any number of threads may call any function of one Snapshot at the same time, but
// for moving and destroying it. Cursors belong to one thread at a time, and may outlive the
// snapshot.
//
// Memory: the pause that writers make for one is some 2 microseconds for a million keys. Then each
// part of the index, 72 KiB for some 5,400 keys, is copied when it is first changed (10 to 30
// microseconds): at most the 15 bytes a key of the index once more, given back with the snapshot.
// It keeps on disk, and in the address space, what it can lead to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/frame.h"
#include "datawal/item.h"
#include "datawal/store_stats.h"
#include "datawal/value.h"

namespace datawal {

// The keys from `begin` on, in ascending byte order, up to `end`, which is not among them; all from
// `begin` on if there is none.
struct KeyRange {
  ByteView begin = {};
  std::optional<ByteView> end = {};
};

class OrderedCursorState;

// Walks over a range of keys in their byte order, forwards and backwards. It stands between two
// keys: at first before the first of its range. Movable.
class DATAWAL_EXPORT OrderedCursor {
 public:
  explicit OrderedCursor(std::unique_ptr<OrderedCursorState> state);
  OrderedCursor(OrderedCursor&&) noexcept;
  OrderedCursor& operator=(OrderedCursor&&) noexcept;
  ~OrderedCursor();

  // The key behind the cursor, or before it, which then moves past that key; nullopt, and the
  // cursor stays, at the end of the range. The views are valid until the cursor moves. Fails as
  // DataWal::get does; the cursor then stays, and no record is passed over. Cost: as a get.
  [[nodiscard]] Result<std::optional<Item>> next();
  [[nodiscard]] Result<std::optional<Item>> prev();

  // Moves before the first key that is not less than `key`: next() gives that one, prev() the last
  // that is less. Stays in the range. Fails where a key that it has to compare cannot be read.
  // Cost: a binary search, which looks at records only among keys with the same first eight bytes.
  [[nodiscard]] Status seek(ByteView key);
  void seek_to_begin();
  void seek_to_end();

 private:
  std::unique_ptr<OrderedCursorState> state_;
};

class SnapshotState;

class DATAWAL_EXPORT Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const SnapshotState> state);
  Snapshot(Snapshot&&) noexcept;
  Snapshot& operator=(Snapshot&&) noexcept;
  ~Snapshot();

  // As the functions of these names of DataWal.
  [[nodiscard]] Result<std::optional<Value>> get(ByteView key) const;
  [[nodiscard]] Result<std::optional<std::size_t>> get_into(ByteView key,
                                                            MutableByteView buffer) const;
  [[nodiscard]] Result<std::optional<PinnedValue>> get_view(ByteView key) const;
  [[nodiscard]] std::vector<Result<std::optional<Value>>> multi_get(
      std::span<const ByteView> keys) const;
  [[nodiscard]] Result<bool> contains_key(ByteView key) const;
  [[nodiscard]] Result<std::optional<RecordRef>> ref_of(ByteView key) const;

  // The number of keys. No input or output.
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] bool empty() const;
  // The txid of the newest record that it knows of, 0 if there was none.
  [[nodiscard]] Txid txid() const;

  // All keys with their values, or without (Item::value is then empty), in log order.
  [[nodiscard]] ItemCursor items() const;
  [[nodiscard]] ItemCursor keys() const;

  // The keys in a range, or all that begin with `prefix`, in byte order. The first call builds an
  // order of all keys, which others wait for and which stays as long as the snapshot: some 80 ns
  // and 16 bytes a key, and while it is built 16 more, or 40 and the keys themselves where many
  // begin with the same eight bytes. Fails where a key cannot be read; the next call then tries
  // again. The views need not outlive the call.
  [[nodiscard]] Result<OrderedCursor> range(const KeyRange& range) const;
  [[nodiscard]] Result<OrderedCursor> prefix(ByteView prefix) const;

  // As DataWal's functions of these names, of this moment. They build the same order.
  [[nodiscard]] Result<CompactionStats> compact_to(const std::filesystem::path& target) const;
  [[nodiscard]] Result<ExportStats> export_jsonl(const std::filesystem::path& file,
                                                 Overwrite overwrite = Overwrite::kYes) const;

 private:
  std::shared_ptr<const SnapshotState> state_;  // shared with its cursors
};

}  // namespace datawal
