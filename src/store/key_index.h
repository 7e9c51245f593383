// The index of a store: from the hash of a key to the address of its record. It holds no keys: who
// searches says of a few addresses whether the key is there.
//
//   const auto matches = [&](LogAddress address) { return compare_key_at(address, key); };
//   const IndexAnswer old = index.put(hash(key), address, matches);
//   if (!old) ...                      // a record could not be read; matches knows why
//
// Layout: extendible hashing. A directory leads by the upper bits of the hash's region to tables of
// 8,192 slots (see index_table.h). A table that is 15/16 full, or finds no room, is divided by the
// next bit; where the directory has no such bit it is doubled first. Regions are skewed so that
// tables divide at different times (see HashParts): 13 to 15 bytes a key at any number of keys from
// 50,000 on. The smallest index has 72 KiB, and as much again with what reserve_one() keeps ready.
//
// A slot's region holds directory bits, from the top, and below them what tells keys apart. They
// would be used up by 2^22 tables, 2 * 10^10 keys in 310 GB of memory; 4 TiB of log hold as many if
// a record takes less than 200 bytes. Beyond, and where hashes agree in all bits that are used, or
// where the directory would outgrow the tables, entries go into an overflow that is searched one by
// one. No set of keys makes the index wrong, or dividing endless: a table with less than half its
// slots used is not divided, and one put divides one table at most.
//
// The last few puts may be pending (see pending_puts.h): find() and holds() know them, the other
// functions do not, so whoever calls those has taken over what is pending of the key, and before
// freeze() and for_each() everything.
//
// Thread safety: find(), holds(), prefetch(), visit_candidates(), size(), memory_size(),
// load_all(), is_broken() and fault() may be called by any thread at any time; they take no lock,
// never wait and write nothing that others read, but for loading a table that is still in its
// image, which is done under a lock, once. The other functions are for one thread at a time,
// whoever else searches meanwhile. A key that is in the index throughout a call is found by it, and
// every answer is one that was right at some moment of the call; so the record at the address may
// have been superseded when the caller looks at it.
//
// Memory is given back with the index only: what erased keys leave is used again, and directories
// that searches may still be looking at are together smaller than the one in use.
//
// Cost: a search for an absent key takes two cache misses at once, one for a present key two more
// and the caller's; a put at worst divides a table, some 60 us.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "log/log_addresses.h"
#include "store/batch_overlay.h"
#include "store/frozen_index.h"
#include "store/index_answer.h"
#include "store/index_directory.h"
#include "store/index_overflow.h"
#include "store/index_table.h"
#include "store/key_hash.h"
#include "store/lazy_tables.h"
#include "store/pending_puts.h"

namespace datawal {

class KeyIndex {
 public:
  KeyIndex();
  ~KeyIndex();
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;

  // `matches`, here and below, is called as Match(LogAddress) for the addresses that the hash may
  // stand for: nearly always the one right, or none. After Match::kFailed the call ends and has
  // changed nothing; but where the record has been moved meanwhile, find() looks again. If several
  // records match, which only damage can bring about, the one with the highest address counts.
  template <typename Matches>
  [[nodiscard]] IndexAnswer find(KeyHash hash, const Matches& matches) const;

  // Makes `address` the key's, and returns the one before. Allocates nothing after reserve_one(),
  // unless the key has several records.
  template <typename Matches>
  [[nodiscard]] IndexAnswer put(KeyHash hash, LogAddress address, const Matches& matches);

  // Removes the key and returns the address that it had.
  template <typename Matches>
  [[nodiscard]] IndexAnswer erase(KeyHash hash, const Matches& matches);

  // put() and erase() in two steps, for who may change entries: where a key's entries are, which
  // holds until the next change or freeze(), and then the change, which cannot fail. `place` has
  // been made for the key's hash. False: `matches` has failed.
  using Place = IndexPlace;
  template <typename Matches>
  [[nodiscard]] bool locate(Place& place, const Matches& matches);
  std::optional<LogAddress> put_at(const Place& place, LogAddress address);
  std::optional<LogAddress> erase_at(const Place& place) noexcept;

  // Whether the key may be in the index, told without `matches`. For who may change entries.
  [[nodiscard]] bool may_hold(KeyHash hash) const;
  // As put() of a key that is not there. False, with nothing changed, if it may be.
  [[nodiscard]] bool put_new(KeyHash hash, LogAddress address);
  // The same of a key of which the caller knows that it is not there.
  void add_new(KeyHash hash, LogAddress address);

  // The puts that are still to be made: by put_at() for the oldest, before it is removed there.
  [[nodiscard]] PendingPuts& pending() noexcept { return pending_; }
  [[nodiscard]] const PendingPuts& pending() const noexcept { return pending_; }
  [[nodiscard]] BatchOverlay& overlay() noexcept { return overlay_; }

  // Makes `target` the address of the key whose address is `source`; does nothing and returns false
  // if that has changed. For a record that is moved.
  bool replace(KeyHash hash, LogAddress source, LogAddress target);
  // The same for each key in the table for `region`, and for those that are in no table. From an
  // address to the new one it is three steps, of which the first two begin to load what the next
  // looks at, and give Targets::kNone where there is none: `targets.find_place(source)`, then
  // find_number() of that, then take() of that. Gives the first region that has another table, or
  // else kRegionCount.
  template <typename Targets>
  [[nodiscard]] std::uint32_t replace_in_table(std::uint32_t region, Targets& targets);
  template <typename Targets>
  void replace_in_overflow(Targets& targets);

  // The index as it is now, which stays so whatever changes here; this index must outlive it. For
  // the thread that may change entries. Costs a copy of the directory, some 2 microseconds for a
  // million keys, and of the overflow; and later, once for each table, a copy of the table by the
  // first that changes something in it.
  [[nodiscard]] std::unique_ptr<FrozenIndex> freeze();

  // Whether `address` is the key's, without asking for the key: whether a record is live.
  [[nodiscard]] bool holds(KeyHash hash, LogAddress address) const noexcept;

  // Begins to load what the other functions will look at: worth it where something else comes
  // first.
  void prefetch(KeyHash hash) const noexcept;

  // Calls visit(LogAddress) for what the other functions would ask `matches` about, as far as it is
  // known without waiting: to begin loading that too. For a thread that may not change entries it
  // is a guess.
  template <typename Visit>
  void visit_candidates(KeyHash hash, const Visit& visit) const;

  // Makes sure that the next put() allocates nothing.
  void reserve_one() {
    const bool has_spares = spare_table_ != nullptr && spare_directory_ != nullptr;
    if (!has_spares || !overflow_.has_spare()) [[unlikely]]
      make_spares();
  }

  // Loads what is still in an image, by two threads where that is much. False if that is not what
  // was written: then freeze() and for_each() must not be called, and of the others those that
  // search in a table that could not be loaded give MatchFailed.
  [[nodiscard]] bool load_all() const;
  [[nodiscard]] bool is_broken() const noexcept { return lazy_ != nullptr && lazy_->is_broken(); }
  // In which way the image is damaged, if it is.
  [[nodiscard]] const char* fault() const noexcept { return lazy_ ? lazy_->fault() : nullptr; }

  // Calls visit(IndexedRecord) for every key, in no order. For the thread that may change entries.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    const auto visit_slot = [&](std::uint64_t slot) {
      visit(IndexedRecord{address_in_slot(slot), region_in_slot(slot)});
    };
    for (const std::unique_ptr<IndexTable>& table : tables_) table->visit_all(visit_slot);
    if (lazy_) lazy_->visit_all(visit_slot);
    overflow_.visit_all(visit_slot);
  }

  // Without those that are pending.
  [[nodiscard]] std::uint64_t size() const noexcept {
    return size_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t table_count() const noexcept {
    return tables_.size() + (lazy_ ? lazy_->table_count() : 0);
  }
  // In bytes, everything included.
  [[nodiscard]] std::size_t memory_size() const noexcept;

 private:
  friend class IndexParts;

  // Without any table, which a lazy one brings.
  explicit KeyIndex(std::unique_ptr<IndexDirectory> directory);

  [[nodiscard]] IndexTable* loaded_table_of(const HashParts& parts) const noexcept {
    return directory_.load(std::memory_order_acquire)->find(parts);
  }
  [[nodiscard]] IndexTable& table_of(const HashParts& parts) const {
    IndexTable* const table = loaded_table_of(parts);
    return table != nullptr ? *table : load_table(parts);
  }
  [[nodiscard, gnu::noinline]] IndexTable& load_table(HashParts parts) const;
  // While tables are loaded by whoever needs them, directories are changed by one at a time.
  [[nodiscard]] std::unique_lock<std::mutex> lock_directories() const {
    return lazy_ ? std::unique_lock(lazy_->mutex()) : std::unique_lock<std::mutex>();
  }
  // As visit_bucket(), for all places where an entry of `table` may be.
  template <typename Visit>
  [[gnu::always_inline]] void visit(IndexTable& table, const HashParts& parts,
                                    const Visit& visit) const {
    if (table.visit(parts, visit) && table.overflows()) [[unlikely]]
      overflow_.visit(parts, visit);
  }
  template <typename Matches>
  [[nodiscard]] bool locate_in_overflow(Place& place, const Matches& matches) const;
  struct Finding;
  template <typename Matches>
  [[nodiscard]] Finding find_in_overflow(HashParts parts, Finding finding,
                                         const Matches& matches) const;
  // Searches until no move of an entry can have got in the way, or `search` says that it need not.
  template <typename Search>
  void search_until_sure(const HashParts& parts, const Search& search) const;
  // Must have been called before `table`, the one for `parts`, is changed.
  void keep_for_frozen(IndexTable& table, const HashParts& parts) {
    if (table.generation() != generation_) [[unlikely]]
      frozen_.keep(table, parts, generation_);
  }
  [[nodiscard]] bool may_hold(IndexTable& table, const HashParts& parts) const;
  void insert(IndexTable& table, const HashParts& parts, std::uint64_t entry) {
    if (table.count() >= IndexTable::kComfortableCount || !table.insert(parts, entry)) [[unlikely]]
      insert_crowded(table, parts, entry);
    size_.store(size() + 1, std::memory_order_relaxed);
  }
  void insert_crowded(IndexTable& table, const HashParts& parts, std::uint64_t entry);
  void make_spares();
  void erase_cell(const IndexCell& cell) noexcept;
  [[nodiscard]] bool can_divide(const IndexTable& table) const noexcept;
  void divide(IndexTable& table, const HashParts& parts);
  void count_memory() noexcept;

  PendingPuts pending_;
  BatchOverlay overlay_;  // asked only while the filter of pending_ is open
  std::atomic<IndexDirectory*> directory_{nullptr};  // the last of directories_
  std::vector<std::unique_ptr<IndexDirectory>> directories_;
  std::unique_ptr<LazyTables> lazy_;                 // of the image that the index was loaded from
  std::vector<std::unique_ptr<IndexTable>> tables_;  // the others
  IndexOverflow overflow_;
  std::unique_ptr<IndexTable> spare_table_;
  std::unique_ptr<IndexDirectory> spare_directory_;
  FrozenIndexes frozen_;
  std::uint64_t generation_ = 0;  // how often the index has been frozen
  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::size_t> memory_size_{0};  // without the overflow
};

}  // namespace datawal

#include "store/key_index_search.h"  // IWYU pragma: export
