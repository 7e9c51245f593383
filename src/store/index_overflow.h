// The entries of the key index for which there is no room in their table, searched one by one:
// those of keys whose hashes are the same in all that the index uses. Chance makes none; somebody
// who knows the secret of the hash can.
//
// Thread safety: as for IndexTable. Entries do not move, and chunks stay until the end.
// Cost: a search looks at every tag word.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "store/index_table.h"

namespace datawal {

class IndexOverflow {
 public:
  IndexOverflow() = default;
  ~IndexOverflow();
  IndexOverflow(const IndexOverflow&) = delete;
  IndexOverflow& operator=(const IndexOverflow&) = delete;

  // As visit_bucket(), for all there is.
  template <typename Visit>
  void visit(const HashParts& parts, const Visit& visit) const {
    for (Chunk* chunk = head_.load(std::memory_order_acquire); chunk != nullptr;
         chunk = chunk->next.load(std::memory_order_acquire)) {
      for (std::size_t bucket = 0; bucket < kChunkBuckets; ++bucket) {
        const std::uint64_t tags = chunk->tags[bucket].load(std::memory_order_acquire);
        if (!visit_bucket(parts, tags, chunk->cell(bucket, 0), visit)) return;
      }
    }
  }

  // Calls visit(Slot&) for every entry. For the thread that may change entries, which may give them
  // other addresses so.
  template <typename Visit>
  void visit_slots(const Visit& visit) const {
    for (Chunk* chunk = head_.load(std::memory_order_acquire); chunk != nullptr;
         chunk = chunk->next.load(std::memory_order_acquire)) {
      for (std::size_t index = 0; index < chunk->slots.size(); ++index) {
        const std::uint64_t tags =
            chunk->tags[index / kBucketSlots].load(std::memory_order_relaxed);
        if ((tags >> index % kBucketSlots * 8 & 0xff) != 0) visit(chunk->slots[index]);
      }
    }
  }

  // Calls visit(slot) for every entry.
  template <typename Visit>
  void visit_all(const Visit& visit) const {
    visit_slots([&](const Slot& slot) { visit(slot.load(std::memory_order_relaxed)); });
  }

  // An entry in an image of the index.
  struct Entry {
    std::uint64_t slot;
    std::uint8_t tag;
  };
  // All entries. For the thread that may change them.
  [[nodiscard]] std::vector<Entry> entries() const;
  // Takes over `entries` into an overflow that is empty.
  void fill(std::span<const Entry> entries);

  // Makes sure that the next insert() allocates nothing.
  void reserve_one();
  [[nodiscard]] bool has_spare() const noexcept { return spare_ != nullptr; }
  void insert(const HashParts& parts, std::uint64_t entry);

  [[nodiscard]] std::size_t memory_size() const noexcept {
    return chunk_count_.load(std::memory_order_relaxed) * sizeof(Chunk);
  }

 private:
  static constexpr std::size_t kChunkBuckets = 8;
  struct Chunk {
    std::array<TagWord, kChunkBuckets> tags{};
    std::array<Slot, kChunkBuckets * kBucketSlots> slots{};
    std::atomic<Chunk*> next{nullptr};

    [[nodiscard]] IndexCell cell(std::size_t bucket, unsigned lane) noexcept {
      return {nullptr, &tags[bucket], &slots[bucket * kBucketSlots + lane], lane};
    }
  };

  std::atomic<Chunk*> head_{nullptr};  // owns all
  std::unique_ptr<Chunk> spare_;
  std::atomic<std::size_t> chunk_count_{0};
};

}  // namespace datawal
