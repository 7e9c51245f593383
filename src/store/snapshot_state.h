// What a Snapshot and its cursors share: the keys of a store at one moment, and their order once
// somebody has asked for it.
//
// Thread safety: any thread may call anything at any time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "datawal/snapshot.h"
#include "file/filesystem.h"
#include "store/key_lookup.h"
#include "store/record_reader.h"
#include "store/sorted_keys.h"
#include "store/store_index.h"

namespace datawal {

class SnapshotState {
 public:
  SnapshotState(FrozenStore store, Txid txid, Filesystem& filesystem)
      : store_(std::move(store)),
        lookup_(*store_.frozen, *store_.records, store_.hash, store_.hold),
        txid_(txid),
        filesystem_(filesystem) {}

  [[nodiscard]] const KeyLookup<FrozenIndex>& lookup() const { return lookup_; }
  [[nodiscard]] const FrozenIndex& index() const { return *store_.frozen; }
  [[nodiscard]] const StoreRecords& records() const { return *store_.records; }
  [[nodiscard]] std::uint64_t size() const { return store_.frozen->size(); }
  [[nodiscard]] Txid txid() const { return txid_; }
  [[nodiscard]] Filesystem& filesystem() const { return filesystem_; }

  // The keys in their order, which the first call builds.
  [[nodiscard]] Result<const SortedKeys*> sorted_keys() const;
  // The record that a slot leads to, checked; valid until `reader` reads the next one. Fails where
  // the record is not the one that was written.
  [[nodiscard]] Result<DecodedFrame> read(std::uint64_t slot, RecordReader& reader) const;
  // The same of an entry in the order.
  [[nodiscard]] Result<DecodedFrame> read(const SortedKeys::Entry& entry,
                                          RecordReader& reader) const;

  // In the log, records lie in another order: how many are under way to the cache at a time.
  static constexpr std::size_t kPrefetchDistance = 8;

 private:
  FrozenStore store_;
  KeyLookup<FrozenIndex> lookup_;
  Txid txid_;
  Filesystem& filesystem_;
  mutable std::mutex sorting_;  // guards what follows; who has seen it set need not ask again
  mutable std::unique_ptr<const SortedKeys> sorted_;
};

}  // namespace datawal
