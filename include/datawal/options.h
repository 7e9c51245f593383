// What opening a log or a store can be told. The defaults are meant to be right.
//
//   DataWal::open("state", {.durability = Durability::kEveryWrite});
#pragma once

#include <chrono>
#include <cstdint>

namespace datawal {

class EventListener;
class Filesystem;

// What open() does about damage that only somebody who knows the data may decide on.
enum class DamagePolicy {
  // Refuse to open where acknowledged records are damaged, or would be set aside together with the
  // damage.
  kRefuse,
  // Go on with the longest valid prefix of the last segment, as a version-1 reader does: everything
  // from the damage on is copied to a quarantine file and cut. Impossible headers, unless they are
  // the beginning of a possible one and then zeros, and damage in any other segment are still
  // refused.
  kLongestPrefix,
};

// When a record that has been appended would outlive a power cut. It outlives the death of the
// process in any case, as soon as the call that appends it returns.
enum class Durability {
  kManual,      // after the next sync(), by whoever calls it
  kEveryWrite,  // when the call that appends it returns; threads that append at the same time share
                // a sync, and those of the last one are waited for, 250 us at most
  kInterval,    // soon: a thread of the log's own syncs at intervals; see Options::interval
};

struct Options {
  // What appending promises where the call itself does not say.
  Durability durability = Durability::kManual;
  // With Durability::kInterval a power cut loses at most what was appended in this time, in
  // milliseconds, and at most so many bytes of frames, above which appending waits for a sync.
  std::chrono::milliseconds interval{100};
  std::uint64_t interval_bytes_max = 16ULL << 20;
  // A segment is closed and the next begun before it would grow beyond this many bytes. A single
  // larger record or batch gets a segment of its own. At most 1 TiB. Beginning the next one syncs
  // all of the one before, so bulk loads are faster with larger segments.
  std::uint64_t segment_size_max = 256ULL << 20;
  DamagePolicy damage = DamagePolicy::kRefuse;
  // Set disk space aside ahead of the active segment's end, as zeros that are cut off when the
  // segment ends or the log is closed. Makes durable appends cheaper, and is what bulk appends are
  // stored to. A version-1 reader refuses a live store, or one whose writer was killed, that has
  // such zeros: turn it off for a store that others read while it is open. Where the filesystem
  // reserves nothing (all but ext4, XFS and tmpfs) it is off by itself.
  bool reserve_space = true;
  // Append through a mapping of the reserved space, and read the records of a DataWal through
  // mappings of their segments: no system call a record. If another program truncates such a file,
  // or the disk cannot read it, this process gets a SIGBUS: turn it off for files that others may
  // truncate.
  bool map_files = true;
  // Where so many bytes were written since the index of a DataWal was last saved, it is saved as
  // "keydir.ckpt" on close, and in the background when a segment is begun and behind compact(), if
  // it is worth it: the next open reads that instead of the log. Sealed segments of at least this
  // size and 1 MiB get hints ("00000001.dwal.hint"), for opening without a saved index.
  std::uint64_t checkpoint_log_size = 1ULL << 20;
  // Compact a DataWal in place, in the background, so that its log takes at most so many times the
  // bytes of the records that it holds (and 32 MiB, and a segment, where that is more). Puts and
  // removals wait for it where they come faster than it can keep up. 0: only DataWal::compact does.
  // From 1.1; the smaller, the more is written.
  double space_amplification_max = 0;
  // Make the directory and its first segment if they are not there; otherwise kNotFound.
  bool create_if_missing = true;
  // Is told of rotations, compactions, quarantines and failures: see event.h. Null: nobody is. Must
  // outlive what is opened with it.
  EventListener* listener = nullptr;
  // What stands for the operating system; null is the real one. Must outlive what is opened with
  // it.
  Filesystem* filesystem = nullptr;
};

}  // namespace datawal
