// The index of a store: from the hash of a key to the address of its record. It holds no keys: who
// searches says of a few addresses whether the key is there.
//
//   const auto matches = [&](LogAddress address) { return compare_key_at(address, key); };
//   const IndexAnswer old = index.put(hash(key), address, matches);
//   if (!old) ...                      // a record could not be read; matches knows why
//
// Layout: extendible hashing. A directory leads by the upper bits of the hash's region to tables of
// 8,192 slots (see index_table.h). A table that is 15/16 full, or finds no room, is divided into
// two by the next bit; where the directory has no such bit it is doubled first. Regions are skewed
// so that tables divide at different times (see HashParts), and memory is some 14 bytes for each
// key however many there are, of 100,000 and more; the smallest index is two tables, 144 KiB.
//
// The region's bits in a slot are directory bits, from the top, and comparison bits as far as the
// directory has not used them. They would be used up by 2^22 tables or 3 * 10^10 keys, in 300 GB of
// memory, which 4 TiB of log hold if a record takes less than 140 bytes; beyond, and where hashes
// collide in all bits used, or the directory would grow far beyond the number of tables, entries go
// into an overflow that is searched one by one. No set of keys makes the index wrong, or dividing
// endless: a table of less than half its slots is not divided, and a put divides one at most.
//
// Thread safety: find(), holds(), prefetch(), size() and memory_size() may be called by any thread
// at any time; they take no lock, never wait and write nothing that others read. The other
// functions are for one thread at a time, whoever else searches meanwhile. A key that is in the
// index throughout a call is found by it, and every answer is one that was right at some moment of
// the call; so the record at the address may have been superseded when the caller looks at it.
//
// Memory that searches may still be looking at (old directories) is freed with the index; it is
// less than that of the directory in use, which has 8 bytes for some 3,000 keys.
//
// Cost: a search for an absent key takes two cache misses at once, one for a present key two more
// and the caller's; a put at worst divides a table, some 30 us.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "log/log_addresses.h"
#include "store/index_overflow.h"
#include "store/index_table.h"
#include "store/key_hash.h"

namespace datawal {

// What is at an address: another key, the key that is sought, or nothing that could be read.
enum class Match { kNo, kYes, kFailed };

// The caller's own Match::kFailed, on its way back.
struct MatchFailed {};

// The address of the key's record, or nullopt if the key is absent.
using IndexAnswer = std::expected<std::optional<LogAddress>, MatchFailed>;

class KeyIndex {
 public:
  KeyIndex();
  ~KeyIndex();
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;

  // `matches`, here and below, is called as Match(LogAddress) for the addresses that the hash may
  // stand for: nearly always the one right, or none. After Match::kFailed the call ends and has
  // changed nothing. If several records match, which only damage can bring about, the one with the
  // highest address counts.
  template <typename Matches>
  [[nodiscard]] IndexAnswer find(KeyHash hash, Matches&& matches) const;

  // Makes `address` the key's, and returns the one before. Allocates nothing after reserve_one().
  template <typename Matches>
  [[nodiscard]] IndexAnswer put(KeyHash hash, LogAddress address, Matches&& matches);

  // Removes the key and returns the address that it had.
  template <typename Matches>
  [[nodiscard]] IndexAnswer erase(KeyHash hash, Matches&& matches);

  // Makes `target` the address of the key whose address is `source`; does nothing and returns false
  // if that has changed. For a record that is moved.
  bool replace(KeyHash hash, LogAddress source, LogAddress target) noexcept;

  // Whether `address` is the key's, without asking for the key: whether a record is live.
  [[nodiscard]] bool holds(KeyHash hash, LogAddress address) const noexcept;

  // Begins to load what the other functions will look at: worth it where something else comes
  // first.
  void prefetch(KeyHash hash) const noexcept {
    const HashParts parts(hash);
    const IndexTable& table = table_of(parts);
    table.prefetch_tags(parts);
    table.prefetch_slots(parts);
  }

  // Makes sure that the next put() allocates nothing.
  void reserve_one();

  // Calls visit(LogAddress) for every key, in no order. For the thread that may change entries.
  template <typename Visit>
  void for_each(Visit&& visit) const;

  [[nodiscard]] std::uint64_t size() const noexcept {
    return size_.load(std::memory_order_relaxed);
  }
  // In bytes, everything included.
  [[nodiscard]] std::size_t memory_size() const noexcept;

 private:
  // An array of 2^depth tables: one of depth d stands in 2^(depth - d) entries side by side.
  struct Directory {
    explicit Directory(unsigned directory_depth)
        : depth(directory_depth), tables(std::size_t{1} << directory_depth) {}

    [[nodiscard]] std::size_t index_of(const HashParts& parts) const noexcept {
      return parts.region >> (kRegionBits - depth);
    }

    const unsigned depth;
    std::vector<std::atomic<IndexTable*>> tables;
  };

  // The entries of a key, for the thread that may change them.
  struct Matched {
    std::optional<IndexCell> cell;  // nullopt: there is none
    LogAddress latest{};
    std::vector<IndexCell> others;
    bool failed = false;
  };

  [[nodiscard]] IndexTable& table_of(const HashParts& parts) const noexcept {
    const Directory& directory = *directory_.load(std::memory_order_acquire);
    return *directory.tables[directory.index_of(parts)].load(std::memory_order_acquire);
  }
  // As visit_bucket(), for all places where an entry of `table` may be.
  template <typename Visit>
  bool visit(IndexTable& table, const HashParts& parts, Visit& visit) const {
    return table.visit(parts, visit) && (!table.overflows() || overflow_.visit(parts, visit));
  }
  // Searches until no move of an entry can have got in the way, or `search` says that it need not.
  template <typename Search>
  void search_until_sure(const HashParts& parts, Search&& search) const;
  template <typename Matches>
  [[nodiscard]] Matched match(const HashParts& parts, Matches& matches) const;

  void insert(const HashParts& parts, std::uint64_t entry);
  void erase_cell(const IndexCell& cell) noexcept;
  [[nodiscard]] bool can_divide(const IndexTable& table) const noexcept;
  void divide(IndexTable& table, const HashParts& parts);
  void double_directory() noexcept;
  void count_memory() noexcept;

  std::atomic<Directory*> directory_{nullptr};  // the last of directories_
  std::vector<std::unique_ptr<Directory>> directories_;
  std::vector<std::unique_ptr<IndexTable>> tables_;
  IndexOverflow overflow_;
  std::unique_ptr<IndexTable> spare_table_;
  std::unique_ptr<Directory> spare_directory_;
  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::size_t> memory_size_{0};  // without the overflow
};

template <typename Search>
void KeyIndex::search_until_sure(const HashParts& parts, Search&& search) const {
  for (;;) {
    IndexTable& table = table_of(parts);
    const std::uint64_t version = table.version();
    // The version tells of moves in the table; the directory is asked again because what was sought
    // may have gone to another.
    if (search(table) || (table.is_unchanged_since(version) && &table_of(parts) == &table)) return;
  }
}

template <typename Matches>
IndexAnswer KeyIndex::find(KeyHash hash, Matches&& matches) const {
  const HashParts parts(hash);
  std::optional<LogAddress> found;
  bool failed = false;
  search_until_sure(parts, [&](IndexTable& table) {
    const auto look_at = [&](std::uint64_t entry, const IndexCell& cell) {
      // An entry that is being put into a slot just emptied is not there before it has its tag.
      if (!cell.has_tag(parts.tag)) return true;
      const LogAddress address = address_in_slot(entry);
      if (found && address <= *found) return true;  // older, or the same entry as it moves
      const Match match = matches(address);
      if (match == Match::kYes) found = address;
      failed = match == Match::kFailed;
      return !failed;
    };
    table.prefetch_slots(parts);  // so that they load while the tags do
    visit(table, parts, look_at);
    return found || failed;
  });
  if (failed) return std::unexpected(MatchFailed{});
  return found;
}

template <typename Matches>
KeyIndex::Matched KeyIndex::match(const HashParts& parts, Matches& matches) const {
  Matched matched;
  const auto look_at = [&](std::uint64_t entry, const IndexCell& cell) {
    const LogAddress address = address_in_slot(entry);
    const Match match = matches(address);
    matched.failed = match == Match::kFailed;
    if (match != Match::kYes) return !matched.failed;
    if (!matched.cell) {
      matched.cell = cell;
      matched.latest = address;
    } else {
      matched.others.push_back(cell);
      matched.latest = std::max(matched.latest, address);
    }
    return true;
  };
  IndexTable& table = table_of(parts);
  table.prefetch_slots(parts);
  visit(table, parts, look_at);
  return matched;
}

template <typename Matches>
IndexAnswer KeyIndex::put(KeyHash hash, LogAddress address, Matches&& matches) {
  const HashParts parts(hash);
  const Matched matched = match(parts, matches);
  if (matched.failed) return std::unexpected(MatchFailed{});
  if (!matched.cell) {
    insert(parts, parts.slot(address));
    return std::nullopt;
  }
  matched.cell->slot->store(parts.slot(address), std::memory_order_release);
  for (const IndexCell& cell : matched.others) erase_cell(cell);
  return matched.latest;
}

template <typename Matches>
IndexAnswer KeyIndex::erase(KeyHash hash, Matches&& matches) {
  const HashParts parts(hash);
  const Matched matched = match(parts, matches);
  if (matched.failed) return std::unexpected(MatchFailed{});
  if (!matched.cell) return std::nullopt;
  erase_cell(*matched.cell);
  for (const IndexCell& cell : matched.others) erase_cell(cell);
  return matched.latest;
}

template <typename Visit>
void KeyIndex::for_each(Visit&& visit) const {
  for (const std::unique_ptr<IndexTable>& table : tables_) table->visit_all(visit);
  overflow_.visit_all(visit);
}

}  // namespace datawal
