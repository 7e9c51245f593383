// The searches of a KeyIndex, which its users' matchers are compiled into: the second half of
// key_index.h, which includes it, and nobody else does.
#pragma once

#include <algorithm>
#include <array>
#include <expected>
#include <optional>

#include "store/by_groups.h"
#include "store/index_answer.h"
#include "store/index_table.h"

namespace datawal {

inline void KeyIndex::prefetch(KeyHash hash) const noexcept {
  const HashParts parts(hash);
  const IndexTable* const table = loaded_table_of(parts);
  if (table == nullptr) return;
  table->prefetch_tags(parts);
  table->prefetch_slots(parts);
}

template <typename Visit>
void KeyIndex::visit_candidates(KeyHash hash, const Visit& visit) const {
  const HashParts parts(hash);
  IndexTable* const table = loaded_table_of(parts);
  if (table == nullptr) return;
  static_cast<void>(table->visit(parts, [&](std::uint64_t slot, const IndexCell&) {
    visit(address_in_slot(slot));
    return true;
  }));
}

// What is compiled into a search is inlined for good: it is run for every look-up, and through
// memory its parts would hand each other more than they do.
template <typename Search>
[[gnu::always_inline]] inline void KeyIndex::search_until_sure(const HashParts& parts,
                                                               const Search& search) const {
  for (;;) {
    IndexTable& table = table_of(parts);
    const std::uint64_t version = table.version();
    // The version tells of moves in the table; the directory is asked again because what was sought
    // may have gone to another.
    if (search(table) || (table.is_unchanged_since(version) && &table_of(parts) == &table)) return;
  }
}

// What a search has come to so far.
struct KeyIndex::Finding {
  std::optional<LogAddress> found;
  bool failed = false;
  bool is_superseded = false;  // the record was moved meanwhile

  template <typename Matches>
  [[gnu::always_inline]] bool look_at(const HashParts& parts, std::uint64_t entry,
                                      const IndexCell& cell, const Matches& matches) {
    // An entry that is being put into a slot just emptied is not there before it has its tag.
    if (!cell.has_tag(parts.tag)) return true;
    const LogAddress address = address_in_slot(entry);
    if (found && address <= *found) return true;  // older, or the same entry as it moves
    const Match match = matches(address);
    if (match == Match::kYes) {
      found = address;
      return true;
    }
    // If the record was moved meanwhile, something else may have been where it was.
    is_superseded = cell.slot->load(std::memory_order_acquire) != entry || !cell.has_tag(parts.tag);
    failed = match == Match::kFailed && !is_superseded;
    return !failed && !is_superseded;
  }
};

// Apart, so that what is searched for in the tables stays in registers.
template <typename Matches>
[[gnu::cold]] KeyIndex::Finding KeyIndex::find_in_overflow(HashParts parts, Finding finding,
                                                           const Matches& matches) const {
  overflow_.visit(parts, [&](std::uint64_t entry, const IndexCell& cell) {
    return finding.look_at(parts, entry, cell, matches);
  });
  return finding;
}

template <typename Matches>
IndexAnswer KeyIndex::find(KeyHash hash, const Matches& matches) const {
  // First here: a put that is taken over meanwhile is in the index by then.
  if (pending_.may_hold(hash)) [[unlikely]] {
    const BatchOverlay::Found batch = overlay_.find(hash);
    if (batch.state == BatchOverlay::State::kDeleted) return std::nullopt;
    const bool is_in_batch = batch.state == BatchOverlay::State::kPut;
    if (const auto pending = is_in_batch ? std::optional(batch.address) : pending_.find(hash)) {
      const Match match = matches(*pending);
      if (match == Match::kYes) return pending;
      if (match == Match::kFailed) return std::unexpected(MatchFailed{});
    }
  }
  const HashParts parts(hash);
  Finding finding;
  do {
    finding.is_superseded = false;
    search_until_sure(parts, [&] [[gnu::always_inline]] (IndexTable & table) {
      table.prefetch_slots(parts);  // so that they load while the tags do
      const auto look_at = [&] [[gnu::always_inline]] (std::uint64_t entry, const IndexCell& cell) {
        return finding.look_at(parts, entry, cell, matches);
      };
      if (table.visit(parts, look_at) && table.overflows()) [[unlikely]]
        finding = find_in_overflow(parts, finding, matches);
      return finding.found || finding.failed || finding.is_superseded;
    });
  } while (finding.is_superseded);
  if (finding.failed || (!finding.found && is_broken())) return std::unexpected(MatchFailed{});
  return finding.found;
}

template <typename Matches>
[[gnu::cold]] bool KeyIndex::locate_in_overflow(Place& place, const Matches& matches) const {
  bool failed = false;
  overflow_.visit(place.parts_, [&](std::uint64_t entry, const IndexCell& cell) {
    failed = !place.look_at(entry, cell, matches);
    return !failed;
  });
  return !failed;
}

template <typename Matches>
bool KeyIndex::locate(Place& place, const Matches& matches) {
  IndexTable& table = table_of(place.parts_);
  keep_for_frozen(table, place.parts_);
  table.prefetch_slots(place.parts_);
  const auto look_at = [&] [[gnu::always_inline]] (std::uint64_t entry, const IndexCell& cell) {
    return place.look_at(entry, cell, matches);
  };
  bool located = table.visit(place.parts_, look_at);
  if (located && table.overflows()) [[unlikely]]
    located = locate_in_overflow(place, matches);
  return located && !is_broken();
}

inline bool KeyIndex::may_hold(IndexTable& table, const HashParts& parts) const {
  const bool is_absent = table.visit(
      parts, [] [[gnu::always_inline]] (std::uint64_t, const IndexCell&) { return false; });
  return !is_absent || table.overflows() || is_broken();
}

inline bool KeyIndex::may_hold(KeyHash hash) const {
  const HashParts parts(hash);
  return may_hold(table_of(parts), parts);
}

inline bool KeyIndex::put_new(KeyHash hash, LogAddress address) {
  const HashParts parts(hash);
  IndexTable& table = table_of(parts);
  if (may_hold(table, parts)) return false;
  keep_for_frozen(table, parts);
  insert(table, parts, parts.slot(address));
  return true;
}

inline void KeyIndex::add_new(KeyHash hash, LogAddress address) {
  const HashParts parts(hash);
  IndexTable& table = table_of(parts);
  keep_for_frozen(table, parts);
  insert(table, parts, parts.slot(address));
}

template <typename Matches>
IndexAnswer KeyIndex::put(KeyHash hash, LogAddress address, const Matches& matches) {
  Place place(hash);
  if (!locate(place, matches)) return std::unexpected(MatchFailed{});
  return put_at(place, address);
}

template <typename Matches>
IndexAnswer KeyIndex::erase(KeyHash hash, const Matches& matches) {
  Place place(hash);
  if (!locate(place, matches)) return std::unexpected(MatchFailed{});
  return erase_at(place);
}

template <typename Targets>
std::uint32_t KeyIndex::replace_in_table(std::uint32_t region, Targets& targets) {
  HashParts parts(KeyHash{});
  parts.region = region;
  IndexTable& table = table_of(parts);
  // Of the slots that have been begun, and not ended.
  std::array<std::uint64_t, kLoadedAtOnce> steps{};
  by_groups(
      IndexTable::kSlotCount,
      [&](std::size_t index) {
        steps[index % kLoadedAtOnce] =
            table.has_entry(index) ? targets.find_place(address_in_slot(table.slot_at(index)))
                                   : Targets::kNone;
      },
      [&](std::size_t index) {
        std::uint64_t& step = steps[index % kLoadedAtOnce];
        if (step != Targets::kNone) step = targets.find_number(step);
      },
      [&](std::size_t index) {
        const std::uint64_t number = steps[index % kLoadedAtOnce];
        if (number == Targets::kNone) return;
        keep_for_frozen(table, parts);
        table.set_address(index, targets.take(number));
      });
  return region + (kRegionCount >> table.depth());
}

template <typename Targets>
void KeyIndex::replace_in_overflow(Targets& targets) {
  overflow_.visit_slots([&](Slot& slot) {
    const std::uint64_t place =
        targets.find_place(address_in_slot(slot.load(std::memory_order_relaxed)));
    const std::uint64_t number = place == Targets::kNone ? place : targets.find_number(place);
    if (number != Targets::kNone) set_address(slot, targets.take(number));
  });
}

}  // namespace datawal
