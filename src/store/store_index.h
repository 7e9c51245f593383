// The live keys of a store: the key index together with the records that it leads to.
//
// Thread safety: lookup(), what it gives, and size() may be used by any thread at any time. The
// other functions are for one thread at a time, whoever else reads meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
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

// How a put is going to reach the index: at once, where its key's entry is, or a little later.
using PreparedPut = std::variant<KeyIndex::Place, KeyHash>;

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

  StoreIndex(StoreIndex&& other) noexcept
      : secret_(other.secret_),
        hash_function_(other.hash_function_),
        records_(std::move(other.records_)),
        versions_(std::move(other.versions_)),
        current_(other.current_.load(std::memory_order_relaxed)) {}

  // For looking up keys.
  [[nodiscard]] const KeyLookup<KeyIndex>& lookup() const { return current().lookup; }

  // Whether the image that the index was loaded from has turned out to be damaged: then what needs
  // the damaged part fails with kCorruption, until the index has been built anew.
  [[nodiscard]] bool is_broken() const noexcept { return index().is_broken(); }
  // Builds it from what `replay` gives, which is all there is in the log. For the thread that may
  // change the index; others may search meanwhile.
  [[nodiscard]] Status rebuild(const std::function<Status(StoreIndex&)>& replay);
  // The keys as they are now. For the thread that may change them. Fails as settle() does.
  [[nodiscard]] Result<FrozenStore> freeze() const;

  // What a put or a removal is going to change, looked up before the record is appended: then
  // nothing that can fail is left. Fails with kExhausted, and where an older record of the key
  // cannot be read, or one that puts before this one replace. Holds until the next change.
  [[nodiscard]] Result<PreparedPut> prepare_put(ByteView key);
  [[nodiscard]] Result<KeyIndex::Place> prepare_removal(ByteView key) const;
  void note_put(const PreparedPut& prepared, const RecordRef& ref);
  void note_removal(const KeyIndex::Place& place);

  // Takes over the puts that are pending: see PendingPuts. For the thread that may change the
  // index. Fails where a record that they replace cannot be read; then they stay pending.
  [[nodiscard]] Status settle() const;
  // Loads what is still in the image. Fails if that is damaged.
  [[nodiscard]] Status load_all() const;
  [[nodiscard]] bool is_settled() const noexcept { return index().pending().is_empty(); }

  // The same for many records, of which each changes where the next has to look: see IndexBatch.
  // What a write to `key` replaces is known before, by its place; `replaces` is then asked about
  // addresses and must not fail.
  [[nodiscard]] Result<KeyIndex::Place> locate(ByteView key, KeyHash hash) const;
  template <typename Replaces>
  void change(KeyHash hash, RecordType type, LogAddress address, const Replaces& replaces) {
    if (type == RecordType::kPut) {
      index().reserve_one();
      note_dead(index().put(hash, address, replaces));
    } else {
      note_dead(index().erase(hash, replaces));
    }
  }
  // Takes over what a record of the log does to the keys. Fails as those do.
  [[nodiscard]] Status replay(const ScannedRecord& record);
  // The same in steps, between which there is something else to do while memory is loaded: see
  // IndexReplay. Only where the record can be viewed.
  [[nodiscard]] KeyHash begin_write(ByteView key) const {
    const KeyHash hash = hash_of(key);
    prefetch(hash);
    return hash;
  }
  void continue_write(KeyHash hash) const;
  // Gives whether the record has replaced an older one.
  [[nodiscard]] Result<bool> finish_replay(ByteView key, KeyHash hash, RecordType type,
                                           LogAddress address);

  // What a segment's rewriting asks: the hash of a key, whether a record is the one that a live key
  // has its value from, and to make it another, whose address cannot fail to be had.
  [[nodiscard]] KeyHash hash_of(ByteView key) const { return hash_function_(key); }
  void prefetch(KeyHash hash) const { index().prefetch(hash); }
  [[nodiscard]] bool holds(KeyHash hash, LogAddress address) const {
    return index().holds(hash, address);
  }
  void move(KeyHash hash, LogAddress source, const RecordRef& target);

  // The index as it is now, for saving it. For the thread that may change it.
  [[nodiscard]] Result<SavedIndex> freeze_for_saving() const;
  [[nodiscard]] const SipHashKey& secret() const { return secret_; }

  [[nodiscard]] const StoreRecords& records() const { return *records_; }
  [[nodiscard]] StoreRecords& records() { return *records_; }
  // Without the puts that are pending.
  [[nodiscard]] std::uint64_t size() const noexcept { return index().size(); }
  // In bytes; any thread may ask.
  [[nodiscard]] std::size_t memory_size() const noexcept { return index().memory_size(); }

 private:
  [[nodiscard]] Status settle_key(KeyHash hash) const;
  [[nodiscard]] Status settle_oldest() const;
  [[nodiscard]] Status put_at_address(LogAddress address, ByteView key, KeyHash hash) const;
  void note_dead(std::optional<LogAddress> address) const {
    if (address) records_->note_dead(*address);
  }
  void note_dead(const IndexAnswer& answer) const {
    if (answer) note_dead(*answer);
  }

  // An index, and what looks up keys in it. Neither moves.
  struct Version {
    Version(std::shared_ptr<KeyIndex> its_index, const StoreRecords& records,
            const KeyHashFunction& hash_function)
        : index(std::move(its_index)), lookup(*index, records, hash_function) {}

    std::shared_ptr<KeyIndex> index;  // shared with snapshots, which may outlive the store
    KeyLookup<KeyIndex> lookup;
  };

  // Of another index of the same records, without keys.
  explicit StoreIndex(const StoreIndex& other, std::shared_ptr<KeyIndex> index);
  [[nodiscard]] const Version& current() const noexcept {
    return *current_.load(std::memory_order_acquire);
  }
  [[nodiscard]] KeyIndex& index() const noexcept { return *current().index; }
  void add_version(std::shared_ptr<KeyIndex> index);
  [[nodiscard]] Error broken() const;

  SipHashKey secret_;
  KeyHashFunction hash_function_;
  std::shared_ptr<StoreRecords> records_;  // shared with snapshots
  // The last is in use. The others stay, because somebody may still be searching in them.
  std::vector<std::unique_ptr<const Version>> versions_;
  std::atomic<const Version*> current_{nullptr};
};

}  // namespace datawal
