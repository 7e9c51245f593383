// Looking at damaged stores and mending them. Nothing here ever destroys a byte: what is taken out
// of a store is kept beside it, and what is salvaged goes to a new one.
//
//   datawal::Result<datawal::VerifyReport> report = datawal::verify("state");
//   if (report && report->is_sound()) puts("sound");
//
// Thread safety: free functions without shared state; any thread may call them at any time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/record_log.h"

namespace datawal {

// How many damages a report lists one by one; it counts all of them.
inline constexpr std::size_t kDamagesListedMax = 1'000;

// A stretch of a segment that is not intact frames.
struct Damage {
  Position position = {};
  std::uint64_t size = 0;  // bytes up to the next frame, damaged or not, or the end of the segment
  Error error = {};        // what decoding gave there, or reading
  // Nothing acknowledged can have been lost by it: what a crash leaves at the end of the last
  // segment, or a record that a live writer has not finished yet.
  bool torn_tail = false;
  // Intact frames between this damage and the next, or the end of the segment.
  std::uint64_t intact_frames_beyond = 0;
};

// What is in one segment.
struct SegmentSummary {
  SegmentId id{};
  std::uint64_t size = 0;  // bytes
  std::uint64_t raw_records = 0;
  std::uint64_t put_records = 0;
  std::uint64_t delete_records = 0;
  Txid first_txid = 0;  // 0 if there is no record
  Txid last_txid = 0;
  std::uint64_t damages = 0;
};

// What has come of holding a sidecar that stands for records against these: the saved index, or the
// hint of a segment. None of them is needed: removing one changes nothing but the time of the next
// open.
enum class SidecarState {
  kAgrees,     // says what the log says
  kUnused,     // opening passes it over too: damaged, stale, or of other files
  kUnchecked,  // there was no telling: the log is damaged, or was compacted all the time
  kDisagrees,  // opening believes it, and hides records or brings back what has been removed
};

struct SidecarReport {
  std::string name = {};  // of the file in the store
  SidecarState state = SidecarState::kAgrees;
  std::uint64_t disagreements = 0;  // records and facts that it tells otherwise, or not at all
  // The first of them, with the place in the log, if it has one, and the remedy; or why it is
  // unused or unchecked.
  std::optional<Error> error = {};
};

struct VerifyReport {
  std::uint64_t frames_checked = 0;  // intact frames, also those behind damage
  std::uint64_t bytes_checked = 0;
  std::uint64_t crc_failures = 0;
  std::uint64_t structural_failures = 0;
  std::uint64_t truncations = 0;
  Position last_frame = {};          // of the last intact frame; segment 0 if there is none
  std::vector<Damage> damages = {};  // the first kDamagesListedMax, in log order
  std::uint64_t damage_count = 0;    // all of them
  std::uint64_t txid_gaps = 0;       // places where a txid does not follow the one before it
  std::optional<Position> first_txid_gap = {};
  TailReport tail = {};
  std::vector<SegmentSummary> segments = {};
  // Set where RecordLog::open() with the same options would refuse the store, with the error it
  // would give. That may be without any damage: when records are missing that are known to have
  // been durable.
  std::optional<Error> refusal = {};
  std::vector<SidecarReport> sidecars = {};  // those that there are, the saved index first

  [[nodiscard]] bool is_sound() const noexcept {
    const auto disagrees = [](const SidecarReport& sidecar) {
      return sidecar.state == SidecarState::kDisagrees;
    };
    return damage_count == 0 && !refusal && std::ranges::none_of(sidecars, disagrees);
  }
};

enum class VerifyScope { kLog, kLogAndSidecars };

// Reads every byte of the log without the lock and without changing anything, and goes on behind
// damage. Then, unless `scope` is kLog, holds the saved index, as of the place in the log up to
// which it was saved, and the hints of segments against the log. A writer may be at work beside it.
// Fails only where reading fails (kNotFound, kIo, kNotRegularFile).
//
// Cost: one CRC of everything, and of what is behind damage a few; memory bounded by the largest
// record. Of what a saved index covers two more, a look at each record that another has replaced,
// and memory for two indexes, some 30 bytes a key; of segments with hints one more.
[[nodiscard]] DATAWAL_EXPORT Result<VerifyReport> verify(
    const std::filesystem::path& directory, const Options& options = {},
    VerifyScope scope = VerifyScope::kLogAndSidecars);

enum class Apply { kNo, kYes };

// One segment that repair() has mended, or would.
struct RepairAction {
  SegmentId segment{};
  std::uint64_t offset = 0;           // of the first damage; before it nothing changes
  std::uint64_t frames_kept = 0;      // intact frames, before and behind the damage
  std::uint64_t bytes_set_aside = 0;  // bytes taken out of the segment
  // The file in the store that has the segment's bytes from `offset` on, as they were; empty if not
  // applied.
  std::string quarantine = {};
};

struct RepairReport {
  std::vector<RepairAction> actions = {};
  // Whether the sidecar that says up to where the log is durable goes, because the positions it
  // names move, or the records before them are missing.
  bool drops_watermark = false;
  VerifyReport found = {};  // before the repair

  [[nodiscard]] bool is_needed() const noexcept { return !actions.empty() || drops_watermark; }
};

// Makes a store that open() refuses, or that has a torn tail, whole again. Where open() would cut a
// torn tail, so does this. Any other damaged segment is replaced by its intact frames, before and
// behind the damage, in order; also those of a batch that has become incomplete. Everything from
// the first damage on is kept as it was under a quarantine name.
//
// With Apply::kNo only says what would be done, takes no lock and changes nothing. With Apply::kYes
// takes the writer lock (kLocked). Fails with kUnsupportedVersion where a damaged place turns out
// to be an intact record of a newer format, with kNoSpace before anything has changed, and as
// verify() does. After a failure or a crash at any point every intact record is still there, and
// another repair() finishes the job. What it has done is durable when it returns. Needs free space
// for the segments that it rewrites and twice what is behind the damage.
[[nodiscard]] DATAWAL_EXPORT Result<RepairReport> repair(const std::filesystem::path& directory,
                                                         Apply apply, const Options& options = {});

// Something in a store that salvage() cannot take records from.
struct SalvageFinding {
  std::string name;     // of the file in the source
  std::string message;  // what it is and what can be done with it
};

struct SalvageReport {
  std::uint64_t frames_recovered = 0;
  std::uint64_t bytes_recovered = 0;
  std::uint64_t bytes_lost = 0;     // in no intact frame
  std::vector<Damage> losses = {};  // the first kDamagesListedMax, in log order
  std::uint64_t loss_count = 0;     // all of them
  std::vector<SalvageFinding> findings = {};
};

// Copies every intact frame of `source`, byte for byte, into the new store `target`, segment by
// segment, passing over any damage and a batch at the end that was never finished, and writes what
// was lost to "loss-report.jsonl" in it: one JSON object a line for each loss and finding, and a
// summary at the end. The source is read without the lock and not changed; unreadable stretches are
// losses. The target appears whole and durable or not at all (kNotEmpty, kAlreadyExists). Fails
// with kNotFound if there is nothing of a store in `source`.
[[nodiscard]] DATAWAL_EXPORT Result<SalvageReport> salvage(const std::filesystem::path& source,
                                                           const std::filesystem::path& target,
                                                           const Options& options = {});

}  // namespace datawal
