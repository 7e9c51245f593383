#include "store/index_overflow.h"

namespace datawal {

IndexOverflow::~IndexOverflow() {
  for (Chunk* chunk = head_.load(std::memory_order_relaxed); chunk != nullptr;) {
    const std::unique_ptr<Chunk> owned(chunk);
    chunk = owned->next.load(std::memory_order_relaxed);
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
