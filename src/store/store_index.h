// The live keys of a store: the keydir together with the files that the keys and values are in.
//
// Thread safety: const functions may run at the same time; anything else needs the caller's own
// order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "datawal/record_log.h"
#include "file/filesystem.h"
#include "log/frame_fetch.h"
#include "log/segment_files.h"
#include "store/keydir.h"

namespace datawal {

class StoreIndex {
 public:
  StoreIndex(std::shared_ptr<const Directory> directory, const KeyHasher::Secret& secret);

  // A live record: its place, and the frame that is there.
  struct Found {
    Position position;
    FetchedFrame fetched;
  };
  // Reads a key's record, if the key is live. Fails where the record on disk is not the one that
  // was written.
  [[nodiscard]] Result<std::optional<Found>> fetch(ByteView key) const;
  // Reads the record at `location`, which is of `key`; fails likewise.
  [[nodiscard]] Result<FetchedFrame> fetch_at(ByteView key, Location location) const;

  // Makes sure that note_put() for this key cannot fail for want of slots, and will be quick.
  [[nodiscard]] Fingerprint prepare_put(ByteView key);
  void note_put(const Fingerprint& fingerprint, const RecordRef& ref) {
    keydir_.put(fingerprint, ref);
  }
  // Whether the key was live.
  bool note_removal(ByteView key) noexcept;
  // Takes over what a record of the log does to the keys.
  void replay(const ScannedRecord& record);

  // Whether `record` is the one that a live key has its value from.
  [[nodiscard]] bool is_live(const ScannedRecord& record) const noexcept;
  // Whether `key` is the one that `entry` stands for.
  [[nodiscard]] bool is_key_of(const Keydir::Entry& entry, ByteView key) const noexcept {
    return hasher_.fingerprint(key) == entry.fingerprint;
  }
  [[nodiscard]] std::vector<Keydir::Entry> entries() const { return keydir_.entries(); }
  [[nodiscard]] std::uint64_t size() const noexcept { return keydir_.size(); }
  [[nodiscard]] SegmentFiles& files() const { return *files_; }

 private:
  KeyHasher hasher_;
  Keydir keydir_;
  std::unique_ptr<SegmentFiles> files_;  // holds a mutex, which does not move
};

// An error that says that another key's record is where a key's should be.
[[nodiscard]] Error key_mismatch(Position position);

}  // namespace datawal
