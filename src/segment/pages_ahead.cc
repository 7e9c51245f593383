#include "segment/pages_ahead.h"

#include <algorithm>

namespace datawal {

void PagesAhead::begin(FileMapping& mapping, std::uint64_t begin, std::uint64_t end) {
  end_ = end;
  done_end_.store(begin, std::memory_order_relaxed);
  is_stopping_.store(false, std::memory_order_relaxed);
  second_.begin([this, &mapping, begin, end] { prepare(mapping, begin, end); });
}

void PagesAhead::prepare(FileMapping& mapping, std::uint64_t begin, std::uint64_t end) noexcept {
  for (std::uint64_t at = begin; at < end; at += kPiece) {
    if (is_stopping_.load(std::memory_order_relaxed)) return;
    const std::uint64_t size = std::min(kPiece, end - at);
    mapping.prepare(at, size);
    done_end_.store(at + size, std::memory_order_release);
    done_end_.notify_one();
  }
}

void PagesAhead::wait_for(std::uint64_t end) const noexcept {
  const std::uint64_t wanted = std::min(end, end_);
  for (std::uint64_t done = done_end(); done < wanted; done = done_end()) {
    done_end_.wait(done, std::memory_order_acquire);
  }
}

void PagesAhead::stop() noexcept {
  is_stopping_.store(true, std::memory_order_relaxed);
  second_.wait();
  end_ = done_end();
}

}  // namespace datawal
