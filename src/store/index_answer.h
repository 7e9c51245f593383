// What a key index is told, and what it answers.
#pragma once

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
  // Whether the key is in the index.
  [[nodiscard]] bool has_entry() const noexcept { return cell_.has_value(); }
  // Calls visit(LogAddress) for them: one, unless the key has several records.
  template <typename Visit>
  void visit_entries(const Visit& visit) const {
    if (cell_) visit(address_of(*cell_));
    for (const IndexCell& cell : others_) visit(address_of(cell));
  }

 private:
  friend class KeyIndex;
  explicit IndexPlace(KeyHash hash) : parts_(hash) {}
  [[nodiscard]] static LogAddress address_of(const IndexCell& cell) noexcept {
    return address_in_slot(cell.slot->load(std::memory_order_relaxed));
  }

  HashParts parts_;
  std::optional<IndexCell> cell_;  // nullopt: there is no entry
  LogAddress latest_{};
  std::vector<IndexCell> others_;
};

}  // namespace datawal
