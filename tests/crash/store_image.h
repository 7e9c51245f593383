// Small stores in several states of their watermark, for damaging them in every way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datawal/record_log.h"
#include "file/simulated_filesystem.h"
#include "support/records.h"

namespace datawal::test {

// What the sidecar of a store says about it.
enum class Sidecar {
  kNone,      // there is none: a store of another implementation
  kCurrent,   // of the last sync, with records behind it; the process was killed
  kRebooted,  // the same, and the machine has been off since
  kStale,     // of an earlier sync
  kClean,     // the store was closed
};
[[nodiscard]] std::string_view name_of(Sidecar sidecar);
inline constexpr Sidecar kAllSidecars[] = {Sidecar::kNone, Sidecar::kCurrent, Sidecar::kRebooted,
                                           Sidecar::kStale, Sidecar::kClean};

inline constexpr std::string_view kImageStore = "/image";

// A store of three segments with Raw, Put and Delete records, the last of which are not synced.
struct StoreImage {
  std::unique_ptr<SimulatedFilesystem> machine;
  Records records = {};
  std::vector<Position> starts = {};  // of the records, and behind the last
  Position durable = {};              // what the sidecar says; the beginning if it says nothing
  std::size_t durable_count = 0;      // records before that
};
[[nodiscard]] StoreImage make_store_image(Sidecar sidecar);

[[nodiscard]] Options options_on(SimulatedFilesystem& machine);
[[nodiscard]] std::string segment_path(std::uint32_t id);

}  // namespace datawal::test
