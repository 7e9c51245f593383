// What a key index is told, and what it answers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "log/log_addresses.h"
#include "store/index_table.h"
#include "store/key_hash.h"

namespace datawal {

// What is at an address: another key, the key that is sought, or nothing that could be read.
enum class Match { kNo, kYes, kFailed };

// The caller's own Match::kFailed, on its way back.
struct MatchFailed {};

// The address of the key's record, or nullopt if the key is absent.
using IndexAnswer = std::expected<std::optional<LogAddress>, MatchFailed>;

// An entry by itself: where a record is, and what the index remembers of its key.
struct IndexedRecord {
  LogAddress address;
  std::uint32_t region;
};

class KeyIndex;

// Where the entries of a key are, for the one thread that changes entries.
class IndexPlace {
 public:
  // To be filled by KeyIndex::locate().
  explicit IndexPlace(KeyHash hash) : parts_(hash) {}
  IndexPlace(const IndexPlace&) = delete;
  IndexPlace& operator=(const IndexPlace&) = delete;
  ~IndexPlace() = default;

  // Whether the key is in the index.
  [[nodiscard]] bool has_entry() const noexcept { return cell_.slot != nullptr; }
  // Calls visit(LogAddress) for them: one, unless the key has several records.
  template <typename Visit>
  void visit_entries(const Visit& visit) const {
    if (has_entry()) visit(address_of(cell_));
    for (const IndexCell& cell : others_) visit(address_of(cell));
  }

 private:
  friend class KeyIndex;
  // Asks `matches` about an entry, and takes it over if it is the key's. False: that has failed.
  template <typename Matches>
  [[gnu::always_inline]] bool look_at(std::uint64_t entry, const IndexCell& cell,
                                      const Matches& matches) {
    const LogAddress address = address_in_slot(entry);
    const Match match = matches(address);
    if (match != Match::kYes) return match != Match::kFailed;
    if (!has_entry()) [[likely]] {
      cell_ = cell;
      latest_ = address;
    } else {
      others_.push_back(cell);
      latest_ = std::max(latest_, address);
    }
    return true;
  }
  [[nodiscard]] static LogAddress address_of(const IndexCell& cell) noexcept {
    return address_in_slot(cell.slot->load(std::memory_order_relaxed));
  }

  HashParts parts_;
  IndexCell cell_ = {};  // without a slot: there is no entry
  LogAddress latest_{};
  std::vector<IndexCell> others_;
};

}  // namespace datawal
