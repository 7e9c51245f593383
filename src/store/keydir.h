// The index of a store: from the hash of a key to the place of its record. It holds no keys:
// whoever looks a key up compares it in the frame. A slot has 48 bits of the hash, a hint of the
// frame's size, and the place.
//
// Thread safety: const functions may run at the same time; anything else needs the caller's own
// order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/record_log.h"

namespace datawal {

// Hashes keys with a secret of the store's own, so that nobody can choose keys that collide.
class KeyHasher {
 public:
  static constexpr std::size_t kSecretSize = 192;
  using Secret = std::array<std::byte, kSecretSize>;

  explicit KeyHasher(const Secret& secret) : secret_(secret) {}

  // 48 bits.
  [[nodiscard]] std::uint64_t hash(ByteView key) const noexcept;

 private:
  Secret secret_;
};

// Where a record is, and about how large: at most this many bytes, if it is not 0.
struct Location {
  Position position = {};
  std::uint32_t frame_size_max = 0;

  friend bool operator==(const Location&, const Location&) = default;
};

class Keydir {
 public:
  // Walks the slots whose hash is that of the key looked for: mostly none or one.
  class Probe {
   public:
    // The next of them, or nullopt.
    [[nodiscard]] std::optional<Location> next() noexcept;
    // The slot that next() gave last; for replace() and erase(), before the index changes
    // otherwise.
    [[nodiscard]] std::size_t slot() const noexcept { return slot_; }

   private:
    friend class Keydir;
    Probe(const Keydir& keydir, std::uint64_t hash) noexcept;
    const Keydir* keydir_;
    std::uint64_t hash_;
    std::size_t slot_;
    bool begun_ = false;
  };

  [[nodiscard]] Probe find(std::uint64_t hash) const noexcept { return Probe(*this, hash); }
  // Whether a slot with this hash has this position.
  [[nodiscard]] bool contains(std::uint64_t hash, Position position) const noexcept;

  // Makes sure that the next insert() allocates nothing. Cost: now and then the whole table is
  // rebuilt.
  void reserve_one();
  void insert(std::uint64_t hash, const RecordRef& ref);
  void replace(std::size_t slot, const RecordRef& ref);
  void erase(std::size_t slot) noexcept;

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  // A stretch of a segment that 40 bits can address. Segments of other writers may have several.
  struct Window {
    SegmentId segment;
    std::uint64_t base;
  };

  struct Slot {
    std::uint64_t hash_and_size =
        0;                    // 48 bits of hash above 16 bits of frame size in units of kSizeUnit
    std::uint64_t place = 0;  // 0: empty; else window above 40 bits of offset, plus 1
  };
  static_assert(sizeof(Slot) == 16);

  [[nodiscard]] std::size_t home(std::uint64_t hash) const noexcept { return hash & mask_; }
  [[nodiscard]] Slot make_slot(std::uint64_t hash, const RecordRef& ref);
  [[nodiscard]] std::uint64_t window_of(Position position);
  [[nodiscard]] Location location(const Slot& slot) const noexcept;
  void place_slot(const Slot& slot) noexcept;

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::uint64_t size_ = 0;
  std::vector<Window> windows_;
};

}  // namespace datawal
