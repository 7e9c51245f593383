#include "store/index_overflow.h"

#include <algorithm>

namespace datawal {

IndexOverflow::~IndexOverflow() {
  for (Chunk* chunk = head_.load(std::memory_order_relaxed); chunk != nullptr;) {
    const std::unique_ptr<Chunk> owned(chunk);
    chunk = owned->next.load(std::memory_order_relaxed);
  }
}

std::vector<IndexOverflow::Entry> IndexOverflow::entries() const {
  std::vector<Entry> entries;
  for (const Chunk* chunk = head_.load(std::memory_order_acquire); chunk != nullptr;
       chunk = chunk->next.load(std::memory_order_acquire)) {
    for (std::size_t index = 0; index < chunk->slots.size(); ++index) {
      const std::uint64_t tags = chunk->tags[index / kBucketSlots].load(std::memory_order_relaxed);
      const auto tag = static_cast<std::uint8_t>(tags >> index % kBucketSlots * 8);
      if (tag == 0) continue;
      entries.push_back({chunk->slots[index].load(std::memory_order_relaxed), tag});
    }
  }
  return entries;
}

// insert() would look at all chunks for each entry.
void IndexOverflow::fill(std::span<const Entry> entries) {
  std::atomic<Chunk*>* next = &head_;
  while (!entries.empty()) {
    auto chunk = std::make_unique<Chunk>();
    const std::size_t count = std::min(entries.size(), chunk->slots.size());
    for (std::size_t index = 0; index < count; ++index) {
      const auto lane = static_cast<unsigned>(index % kBucketSlots);
      chunk->cell(index / kBucketSlots, lane).set(entries[index].tag, entries[index].slot);
    }
    entries = entries.subspan(count);
    std::atomic<Chunk*>* const behind = &chunk->next;
    next->store(chunk.release(), std::memory_order_release);
    next = behind;
    chunk_count_.fetch_add(1, std::memory_order_relaxed);
  }
}

void IndexOverflow::reserve_one() {
  if (spare_ != nullptr) return;
  spare_ = std::make_unique<Chunk>();
  chunk_count_.fetch_add(1, std::memory_order_relaxed);
}

void IndexOverflow::insert(const HashParts& parts, std::uint64_t entry) {
  std::atomic<Chunk*>* next = &head_;
  while (Chunk* chunk = next->load(std::memory_order_relaxed)) {
    for (std::size_t bucket = 0; bucket < kChunkBuckets; ++bucket) {
      const std::uint64_t tags = chunk->tags[bucket].load(std::memory_order_relaxed);
      const std::uint64_t empty = lanes_with_tag(tags, 0);
      if (empty != 0) return chunk->cell(bucket, first_lane(empty)).set(parts.tag, entry);
    }
    next = &chunk->next;
  }
  reserve_one();
  spare_->cell(0, 0).set(parts.tag, entry);
  next->store(spare_.release(), std::memory_order_release);
}

}  // namespace datawal
