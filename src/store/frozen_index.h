// A key index as it was at one moment, while the index itself goes on.
//
//   const std::unique_ptr<FrozenIndex> frozen = index.freeze();
//   const IndexAnswer then = frozen->find(hash(key), matches);   // whatever index has now
//
// It begins as a copy of the index's directory and shares the tables. Before the first change of a
// table that is shared, the writer puts a copy of it in its place in every frozen index that shares
// it. So it is the frozen index that changes over to another table, and the searches in the index
// itself never notice.
//
// Which ones share a table is told by numbers: an index that was frozen as the n-th shares the
// tables of a generation below n. A table is made, and lifted when it has been copied, to the
// number of times that the index has been frozen by then. So where nothing is frozen, what the
// writer pays is one comparison.
//
// Thread safety: any thread may search in a FrozenIndex at any time, without a lock. Who finds a
// table changed under its hands has seen a store that came after the copy was put in place; it sees
// the copy therefore, and searches that. freeze() and keep() are for the thread that may change the
// index; a FrozenIndex may be destroyed by any.
//
// Memory: the directory, 72 KiB for each table that has been changed since, shared by all that were
// frozen in between, and 16 bytes for each entry of the overflow, of which only somebody who knows
// the secret of the hash can make many.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "store/index_answer.h"
#include "store/index_directory.h"
#include "store/index_overflow.h"
#include "store/index_table.h"

namespace datawal {

class FrozenIndex;

// Those that there are of one index.
class FrozenIndexes {
 public:
  struct Source {
    const IndexDirectory& directory;
    const IndexOverflow& overflow;
    std::uint64_t size;
    std::uint64_t& generation;
  };
  // Counts up `source.generation`.
  [[nodiscard]] std::unique_ptr<FrozenIndex> freeze(const Source& source);
  // Puts a copy of `table`, the one for `parts`, in its place wherever it is shared, and lifts it
  // to `generation`. Costs 10 microseconds where it is, or 30 where memory has to be got.
  void keep(IndexTable& table, const HashParts& parts, std::uint64_t generation);

 private:
  friend class FrozenIndex;
  void remove(const FrozenIndex& frozen);

  std::mutex mutex_;
  std::vector<FrozenIndex*> all_;
};

class FrozenIndex {
 public:
  FrozenIndex(FrozenIndexes& owner, const FrozenIndexes::Source& source);
  ~FrozenIndex();
  FrozenIndex(const FrozenIndex&) = delete;
  FrozenIndex& operator=(const FrozenIndex&) = delete;

  // As KeyIndex::find.
  template <typename Matches>
  [[nodiscard]] IndexAnswer find(KeyHash hash, const Matches& matches) const {
    std::optional<LogAddress> found;
    bool failed = false;
    visit_candidates(hash, [&](LogAddress address) {
      if (failed || (found && address <= *found)) return;
      const Match match = matches(address);
      failed = match == Match::kFailed;
      if (match == Match::kYes) found = address;
    });
    if (failed) return std::unexpected(MatchFailed{});
    return found;
  }

  // As KeyIndex::prefetch.
  void prefetch(KeyHash hash) const noexcept {
    const HashParts parts(hash);
    const IndexTable& table = directory_.table_of(parts);
    table.prefetch_tags(parts);
    table.prefetch_slots(parts);
  }

  // Calls visit(LogAddress) for what `matches` would be asked about.
  template <typename Visit>
  void visit_candidates(KeyHash hash, const Visit& visit) const {
    const HashParts parts(hash);
    std::array<LogAddress, 2 * kBucketSlots> addresses;
    std::size_t count = 0;
    bool overflows = false;
    const auto table_of = [&]() -> IndexTable& { return directory_.table_of(parts); };
    read_steady(table_of, [&](IndexTable& table) {
      table.prefetch_slots(parts);  // so that they load while the tags do
      count = 0;
      static_cast<void>(table.visit(parts, [&](std::uint64_t slot, const IndexCell&) {
        addresses[count++] = address_in_slot(slot);
        return true;
      }));
      overflows = table.overflows();
    });
    std::for_each_n(addresses.begin(), count, visit);
    if (overflows) visit_overflow(parts, visit);
  }

  // Calls visit(slot) for all entries as slots (see IndexTable), in no order.
  template <typename Visit>
  void visit_slots(const Visit& visit) const {
    const auto words = std::make_unique_for_overwrite<std::uint64_t[]>(IndexTable::kWordCount);
    for (std::size_t table = 0; table < table_count(); ++table) {
      static_cast<void>(copy_table(table, IndexTable::Words(words.get(), IndexTable::kWordCount)));
      for (std::size_t bucket = 0; bucket < kBucketCount; ++bucket) {
        const std::uint64_t* const slots = &words[kBucketCount + bucket * kBucketSlots];
        std::uint64_t lanes = ~lanes_with_tag(words[bucket], 0) & kEveryTag << 7;
        for (; lanes != 0; lanes &= lanes - 1) {
          visit(slots[first_lane(lanes)]);
        }
      }
    }
    for (const IndexOverflow::Entry& entry : overflow_) visit(entry.slot);
  }
  // The same as a list.
  [[nodiscard]] std::vector<std::uint64_t> slots() const;

  // The index taken apart, for who writes an image of it: its tables in the order of their regions,
  // below table_count(), and the overflow.
  struct TableShape {
    unsigned depth;
    bool overflows;
  };
  [[nodiscard]] std::size_t table_count() const noexcept { return table_begins_.size(); }
  [[nodiscard]] TableShape copy_table(std::size_t index, IndexTable::Words words) const;
  [[nodiscard]] const std::vector<IndexOverflow::Entry>& overflow() const noexcept {
    return overflow_;
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // In bytes, without the tables that it shares with the index.
  [[nodiscard]] std::size_t memory_size() const;

 private:
  friend class FrozenIndexes;

  // Reads the table that `table_of` gives until that has not been changed meanwhile, and replaced
  // here therefore.
  template <typename TableOf, typename Read>
  static void read_steady(const TableOf& table_of, const Read& read) {
    const IndexTable* table = nullptr;
    do {
      auto& current = table_of();
      table = &current;
      read(current);
    } while (&table_of() != table);
  }
  template <typename Visit>
  void visit_overflow(const HashParts& parts, const Visit& visit) const {
    for (const IndexOverflow::Entry& entry : overflow_) {
      const bool fits = entry.tag == parts.tag && region_in_slot(entry.slot) == parts.region;
      if (fits) visit(address_in_slot(entry.slot));
    }
  }
  void keep(const HashParts& parts, const std::shared_ptr<IndexTable>& copy);

  FrozenIndexes& owner_;
  const std::uint64_t number_;
  const std::uint64_t size_;
  IndexDirectory directory_;
  std::vector<std::size_t> table_begins_;  // in the directory, the first entry of each table
  std::vector<IndexOverflow::Entry> overflow_;
  // Shared, because a table that has not changed between two that were frozen is copied once.
  std::vector<std::shared_ptr<IndexTable>> copies_;  // guarded by the owner's mutex
};

}  // namespace datawal
