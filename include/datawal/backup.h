// Copies of a store as a whole: a checkpoint beside it, a backup that grows with it, and the way
// back.
//
//   datawal::Result<datawal::CopyStats> made = datawal::backup("state", "/mnt/state.backup");
//   datawal::Result<datawal::CopyStats> back = datawal::restore("/mnt/state.backup", "state.back");
//
// Every copy is a store of its own, for this library, the command and the Rust crate. It is built
// in a temporary directory beside its target (".datawal-<16 digits>.tmp"), read back, with the CRC
// of every frame that is new there, made durable and renamed: the target is there whole or not at
// all, and what was there before stays until then. After a kill, or an error of the last rename,
// the temporary directory may be left; it can be removed. Sidecars, the lock and quarantine files
// are not copied.
//
// The source is read without its lock, also while its owner writes to it, rotates or compacts; what
// is copied is what a reader would see at one instant: in any case what was appended before the
// call.
//
// Of the options only Options::filesystem is looked at.
//
// Thread safety: free functions without shared state; any thread may call them at any time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/record_log.h"

namespace datawal {

// What a copy consists of.
struct CopyStats {
  std::uint64_t segments_linked = 0;     // further names of the source's files
  std::uint64_t segments_copied = 0;     // written anew
  std::uint64_t segments_unchanged = 0;  // from the backup that was there before
  std::uint64_t bytes_copied = 0;
  std::uint64_t bytes = 0;  // of all segments
  std::uint64_t records = 0;
  Txid last_txid = 0;    // of the last record; 0 if there is none
  TailReport tail = {};  // of the source; what it speaks of is not in the copy
};

// Makes `target`, which must not exist or be an empty directory (kNotEmpty, kAlreadyExists), a copy
// of the store in `source` as RecordLog::checkpoint() does, but for what the caller need not be:
// the source's writer.
//
// Fails with kNotFound, with kCorruption and the other errors of a scan where the source is damaged
// in any place, with kNoSpace and kIo. Cost: one read of the whole log; where segments cannot be
// linked, one write of it as well.
[[nodiscard]] DATAWAL_EXPORT Result<CopyStats> checkpoint(const std::filesystem::path& source,
                                                          const std::filesystem::path& target,
                                                          const Options& options = {});

// Makes `target` a backup of the store in `source`, with files of its own, or brings the backup
// that is there up to date. Then only segments are copied that are new or have changed, and the
// last; the backup changes from its old state to the new one at one instant.
//
// A segment counts as unchanged if its file in the source is the one that it was (device, inode,
// size, time of change), and otherwise if it holds the same frames, for which it is read.
//
// Fails as checkpoint() does, and with the target as it was: with kNotEmpty where the target is
// neither empty nor a backup of this store, has been written to since, or is ahead of the store;
// with kLocked where somebody else writes to it; with kInvalidArgument where the target's
// filesystem cannot exchange two directories. Cost: one read and one write, read back, of what is
// new and of the last segment; a few system calls a segment of what is not.
[[nodiscard]] DATAWAL_EXPORT Result<CopyStats> backup(const std::filesystem::path& source,
                                                      const std::filesystem::path& target,
                                                      const Options& options = {});

struct RestoreOptions {
  // The last record that is to be in the new store; absent: all there are.
  std::optional<Txid> to_txid = {};
};

// Makes `target`, which must not exist or be an empty directory (kNotEmpty, kAlreadyExists), a new
// store with the records of `source` (a backup, a checkpoint or any store) up to and including the
// one that is asked for. The frames are the same, byte for byte, in segments of the same names.
//
// Fails with kGap where the source has no such record, or where not every record up to it is there,
// as after a compaction or a repair: what the store held at that time can then not be told. Fails
// otherwise as checkpoint() does. Cost: two reads and one write of what is restored.
[[nodiscard]] DATAWAL_EXPORT Result<CopyStats> restore(const std::filesystem::path& source,
                                                       const std::filesystem::path& target,
                                                       const RestoreOptions& restore_options = {},
                                                       const Options& options = {});

}  // namespace datawal
