// Pages of a mapping that another thread prepares while its owner stores into those before.
//
// To prepare a page is to write the zeros that are there: see FileMapping::prepare. So what has
// been begun belongs to that thread until it is done with it, and whoever wants to append there
// asks first.
//
// Thread safety: for one thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "file/filesystem.h"
#include "file/second_thread.h"

namespace datawal {

class PagesAhead {
 public:
  // Begins to prepare [begin, end) of `mapping`, which must outlive it. Nothing may be under way.
  void begin(FileMapping& mapping, std::uint64_t begin, std::uint64_t end);

  // Behind what has been begun, and behind what of that is done.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  [[nodiscard]] std::uint64_t done_end() const noexcept {
    return done_end_.load(std::memory_order_acquire);
  }
  [[nodiscard]] bool is_under_way() const noexcept { return done_end() < end_; }

  // Returns when what has been begun is done up to `end`, or all of it.
  void wait_for(std::uint64_t end) const noexcept;
  // Leaves out what nobody has begun with yet, and returns when nothing is under way.
  void stop() noexcept;

 private:
  // Small enough that nobody waits long for one: not who appends there, nor who needs the process's
  // memory map meanwhile.
  static constexpr std::uint64_t kPiece = std::uint64_t{256} << 10;

  void prepare(FileMapping& mapping, std::uint64_t begin, std::uint64_t end) noexcept;

  std::uint64_t end_ = 0;
  std::atomic<std::uint64_t> done_end_ = 0;
  std::atomic<bool> is_stopping_ = false;
  SecondThread second_;  // last, so that it ends first
};

}  // namespace datawal
