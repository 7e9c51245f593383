// The live keys of a store: the key index together with the records that it leads to.
//
// Thread safety: lookup(), what it gives, and size() may be used by any thread at any time. The
// other functions are for one thread at a time, whoever else reads meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "datawal/record_log.h"
#include "store/key_hash.h"
#include "store/key_index.h"
#include "store/key_lookup.h"
#include "store/store_records.h"

namespace datawal {

// The live keys of a store at one moment, with what keeps their records where they are.
struct FrozenStore {
  std::shared_ptr<const KeyIndex> index;  // shares tables with the frozen one
  std::unique_ptr<const FrozenIndex> frozen;
  std::shared_ptr<const StoreRecords> records;
  std::shared_ptr<const void> hold;
  KeyHashFunction hash;
};

// What of an index is saved: as it was at one moment, whatever happens to it meanwhile.
struct SavedIndex {
  std::shared_ptr<const KeyIndex> index;  // shares tables with the frozen one
  std::unique_ptr<const FrozenIndex> frozen;
  std::vector<std::optional<AddressedStretch>> units;
};

class StoreIndex {
 public:
  StoreIndex(std::shared_ptr<const Directory> directory, StoreRecords::Access access,
             const SipHashKey& secret);

  // The index of a checkpoint, in place of the records that it covers.
  StoreIndex(std::shared_ptr<const Directory> directory, StoreRecords::Access access,
             LoadedIndex loaded);

  // For looking up keys.
  [[nodiscard]] const KeyLookup<KeyIndex>& lookup() const { return lookup_; }
  // The keys as they are now. For the thread that may change them.
  [[nodiscard]] FrozenStore freeze() const;

  // What a put or a removal is going to change, looked up before the record is appended: then
  // nothing that can fail is left. Fails with kExhausted, and where an older record of the key
  // cannot be read. Holds until the next change.
  [[nodiscard]] Result<KeyIndex::Place> prepare_put(ByteView key);
  [[nodiscard]] Result<KeyIndex::Place> prepare_removal(ByteView key) const;
  void note_put(const KeyIndex::Place& place, const RecordRef& ref);
  void note_removal(const KeyIndex::Place& place);
  // The same for many records, of which each changes where the next has to look: see IndexBatch.
  // What a write to `key` replaces is known before, by its place; `replaces` is then asked about
  // addresses and must not fail.
  [[nodiscard]] Result<KeyIndex::Place> locate(ByteView key, KeyHash hash) const;
  void begin_change(KeyHash hash) const { index_->prefetch(hash); }
  template <typename Replaces>
  void change(KeyHash hash, RecordType type, LogAddress address, const Replaces& replaces) {
    if (type == RecordType::kPut) {
      index_->reserve_one();
      note_dead(index_->put(hash, address, replaces));
    } else {
      note_dead(index_->erase(hash, replaces));
    }
  }
  // Takes over what a record of the log does to the keys. Fails as those do.
  [[nodiscard]] Status replay(const ScannedRecord& record);
  // The same in steps, between which there is something else to do while memory is loaded: see
  // IndexReplay. Only where the record can be viewed.
  [[nodiscard]] KeyHash begin_replay(ByteView key) const;
  void continue_replay(KeyHash hash) const;
  // Gives whether the record has replaced an older one.
  [[nodiscard]] Result<bool> finish_replay(ByteView key, KeyHash hash, RecordType type,
                                           LogAddress address);

  // What a segment's rewriting asks: the hash of a key, whether a record is the one that a live key
  // has its value from, and to make it another, whose address cannot fail to be had.
  [[nodiscard]] KeyHash hash_of(ByteView key) const { return lookup_.hash_function()(key); }
  void prefetch(KeyHash hash) const { index_->prefetch(hash); }
  [[nodiscard]] bool holds(KeyHash hash, LogAddress address) const {
    return index_->holds(hash, address);
  }
  void move(KeyHash hash, LogAddress source, const RecordRef& target);

  // The index as it is now, for saving it. For the thread that may change it.
  [[nodiscard]] SavedIndex freeze_for_saving() const;
  [[nodiscard]] const SipHashKey& secret() const { return secret_; }

  [[nodiscard]] const StoreRecords& records() const { return *records_; }
  [[nodiscard]] StoreRecords& records() { return *records_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return index_->size(); }
  // In bytes; any thread may ask.
  [[nodiscard]] std::size_t memory_size() const noexcept { return index_->memory_size(); }

 private:
  void note_dead(std::optional<LogAddress> address) {
    if (address) records_->note_dead(*address);
  }
  void note_dead(const IndexAnswer& answer) {
    if (answer) note_dead(*answer);
  }

  SipHashKey secret_;
  // Neither of the two moves. Shared with snapshots, which may outlive the store.
  std::shared_ptr<KeyIndex> index_;
  std::shared_ptr<StoreRecords> records_;
  KeyLookup<KeyIndex> lookup_;
};

}  // namespace datawal
