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
#include <vector>

#include "base/try.h"
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

  // Runs `append`, which appends a Put of the key to the log, and makes that the key's. What can
  // fail does so before: with kExhausted, or where an older record of the key cannot be read, or
  // one that puts before this one replace.
  template <typename Append>
  [[nodiscard]] Result<Appended> put(ByteView key, std::size_t value_size, const Append& append) {
    DATAWAL_TRY(records_->check_room());
    const KeyHash hash = hash_of(key);
    // What a large value takes is far more than waiting for memory, but for that of its own record,
    // which nobody has looked at yet: here the key is at hand.
    const bool is_small = value_size <= kPendingSizeMax && PendingPuts::can_hold(hash);
    if (!is_small || !records_->maps_last_segment()) [[unlikely]]
      return put_at_once(key, hash, append);
    if (index().pending().may_hold(hash)) DATAWAL_TRY(settle_other_key(key, hash));
    if (index().pending().is_full()) DATAWAL_TRY(make_pending_room());
    return put_pending(hash, append);
  }
  // The same of a Delete of the key. `existed` says whether the key was there.
  template <typename Append>
  [[nodiscard]] Result<Appended> remove(ByteView key, bool& existed, const Append& append) {
    const KeyHash hash = hash_of(key);
    DATAWAL_TRY(settle_key(hash));
    KeyIndex::Place place(hash);
    DATAWAL_TRY(locate(key, hash, place));
    Result<Appended> appended = append();
    existed = appended && place.has_entry();
    if (appended) note_dead(index().erase_at(place));
    return appended;
  }

  // Takes over the puts that are pending: see PendingPuts. For the thread that may change the
  // index. Fails where a record that they replace cannot be read; then they stay pending.
  [[nodiscard]] Status settle() const;
  // Loads what is still in the image. Fails if that is damaged.
  [[nodiscard]] Status load_all() const;
  [[nodiscard]] bool is_settled() const noexcept { return index().pending().is_empty(); }

  // The same for many records, of which each changes where the next has to look: see IndexBatch.
  // What a write to `key` replaces is known before, by its place; `replaces` is then asked about
  // addresses and must not fail.
  [[nodiscard]] Status locate(ByteView key, KeyHash hash, KeyIndex::Place& place) const;
  [[nodiscard]] bool may_hold(KeyHash hash) const { return index().may_hold(hash); }
  // A Put of a key that is not there. False, with nothing changed, if it may be.
  [[nodiscard]] bool put_new(KeyHash hash, LogAddress address) const {
    index().reserve_one();
    return index().put_new(hash, address);
  }
  template <typename Replaces>
  void change(KeyHash hash, RecordType type, LogAddress address, const Replaces& replaces) {
    if (type == RecordType::kPut) {
      index().reserve_one();
      note_dead(index().put(hash, address, replaces));
    } else {
      note_dead(index().erase(hash, replaces));
    }
  }
  // What many records make of their keys shows at one moment, if that is set in between. `count` is
  // that of the keys; nothing may be pending.
  [[nodiscard]] BatchOverlay& reserve_overlay(std::size_t count) {
    index().overlay().reserve(count, [this] { records_->wait_for_readers(); });
    return index().overlay();
  }
  void show_overlay() noexcept {
    index().pending().open_filter();
    index().overlay().show();
  }
  void withdraw_overlay() noexcept {
    index().overlay().withdraw();
    index().pending().close_filter();
  }
  // Writes in steps, between which there is something else to do while memory is loaded. The last
  // takes over what a record of the log does to a key, and gives whether it has replaced one.
  [[nodiscard]] KeyHash begin_write(ByteView key) const {
    const KeyHash hash = hash_of(key);
    prefetch(hash);
    return hash;
  }
  void continue_write(KeyHash hash) const;
  [[nodiscard]] Result<bool> finish_replay(ByteView key, KeyHash hash, RecordType type,
                                           LogAddress address);

  // What a segment's rewriting asks: the hash of a key, whether a record is the one that a live key
  // has its value from, and the index itself, for those that have been moved.
  [[nodiscard]] KeyHash hash_of(ByteView key) const { return hash_function_(key); }
  void prefetch(KeyHash hash) const { index().prefetch(hash); }
  [[nodiscard]] bool holds(KeyHash hash, LogAddress address) const {
    return index().holds(hash, address);
  }
  [[nodiscard]] KeyIndex& keys() noexcept { return index(); }

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
  static constexpr std::size_t kPendingSizeMax = std::size_t{16} << 10;

  template <typename Append>
  [[nodiscard]] Result<Appended> put_at_once(ByteView key, KeyHash hash, const Append& append) {
    DATAWAL_TRY(settle_key(hash));
    index().reserve_one();
    KeyIndex::Place place(hash);
    DATAWAL_TRY(locate(key, hash, place));
    Result<Appended> appended = append();
    if (!appended) return appended;
    // check_room() has seen to it that there is an address to be had.
    const Result<LogAddress> address = records_->add(appended->ref);
    if (address) note_dead(index().put_at(place, *address));
    return appended;
  }
  // A function of its own, so that what it gives is where the caller wants it from the beginning.
  template <typename Append>
  [[nodiscard]] Result<Appended> put_pending(KeyHash hash, const Append& append) {
    Result<Appended> appended = append();
    if (appended) [[likely]]
      note_pending(hash, appended->ref);
    return appended;
  }
  [[nodiscard]] std::optional<ByteView> key_at(LogAddress address) const;
  // Where a put of another key with this hash is pending, sees to it that none is.
  [[nodiscard]] Status settle_other_key(ByteView key, KeyHash hash) const;
  // A put that is pending need not be taken over any more, once there is a newer one of its key.
  [[nodiscard]] bool replace_pending(PendingPut newer) const;
  void note_pending(KeyHash hash, const RecordRef& ref) {
    const Result<LogAddress> address = records_->add(ref);
    if (!address) return;  // check_room() has seen to it that there is one to be had
    PendingPuts& pending = index().pending();
    if (pending.may_hold(hash) && replace_pending({hash, *address})) [[unlikely]]
      return;
    pending.push({hash, *address});
    if (pending.count() % PendingPuts::kGroup == 0) load_groups();
  }
  void load_groups() const;
  // Sees to it that nothing is pending of the keys with this hash.
  [[nodiscard]] Status settle_key(KeyHash hash) const {
    const PendingPuts& pending = index().pending();
    return pending.may_hold(hash) && pending.find(hash) ? settle() : Status{};
  }
  [[nodiscard]] Status settle_oldest(std::size_t count) const;
  [[nodiscard]] Status make_pending_room() const;
  [[nodiscard]] Status settle_one(const PendingPut& put) const;
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
