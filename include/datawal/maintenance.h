// Looking at damaged stores and mending them. Nothing here ever destroys a byte: what is taken out
// of a store is kept beside it, and what is salvaged goes to a new one.
//
//   datawal::Result<datawal::VerifyReport> report = datawal::verify("state");
//   if (report && report->damages.empty()) puts("sound");
//
// Thread safety: free functions without shared state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/record_log.h"

namespace datawal {

// A stretch of a segment that is not intact frames.
struct Damage {
  Position position = {};
  std::uint64_t size = 0;  // bytes up to the next intact frame or the end of the segment
  Error error = {};        // what decoding gave there
  // Nothing acknowledged can have been lost by it: what a crash leaves at the end of the last
  // segment.
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

struct VerifyReport {
  std::uint64_t frames_checked = 0;  // intact frames, also those behind damage
  std::uint64_t bytes_checked = 0;
  std::uint64_t crc_failures = 0;
  std::uint64_t structural_failures = 0;
  std::uint64_t truncations = 0;
  Position last_frame = {};          // of the last intact frame; segment 0 if there is none
  std::vector<Damage> damages = {};  // the first 1,000, in log order
  std::uint64_t damage_count = 0;    // all of them
  std::uint64_t txid_gaps = 0;       // places where a txid does not follow the one before it
  std::optional<Position> first_txid_gap = {};
  TailReport tail = {};
  std::vector<SegmentSummary> segments = {};
  // Set where open() would refuse the store, with the error it would give.
  std::optional<Error> refusal = {};
};

// Reads every byte of the store without the lock and without changing anything, and goes on behind
// damage. Fails only where reading fails (kNotFound, kIo, kNotRegularFile). Cost: one CRC of
// everything.
[[nodiscard]] DATAWAL_EXPORT Result<VerifyReport> verify(const std::filesystem::path& directory,
                                                         const Options& options = {});

enum class Apply { kNo, kYes };

// One segment that repair() has rewritten, or would.
struct RepairAction {
  SegmentId segment{};
  std::uint64_t frames_kept = 0;      // intact frames, before and behind the damage
  std::uint64_t bytes_set_aside = 0;  // bytes that are in no intact frame
  std::string quarantine =
      {};  // the file in the store that has the segment as it was; empty if not applied
};

struct RepairReport {
  std::vector<RepairAction> actions = {};  // empty: nothing to do
  VerifyReport found = {};                 // before the repair
};

// Makes a store that open() refuses, or that has a torn tail, whole again: every damaged segment is
// replaced by its intact frames, in order, and kept as it was under a quarantine name. With
// Apply::kNo only says what would be done, takes no lock and changes nothing. Takes the writer lock
// otherwise (kLocked). Every step leaves a store that a second repair() finishes.
[[nodiscard]] DATAWAL_EXPORT Result<RepairReport> repair(const std::filesystem::path& directory,
                                                         Apply apply, const Options& options = {});

struct SalvageReport {
  std::uint64_t frames_recovered = 0;
  std::uint64_t bytes_recovered = 0;
  std::uint64_t bytes_lost = 0;     // in no intact frame
  std::vector<Damage> losses = {};  // every stretch that was left behind, in log order
};

// Copies every intact frame of `source`, byte for byte, into the new store `target`, segment by
// segment, passing over any damage, and writes what was lost to "loss-report.jsonl" in it. The
// source is read without the lock and not changed; unreadable stretches are losses. The target
// appears whole or not at all (kNotEmpty, kAlreadyExists).
[[nodiscard]] DATAWAL_EXPORT Result<SalvageReport> salvage(const std::filesystem::path& source,
                                                           const std::filesystem::path& target,
                                                           const Options& options = {});

}  // namespace datawal
