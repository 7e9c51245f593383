// The index of a store: from a key's fingerprint to the place of its record. It holds no keys. A
// slot has 112 bits of a keyed hash, a hint of the frame's size, and the place: 24 bytes, of which
// at most four in five slots are used. Beside the slots stands an array of one byte each, in which
// a search for an absent key nearly always ends.
//
// Thread safety: const functions may run at the same time; anything else needs the caller's own
// order.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/siphash.h"
#include "datawal/bytes.h"
#include "datawal/record_log.h"

namespace datawal {

// Stands for a key. Two keys with one fingerprint are not to be found by chance, nor on purpose
// without the secret.
struct Fingerprint {
  std::uint64_t low = 0;
  std::uint64_t high = 0;  // 48 bits

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// Fingerprints keys by SipHash-1-3, under a secret of the store's own.
class KeyHasher {
 public:
  using Secret = SipHashKey;

  explicit KeyHasher(const Secret& secret) : secret_(secret) {}

  [[nodiscard]] Fingerprint fingerprint(ByteView key) const noexcept {
    const SipHash128 hash = siphash128<1, 3>(secret_, key);
    return {hash.low, hash.high >> 16};
  }

 private:
  Secret secret_;
};

// Where a record is, and how large: at most this many bytes, a multiple of kFrameSizeUnit, if it is
// not 0.
struct Location {
  Position position = {};
  std::uint32_t frame_size_max = 0;

  friend bool operator==(const Location&, const Location&) = default;
};

class Keydir {
 public:
  // The slot of the key with this fingerprint, or nullopt. Valid until the index changes.
  [[nodiscard]] std::optional<std::size_t> find(const Fingerprint& fingerprint) const noexcept;
  [[nodiscard]] Location location(std::size_t slot) const noexcept;

  // Begins to load what find() and put() will look at: worth it where something else comes first.
  void prefetch(const Fingerprint& fingerprint) const noexcept;

  // Makes sure that the next put() allocates no slots. Cost: now and then the whole table is
  // rebuilt.
  void reserve_one();
  void put(const Fingerprint& fingerprint, const RecordRef& ref);
  void erase(std::size_t slot) noexcept;

  struct Entry {
    Fingerprint fingerprint;
    Location location;
  };
  // All entries in the order of their positions. Cost: a copy of the index, and a sort.
  [[nodiscard]] std::vector<Entry> entries() const;

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  // A stretch of a segment that 37 bits can address. Segments of other writers may have several.
  struct Window {
    SegmentId segment;
    std::uint64_t base;
  };

  struct Slot {
    std::uint64_t fingerprint_low = 0;
    std::uint64_t fingerprint_high_and_size = 0;  // 48 bits above 16 bits of size in kFrameSizeUnit
    std::uint64_t place = 0;  // 0: empty; else window above 37 bits of offset, plus 1

    [[nodiscard]] Fingerprint fingerprint() const noexcept {
      return {fingerprint_low, fingerprint_high_and_size >> 16};
    }
  };
  static_assert(sizeof(Slot) == 24);

  [[nodiscard]] std::size_t home(const Fingerprint& fingerprint) const noexcept {
    return fingerprint.low & mask_;
  }
  void set(std::size_t at, const Slot& slot) noexcept;
  void set_tag(std::size_t at, std::uint8_t tag) noexcept;
  [[nodiscard]] Slot make_slot(const Fingerprint& fingerprint, const RecordRef& ref);
  [[nodiscard]] std::uint64_t window_of(Position position);
  void place_slot(const Slot& slot) noexcept;

  std::vector<Slot> slots_;
  std::vector<std::uint8_t>
      tags_;  // of the slots, then of the first few again: a group may reach over the end
  std::size_t mask_ = 0;
  std::uint64_t size_ = 0;
  std::vector<Window> windows_;
};

}  // namespace datawal
