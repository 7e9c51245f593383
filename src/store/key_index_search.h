// The searches of a KeyIndex, which its users' matchers are compiled into: the second half of
// key_index.h, which includes it, and nobody else does.
#pragma once

#include <algorithm>
#include <expected>
#include <optional>

#include "store/index_answer.h"
#include "store/index_table.h"

namespace datawal {

template <typename Search>
void KeyIndex::search_until_sure(const HashParts& parts, const Search& search) const {
  for (;;) {
    IndexTable& table = table_of(parts);
    const std::uint64_t version = table.version();
    // The version tells of moves in the table; the directory is asked again because what was sought
    // may have gone to another.
    if (search(table) || (table.is_unchanged_since(version) && &table_of(parts) == &table)) return;
  }
}

template <typename Matches>
IndexAnswer KeyIndex::find(KeyHash hash, const Matches& matches) const {
  if (!pending_.is_empty()) {
    // First here: a put that is taken over meanwhile is in the index by then.
    const std::optional<LogAddress> pending = pending_.find(hash);
    const Match match = pending ? matches(*pending) : Match::kNo;
    if (match == Match::kYes) return pending;
    if (match == Match::kFailed) return std::unexpected(MatchFailed{});
  }
  const HashParts parts(hash);
  std::optional<LogAddress> found;
  bool failed = false;
  bool is_superseded = false;
  const auto look_at = [&](std::uint64_t entry, const IndexCell& cell) {
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
  };
  do {
    is_superseded = false;
    search_until_sure(parts, [&](IndexTable& table) {
      table.prefetch_slots(parts);  // so that they load while the tags do
      visit(table, parts, look_at);
      return found || failed || is_superseded;
    });
  } while (is_superseded);
  if (failed || (!found && is_broken())) return std::unexpected(MatchFailed{});
  return found;
}

template <typename Matches>
std::expected<KeyIndex::Place, MatchFailed> KeyIndex::locate(KeyHash hash, const Matches& matches) {
  Place place(hash);
  keep_for_frozen(place.parts_);
  bool failed = false;
  const auto look_at = [&](std::uint64_t entry, const IndexCell& cell) {
    const LogAddress address = address_in_slot(entry);
    const Match match = matches(address);
    failed = match == Match::kFailed;
    if (match != Match::kYes) return !failed;
    if (!place.cell_) {
      place.cell_ = cell;
      place.latest_ = address;
    } else {
      place.others_.push_back(cell);
      place.latest_ = std::max(place.latest_, address);
    }
    return true;
  };
  IndexTable& table = table_of(place.parts_);
  table.prefetch_slots(place.parts_);
  visit(table, place.parts_, look_at);
  if (failed || is_broken()) return std::unexpected(MatchFailed{});
  return place;
}

template <typename Matches>
IndexAnswer KeyIndex::put(KeyHash hash, LogAddress address, const Matches& matches) {
  const auto place = locate(hash, matches);
  if (!place) return std::unexpected(place.error());
  return put_at(*place, address);
}

template <typename Matches>
IndexAnswer KeyIndex::erase(KeyHash hash, const Matches& matches) {
  const auto place = locate(hash, matches);
  if (!place) return std::unexpected(place.error());
  return erase_at(*place);
}

}  // namespace datawal
