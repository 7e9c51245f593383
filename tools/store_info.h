// All that `info` tells about a store, gathered without the lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "datawal/datawal.h"
#include "tools/lock_state.h"

namespace datawal::cli {

struct StoreInfo {
  std::string path;
  LockState lock;
  std::vector<std::string> sidecars;    // files beside the segments that are caches or notes
  std::vector<std::string> quarantine;  // bytes that recovery or repair has set aside
  std::uint64_t segments = 0;
  SegmentId first_segment{};
  SegmentId last_segment{};
  std::uint64_t log_size = 0;  // bytes of all segments
  std::uint64_t records = 0;
  Txid first_txid = 0;
  Txid last_txid = 0;
  RecoveryReport recovery = {};  // what reading found; empty where the store is refused
  std::optional<Error> refusal = {};
  // Unknown where the store is refused.
  std::optional<std::uint64_t> live_keys = {};
  std::optional<std::uint64_t> live_size = {};     // bytes of records that still say something
  std::optional<std::uint64_t> garbage_size = {};  // bytes of records that a later one supersedes
};

// Fails only where the store cannot be read at all.
[[nodiscard]] Result<StoreInfo> examine_store(const std::string& store);

// One JSON object on one line, of kind "info".
[[nodiscard]] std::string info_json(const StoreInfo& info);
// The same for a person.
[[nodiscard]] std::string info_text(const StoreInfo& info);

}  // namespace datawal::cli
