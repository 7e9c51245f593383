// The live keys of a store: the key index together with the records that it leads to.
//
// Thread safety: fetch(), fetch_at(), is_live() and size() may be called by any thread at any time.
// The other functions are for one thread at a time, whoever else reads meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "datawal/record_log.h"
#include "store/key_hash.h"
#include "store/key_index.h"
#include "store/store_records.h"

namespace datawal {

class StoreIndex {
 public:
  StoreIndex(std::shared_ptr<const Directory> directory, StoreRecords::Access access,
             const SipHashKey& secret);

  // The index of a checkpoint, in place of the records that it covers.
  StoreIndex(std::shared_ptr<const Directory> directory, StoreRecords::Access access,
             LoadedIndex loaded);

  // A live record: its place, and the frame that is there. Its views are valid as long as its
  // buffer, and the index.
  struct Found {
    Position position;
    FetchedFrame fetched;
  };
  // Reads a key's record, if the key is live. Fails where the record on disk is not the one that
  // was written.
  [[nodiscard]] Result<std::optional<Found>> fetch(ByteView key) const;
  // Reads the record at `address`, which is of `key`; fails likewise.
  [[nodiscard]] Result<FetchedFrame> fetch_at(ByteView key, LogAddress address) const;

  // What a put or a removal is going to change, looked up before the record is appended: then
  // nothing that can fail is left. Fails with kExhausted, and where an older record of the key
  // cannot be read. Holds until the next change.
  [[nodiscard]] Result<KeyIndex::Place> prepare_put(ByteView key);
  [[nodiscard]] Result<KeyIndex::Place> prepare_removal(ByteView key) const;
  void note_put(const KeyIndex::Place& place, const RecordRef& ref);
  void note_removal(const KeyIndex::Place& place);
  // Takes over what a record of the log does to the keys. Fails as those do.
  [[nodiscard]] Status replay(const ScannedRecord& record);
  // The same in steps, between which there is something else to do while memory is loaded: see
  // IndexReplay. Only where the record can be viewed.
  [[nodiscard]] KeyHash begin_replay(ByteView key) const;
  void continue_replay(KeyHash hash) const;
  [[nodiscard]] Status finish_replay(KeyHash hash, RecordType type, LogAddress address);

  // What a segment's rewriting asks: the hash of a key, whether a record is the one that a live key
  // has its value from, and to make it another, whose address cannot fail to be had.
  [[nodiscard]] KeyHash hash_of(ByteView key) const { return hash_(key); }
  void prefetch(KeyHash hash) const { index_->prefetch(hash); }
  [[nodiscard]] bool holds(KeyHash hash, LogAddress address) const {
    return index_->holds(hash, address);
  }
  void move(KeyHash hash, LogAddress source, const RecordRef& target);

  // Whether `record` is the one that a live key has its value from.
  [[nodiscard]] bool is_live(const ScannedRecord& record) const;
  // Whether `entry` can be the one of `key`.
  [[nodiscard]] bool may_be_of(ByteView key, const IndexedRecord& entry) const {
    return entry.may_be_of(hash_(key));
  }
  // All live records, in log order. Cost: 16 bytes a live key, and a sort.
  [[nodiscard]] std::vector<IndexedRecord> live_records() const;

  // Saves the index, which covers the log up to `coverage`, beside the segments. For the thread
  // that may change it.
  [[nodiscard]] Status save(Directory& directory, const IndexCoverage& coverage,
                            const std::vector<SegmentFacts>& segments) const;

  [[nodiscard]] const StoreRecords& records() const { return *records_; }
  [[nodiscard]] StoreRecords& records() { return *records_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return index_->size(); }
  // In bytes; any thread may ask.
  [[nodiscard]] std::size_t memory_size() const noexcept { return index_->memory_size(); }

 private:
  class KeyMatcher;

  [[nodiscard]] Result<KeyIndex::Place> locate(ByteView key, KeyHash hash) const;
  void note_dead(std::optional<LogAddress> address) {
    if (address) records_->note_dead(*address);
  }

  SipHashKey secret_;
  KeyHashFunction hash_;
  std::unique_ptr<KeyIndex> index_;  // neither of the two moves
  std::unique_ptr<StoreRecords> records_;
};

// An error that says that another key's record is where a key's should be.
[[nodiscard]] Error key_mismatch(Position position);

}  // namespace datawal
