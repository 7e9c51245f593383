// The live keys of a store: the keydir together with the files that the keys and values are in.
//
// Thread safety: const functions may run at the same time; anything else needs the caller's own
// order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "datawal/record_log.h"
#include "file/filesystem.h"
#include "log/frame_fetch.h"
#include "log/segment_files.h"
#include "store/keydir.h"

namespace datawal {

class StoreIndex {
 public:
  StoreIndex(std::shared_ptr<const Directory> directory, const KeyHasher::Secret& secret);

  // A key's slot in the keydir.
  struct Match {
    std::size_t slot = 0;
    Location location = {};
  };

  [[nodiscard]] std::uint64_t hash(ByteView key) const noexcept { return hasher_.hash(key); }

  // Finds a key by its hash and the key in the frame. Fails where that frame is damaged.
  [[nodiscard]] Result<std::optional<Match>> locate(ByteView key, std::uint64_t hash) const;
  // Reads a key's whole frame, checked.
  [[nodiscard]] Result<std::optional<FetchedFrame>> fetch(ByteView key, Position* position) const;
  // Reads the live record at `ref`, which is of `key`, checked.
  [[nodiscard]] Result<FetchedFrame> fetch_at(ByteView key, const RecordRef& ref) const;

  // Makes sure that note_put() cannot fail.
  void reserve_one() { keydir_.reserve_one(); }
  void note_put(std::uint64_t hash, const std::optional<Match>& previous, const RecordRef& ref);
  void note_removal(const Match& previous) noexcept { keydir_.erase(previous.slot); }

  // Takes over what a record of the log does to the keys.
  [[nodiscard]] Status replay(const ScannedRecord& record);
  // Whether `record` is the one that a live key has its value from.
  [[nodiscard]] bool is_live(const ScannedRecord& record) const noexcept;

  [[nodiscard]] std::uint64_t size() const noexcept { return keydir_.size(); }

 private:
  [[nodiscard]] Result<bool> holds_key(Location location, ByteView key, std::uint64_t hash) const;

  KeyHasher hasher_;
  Keydir keydir_;
  std::unique_ptr<SegmentFiles> files_;  // holds a mutex, which does not move
};

}  // namespace datawal
